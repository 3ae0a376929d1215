import { nodeRedisClient } from '@holdfast/redis-node'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import type { HangfireMonitor } from '../../src/index.ts'
import { createHangfireMonitor } from '../../src/monitor/hangfire-monitor.ts'
import type { Invocation } from '../../src/wire/invocation.ts'
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

/** A line of IMonitoringApi's answers: a page's, or a job's. */
interface Said {
  readonly [page: string]: unknown
  readonly event: string
  readonly at: number
  readonly id: string
  readonly job: string | null
  readonly arguments: string
  readonly createdAt: string
  readonly statistics: Readonly<Record<string, number>>
  readonly days: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly hours: Said['days']
  readonly retries: readonly string[]
  readonly history: readonly { readonly CreatedAt: string }[]
}
const seen = { jobs: 0, pages: 0, awaiting: 0, fetched: 0, queued: 0 }

describe.each(connected)('H9: over $name', ({ client }) => {
  it.each(dumps)('$name is shown as IMonitoringApi shows it', async (dump) => {
    const monitor = createHangfireMonitor(client, { prefix: prefixOf(dump.name) })
    for (const said of apiOf(dump) as unknown as readonly Said[]) {
      if (said.event === 'stats') await comparePages(monitor, said)
      else if (said.event === 'job') await compareJob(monitor, said)
      else expect(said.where).toBe('/jobs/awaiting')
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

async function comparePages(monitor: HangfireMonitor, said: Said): Promise<void> {
  seen.pages += 1
  const { Retries: _, Awaiting: __, ...counts } = said.statistics
  const shown = await monitor.statistics()
  expect(
    Object.fromEntries(Object.keys(counts).map((name) => [name, shown[name.toLowerCase() as 'failed']])),
  ).toEqual(counts)
  expect(shown.retries).toBe(said.retries.length)
  expect((await monitor.retries()).jobs.map(({ id }) => id)).toEqual(said.retries)

  for (const [by, name, lengthMs] of [
    ['day', 'days', 86_400_000],
    ['hour', 'hours', 3_600_000],
  ] as const)
    for (const outcome of ['succeeded', 'failed', 'deleted'] as const) {
      const { outcomes } = await monitor.outcomes(by, said.at)
      const told = Object.entries(said[name][outcome] ?? {})
      expect(outcomes.flatMap((each) => (each[outcome] === 0 ? [] : [[each.since, each[outcome]]]))).toEqual(
        told.map(([at, count]) => [Math.floor(Date.parse(at) / lengthMs) * lengthMs, count]),
      )
    }

  const { servers } = await monitor.servers()
  expect(
    servers.map(({ id, workerCount, startedAt, queues, heartbeat }) => ({
      Name: id,
      WorkersCount: workerCount,
      StartedAt: startedAt,
      Queues: queues,
      Heartbeat: heartbeat ?? null,
    })),
  ).toEqual(dated(said.servers))

  const { queues } = await monitor.queues()
  const told = (dated(said.queues) as readonly { readonly Name: string }[]).toSorted((a, b) =>
    a.Name < b.Name ? -1 : 1,
  )
  expect(
    await Promise.all(
      queues.map(async ({ name, length, fetched }) => ({
        Name: name,
        Length: length,
        Fetched: fetched,
        enqueued: (await monitor.enqueued(name, { count: 100 })).jobs.map((job) => ({
          id: job.id,
          State: job.state,
          InEnqueuedState: job.isInState,
          EnqueuedAt: job.enqueuedAt ?? null,
          job: nameOf(job),
          error: null,
        })),
        fetched: (await monitor.fetched(name, { count: 100 })).jobs.map((job) => {
          seen.fetched += 1
          return { id: job.id, State: job.state, FetchedAt: job.fetchedAt ?? null, job: nameOf(job) }
        }),
      })),
    ),
  ).toEqual(told)

  // Storage 1.9.4 takes `queue:id` for an id, and finds no such job.
  const asJobs = (
    dated(said.scheduled) as readonly { readonly id: string; readonly job: string | null }[]
  ).map(({ id, ...rest }) => (rest.job === null ? { id: id.replace(/^critical:/, '') } : { id, ...rest }))
  const scheduled = (await monitor.scheduled()).jobs
  expect(scheduled).toHaveLength(asJobs.length)
  for (const [i, job] of scheduled.entries()) {
    expect({
      id: job.id,
      EnqueueAt: job.enqueueAt,
      InScheduledState: job.isInState,
      job: nameOf(job),
      error: null,
    }).toMatchObject(asJobs[i] ?? {})
    expect(job).toMatchObject({ exists: true, isInState: true })
  }

  expect(
    (await monitor.processing()).jobs.map((job) => ({
      id: job.id,
      ServerId: job.serverId,
      StartedAt: job.startedAt,
      InProcessingState: job.isInState,
      job: nameOf(job),
    })),
  ).toEqual(dated(said.processing))
  expect(
    (await monitor.succeeded()).jobs.map((job) => ({
      id: job.id,
      result: job.result ?? null,
      TotalDuration: (job.performanceMs ?? NaN) + (job.latencyMs ?? NaN),
      SucceededAt: job.succeededAt,
      InSucceededState: job.isInState,
    })),
  ).toEqual(dated(said.succeeded))
  expect(
    (await monitor.failed()).jobs.map((job) => ({
      id: job.id,
      Reason: job.reason,
      ExceptionType: job.exceptionType,
      ExceptionMessage: job.exceptionMessage,
      FailedAt: job.failedAt,
      InFailedState: job.isInState,
    })),
  ).toEqual(dated(said.failed))
  expect(
    (await monitor.deleted()).jobs.map((job) => ({
      id: job.id,
      DeletedAt: job.deletedAt,
      InDeletedState: job.isInState,
    })),
  ).toEqual(dated(said.deleted))
  expect(
    (await monitor.recurring()).recurring.map((job) => ({
      Id: job.id,
      Cron: job.cron,
      TimeZoneId: job.timeZone,
      Queue: job.queue,
      jobQueue: job.call?.queue ?? null,
      job: nameOf(job),
      CreatedAt: job.createdAt,
      NextExecution: job.nextExecution ?? null,
      LastExecution: job.lastExecution ?? null,
      LastJobId: job.lastJobId ?? null,
      LastJobState: job.lastJobState ?? null,
      Error: job.error ?? null,
      RetryAttempt: job.retryAttempt,
      loadError: null,
    })),
  ).toEqual(dated(said.recurring))
}

async function compareJob(monitor: HangfireMonitor, said: Said): Promise<void> {
  const job = await monitor.job(said.id)
  if (said.exists !== true) return expect(job).toBeUndefined()
  seen.jobs += 1
  expect(job?.unreadable).toEqual([])
  expect({
    job: nameOf(job ?? {}),
    queue: job?.call?.queue ?? null,
    arguments: job?.call?.arguments,
    createdAt: job?.createdAt,
    properties: job?.parameters,
    state: job?.stored && { Name: job.stored.name, Reason: job.stored.reason, Data: job.stored.data },
    history: job?.history.map(({ name, reason, createdAt, data }) => ({
      StateName: name,
      Reason: reason,
      CreatedAt: createdAt,
      Data: data,
    })),
  }).toEqual({
    job: dated(said.job),
    queue: said.queue,
    arguments: JSON.parse(said.arguments) as unknown,
    createdAt: Date.parse(said.createdAt),
    properties: said.properties,
    state: said.state,
    history: said.history.map((entry) => ({
      ...entry,
      CreatedAt: Date.parse(entry.CreatedAt),
    })),
  })
  expect(job?.details?.name).toBe(job?.state)
}

/** .NET's full name of a type and its method, without the arguments of generic types. */
function nameOf({ call }: { readonly call?: Invocation | undefined }): string | null {
  return call === undefined
    ? null
    : `${call.type.replace(/\[\[.*\]\]/, '').replace(/,.*/, '')}.${call.method}`
}

/** Dates as whole milliseconds, without Z in UTC too; names of types as `nameOf` makes them. */
function dated(value: unknown): unknown {
  if (typeof value === 'string')
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z?$/.test(value)
      ? Math.floor(Date.parse(value.replace(/Z?$/, 'Z')))
      : value.replace(/\[\[.*\]\]/, '')
  if (Array.isArray(value)) return value.map(dated)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, dated(member)]))
}
