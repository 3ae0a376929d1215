import { nodeRedisClient } from '@holdfast/redis-node'
import { type SaidJob, type SaidPages, jobBeside, pagesBeside } from '@holdfast/test-support/hangfire'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { createHangfireMonitor } from '../../src/monitor/hangfire-monitor.ts'
import { apiOf, dumps, hashesAt, JOB, PREFIX } from '../dumps.ts'
import { clients, connect } from '../locks/node-peer.ts'
import { loadDump } from './load-dump.ts'
import { sentCommands } from './sent-commands.ts'

const server = await startRedis()
const admin = new Redis(server.url)
const prefixOf = (name: string): string => `{${name}}:`
await Promise.all(dumps.map((dump) => loadDump(admin, dump, prefixOf(dump.name))))
await admin.config('RESETSTAT')
// Its replies have other shapes.
const resp3 = createClient({ url: server.url, RESP: 3 })
resp3.on('error', () => {})
await resp3.connect()
const connected = [
  ...(await Promise.all(clients.map(async (name) => ({ name, ...(await connect(name, server.url)) })))),
  { name: 'redis with RESP 3', client: nodeRedisClient(resp3), end: () => resp3.destroy() },
]
afterAll(async () => {
  for (const { end } of connected) end()
  admin.disconnect()
  await server.stop()
})

/** A line of IMonitoringApi's answers: its pages, a job, or a page that broke. */
type Said =
  | (SaidPages & { readonly event: 'stats' })
  | (SaidJob & { readonly event: 'job' })
  | { readonly event: 'error'; readonly where: string }
const seen = { jobs: 0, pages: 0, awaiting: 0, fetched: 0, queued: 0 }

describe.each(connected)('H9: over $name', ({ client }) => {
  it.each(dumps)('$name is shown as IMonitoringApi shows it', async (dump) => {
    const monitor = createHangfireMonitor(client, { prefix: prefixOf(dump.name) })
    for (const line of apiOf(dump) as unknown as readonly Said[]) {
      if (line.event === 'error') {
        expect(line.where).toBe('/jobs/awaiting')
        continue
      }
      const { shown, said } = await (line.event === 'stats'
        ? pagesBeside(monitor, line)
        : jobBeside(monitor, line))
      expect(shown).toEqual(said)
      if (line.event === 'job') {
        const job = await monitor.job(line.id)
        expect(job?.unreadable ?? []).toEqual([])
        expect(job?.details?.name).toBe(job?.state)
        seen.jobs += job === undefined ? 0 : 1
      } else {
        for (const job of (await monitor.scheduled()).jobs)
          expect(job).toMatchObject({ exists: true, isInState: true })
        const { queues } = await monitor.queues()
        for (const { name } of queues) seen.fetched += (await monitor.fetched(name)).jobs.length
        seen.pages += 1
      }
    }
  })

  it.each(dumps)('$name has its awaiting jobs, and its queues, as they are', async (dump) => {
    const monitor = createHangfireMonitor(client, { prefix: prefixOf(dump.name) })
    const { jobs, unreadable } = await monitor.awaiting()
    const stored = hashesAt(dump, JOB).flatMap(([id, { State: state }]) => (state === 'Awaiting' ? [id] : []))
    expect(unreadable).toEqual([])
    expect(jobs.map(({ id }) => id).toSorted()).toEqual(stored.toSorted())
    for (const job of jobs) {
      expect(job).toMatchObject({ isInState: true, exists: true, on: expect.any(String), unreadable: [] })
      expect(dump.hashes.get(`${PREFIX}job:${job.id}:state`)?.['ParentId']).toBe(job.parentId)
      seen.awaiting += 1
    }
    for (const [key, ids] of dump.lists) {
      const [, queue] = /:queue:([^:]+)(:dequeued)?$/.exec(key) ?? []
      for (const id of queue === undefined ? [] : ids) {
        expect((await monitor.job(id))?.queue).toBe(queue)
        seen.queued += 1
      }
    }
  })
})

it('compared much', () => {
  expect(seen.jobs).toBeGreaterThan(500)
  expect(seen.pages).toBeGreaterThan(140)
  expect(seen.awaiting).toBeGreaterThan(40)
  expect(seen.queued).toBeGreaterThan(100)
  expect(seen.fetched).toBeGreaterThan(4)
})

it('sent nothing that writes', async () => {
  const sent = await sentCommands(admin)
  expect(sent.get('hgetall')).not.toContain('write')
  for (const [command, flags] of sent) expect(flags, command).not.toContain('write')
})
