import type { BeginOutcome, ExecutionContext } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { clients } from '../src/connect.ts'
import { openHoldfast } from '../src/open-server.ts'

/** Enough jobs that they share commands. */
const MANY = Array.from({ length: 40 }, (_, i) => `${i}`)

describe.each(clients)('a server that refuses many jobs of one tick, over %s', (client) => {
  const open = async () => {
    const { node, holdfast } = await openHoldfast(client)
    return { node, idempotency: holdfast.idempotency }
  }
  const codes = (outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] => [
    ...new Set(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'settled'))),
  ]

  it('out of memory: no job starts, and all running jobs continue and are recorded', async () => {
    const { node, idempotency } = await open()
    const begun = await Promise.all(MANY.map((key) => idempotency.begin('job', key).then(started)))
    await node.ask('CONFIG', 'SET', 'maxmemory', 1)
    const refused = await Promise.allSettled(MANY.map((key) => idempotency.begin('more', key)))
    expect(codes(refused)).toEqual(['STORAGE_REFUSED'])
    // Writes that keep the lease are accepted: no renewal is refused.
    await Promise.all(begun.map((execution, i) => execution.saveCheckpoint(i)))
    await Promise.all(begun.map((execution, i) => execution.markSuccess(i)))
    await node.ask('CONFIG', 'SET', 'maxmemory', 0)
    const replayed = await Promise.all(MANY.map((key) => idempotency.run('job', key, () => 'again')))
    expect(replayed.map(({ result }) => result)).toEqual(MANY.map(Number))
    const free = await Promise.all(MANY.map((key) => idempotency.begin('more', key)))
    expect(new Set(free.map(({ status }) => status))).toEqual(new Set(['started']))
  })

  it('as a replica: the jobs start once it is the master again', async () => {
    const { node, idempotency } = await open()
    await idempotency.run('job', 'connected', () => 1)
    await node.ask('REPLICAOF', '127.0.0.1', '1')
    const ran: string[] = []
    const runs = Promise.all(MANY.map((key) => idempotency.run('job', key, () => void ran.push(key))))
    runs.catch(() => {})
    await expect
      .poll(async () => (await node.info('errorstats'))['errorstat_READONLY'])
      .toMatch(/^count=[1-9]/)
    await node.ask('REPLICAOF', 'NO', 'ONE')
    await runs
    expect(ran.sort()).toEqual([...MANY].sort())
  })

  it('without a right that the scripts need: the error says so, and nothing is left when the right is back', async () => {
    const { node, idempotency } = await open()
    await node.ask('ACL', 'SETUSER', 'default', '-set')
    const refused = await Promise.allSettled(MANY.map((key) => idempotency.begin('job', key)))
    expect(codes(refused)).toEqual(['STORAGE_REFUSED'])
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ reason: { message: expect.stringContaining('aclRules()') as string } })
    }
    await node.ask('ACL', 'SETUSER', 'default', '+set')
    expect(await idempotency.list('job')).toMatchObject({ executions: [] })
    const free = await Promise.all(MANY.map((key) => idempotency.begin('job', key)))
    expect(new Set(free.map(({ status }) => status))).toEqual(new Set(['started']))
  })
})

function started(outcome: BeginOutcome): ExecutionContext {
  if (outcome.status !== 'started') throw new Error(`not started: ${outcome.status}`)
  return outcome.execution
}
