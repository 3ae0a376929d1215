import { expect } from 'vitest'
import { Programs } from '../program.ts'
import type { Cases } from './database.ts'

/** The worker of an order is killed, and the order comes again, to another worker; and so does a second order, twice. */
const isDoneOnce = (file: string) => async (url: string) => {
  await using programs = new Programs('queues', { POSTGRES_URL: url, LATER_MS: '500', WORK_MS: '1' })
  const killed = programs.start(`${file} order-1`, { WORK_MS: '600000', LEASE_MS: '3000' })
  await killed.until(/^invoice order-1, attempt 1$/)
  killed.kill('SIGKILL')
  await killed.ended

  const other = programs.start(`${file} order-1 order-2 order-2`)
  await other.until(/^invoice order-1, attempt 2$/)
  await other.until(/^ended order-2$/, 2)
  if (file === 'queues/pg-boss.ts') expect(await programs.commandsOf('queues-on-postgresql')).toEqual([0, 0])
  other.kill('SIGTERM')
  expect(await other.ended).toBe(0)
  expect(
    other
      .matches(/^invoice/)
      .map(({ input }) => input)
      .toSorted(),
  ).toEqual(['invoice order-1, attempt 2', 'invoice order-2, attempt 1'])
}

export const QUEUE_CASES: Cases = {
  'do the work of an order once (pg-boss)': isDoneOnce('queues/pg-boss.ts'),
  'do the work of an order once (graphile-worker)': isDoneOnce('queues/graphile-worker.ts'),
  'do the work of an order once (Agenda)': isDoneOnce('queues/agenda.ts'),
}
