import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { type HangfireJobs, createHangfire, defineHangfireJob, t } from '../../src/index.ts'
import { dumps } from '../dumps.ts'
import { clients, connect } from '../locks/node-peer.ts'
import { loadDump } from '../monitor/load-dump.ts'
import { openHangfire } from './open-hangfire.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const job = defineHangfireJob({
  type: 'Acme.Mail, Acme',
  method: 'Send',
  parameters: [t.guid, t.int32, t.dateTime, t.cancellationToken],
})
const anything = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Take', parameters: [t.any] })
function nestedDeep(): unknown {
  let value: unknown = 1
  for (let depth = 0; depth < 20_000; depth += 1) value = [value]
  return value
}
const nodeOnly = defineHangfireJob({ type: 'reviews', method: 'run' })
const good = [randomUUID(), 1, new Date()] as const
const fresh = (): string => `{${randomUUID()}}:`
const keysOf = (prefix: string): Promise<string[]> => admin.keys(`${prefix.replace(/[{}]/g, '\\$&')}*`)
const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error
const in1min = { delayMs: 60_000 }

/** Calls that TypeScript would refuse, too. */
const bad: Readonly<Record<string, (jobs: HangfireJobs) => Promise<unknown>>> = {
  'null for a Guid': (jobs) => jobs.enqueue(job, [null, 1, new Date()] as never),
  'no Guid': (jobs) => jobs.enqueue(job, ['x', 1, new Date()]),
  'a fraction for an int32': (jobs) => jobs.enqueue(job, [randomUUID(), 1.5, new Date()]),
  'a date that is none': (jobs) => jobs.enqueue(job, [randomUUID(), 1, new Date(NaN)]),
  'a date as text': (jobs) => jobs.enqueue(job, [randomUUID(), 1, '2026-01-01'] as never),
  'too few arguments': (jobs) => jobs.enqueue(job, [randomUUID()] as never),
  'too many arguments': (jobs) => jobs.enqueue(job, [...good, null] as never),
  'no arguments': (jobs) => jobs.enqueue(job, undefined as never),
  'no definition': (jobs) => jobs.enqueue(undefined as never, []),
  'what is like a definition': (jobs) => jobs.enqueue({} as never, []),
  'an array for a definition': (jobs) => jobs.schedule([] as never, [], in1min),
  'what is nested too deep': (jobs) => jobs.enqueue(anything, [nestedDeep()]),
  'a bigint for a queue': (jobs) => jobs.enqueue(job, good, { queue: 5n as never }),
  'a bigint for an id': (jobs) => jobs.delete(5n as never),
  'a bigint for the id of a parent': (jobs) => jobs.continueWith(5n as never, job, good),
  'a queue in capitals': (jobs) => jobs.enqueue(job, good, { queue: 'DEFAULT' }),
  'an empty queue': (jobs) => jobs.enqueue(job, good, { queue: '' }),
  'a queue of another spelling, later': (jobs) => jobs.schedule(job, good, { ...in1min, queue: '&*asd!#' }),
  'an id that is no GUID': (jobs) => jobs.enqueue(job, good, { id: 'queue:1' }),
  'an option that there is not': (jobs) => jobs.enqueue(job, good, { Queue: 'node' } as never),
  'a negative delay': (jobs) => jobs.schedule(job, good, { delayMs: -1 }),
  'a delay that is none': (jobs) => jobs.schedule(job, good, { delayMs: NaN }),
  'no time': (jobs) => jobs.schedule(job, good, {}),
  'two times': (jobs) => jobs.schedule(job, good, { ...in1min, at: new Date() }),
  'a time that is none': (jobs) => jobs.schedule(job, good, { at: new Date(NaN) }),
  'a time after the year 9999': (jobs) => jobs.schedule(job, good, { at: new Date('+010000-01-01') }),
  'a type without an assembly': (jobs) => jobs.enqueue(nodeOnly, []),
  'a type without an assembly, later': (jobs) => jobs.schedule(nodeOnly, [], in1min),
  'a type without an assembly, after another': (jobs) => jobs.continueWith(randomUUID(), nodeOnly, []),
  'an end that there is not': (jobs) => jobs.continueWith(randomUUID(), job, good, { on: 'failed' as never }),
  'an empty id of a parent': (jobs) => jobs.continueWith('', job, good),
  'an empty id to requeue': (jobs) => jobs.requeue(''),
  'an empty id to delete': (jobs) => jobs.delete(''),
}

describe.concurrent.for(clients)('over %s', (client) => {
  it.for(Object.entries(bad))('%s is refused before any write', async ([, call]) => {
    const prefix = fresh()
    await using open = await openHangfire(client, url, { prefix })
    await expect(call(open.hangfire.jobs)).rejects.toThrow(refused)
    expect(await keysOf(prefix)).toEqual([])
  })

  it('a job that is not there is neither requeued nor deleted, and has no children', async () => {
    const prefix = fresh()
    await using open = await openHangfire(client, url, { prefix })
    const { jobs } = open.hangfire
    expect([await jobs.requeue(randomUUID()), await jobs.delete(randomUUID())]).toEqual([false, false])
    const parent = randomUUID()
    await expect(jobs.continueWith(parent, job, good)).rejects.toMatchObject({
      code: 'HANGFIRE_JOB_MISSING',
      jobId: parent,
    })
    expect(await keysOf(prefix)).toEqual([])
  })

  it('in a prefix of Node alone a type has any name', async () => {
    const prefix = fresh()
    await using open = await openHangfire(client, url, { prefix, mode: 'own' })
    const id = await open.hangfire.jobs.schedule(nodeOnly, [], in1min)
    expect(await open.hangfire.monitor.job(id)).toMatchObject({
      state: 'Scheduled',
      call: { type: 'reviews' },
    })
  })

  it('H11: nothing is written before the dialect is known, which may be later', async () => {
    const prefix = fresh()
    const { client: own, end } = await connect(client, url)
    const hangfire = createHangfire({ client: own, prefix, callTimeoutMs: 60_000 })
    for (const call of [
      () => hangfire.jobs.enqueue(job, good),
      () => hangfire.jobs.schedule(job, good, in1min),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'HANGFIRE_DIALECT_UNKNOWN' })
    expect(await keysOf(prefix)).toEqual([])
    const dump = dumps.find(({ name }) => name.includes('created.110-full'))
    if (dump === undefined) throw new Error('no such dump')
    await loadDump(admin, dump, prefix)
    const id = await hangfire.jobs.enqueue(job, good)
    expect(await admin.hmget(`${prefix}job:${id}`, 'Type', 'ParameterTypes', 'CreatedAt')).toEqual([
      'Acme.Mail, Acme, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null',
      expect.stringContaining('System.Guid, System.Private.CoreLib, Version=10.0.0.0'),
      expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\d{7}Z$/),
    ])
    await hangfire.close()
    end()
  })

  it('H11: the data of each application shows how to write', async () => {
    for (const dump of dumps.filter(({ name }) => name.includes('created.'))) {
      const prefix = fresh()
      const { client: own, end } = await connect(client, url)
      const hangfire = createHangfire({ client: own, prefix, callTimeoutMs: 60_000 })
      await loadDump(admin, dump, prefix)
      const id = await hangfire.jobs.enqueue(job, good)
      const [type, createdAt] = await admin.hmget(`${prefix}job:${id}`, 'Type', 'CreatedAt')
      expect(type).toMatch(dump.types === 'full' ? /^Acme\.Mail, Acme, Version=/ : /^Acme\.Mail, Acme$/)
      expect(createdAt).toMatch(dump.level === '110' ? /^\d{4}-/ : /^\d{13}$/)
      await hangfire.close()
      end()
    }
  })
})

it('an option that createHangfire does not have is refused, and so is the client of a library', async () => {
  expect(() => createHangfire({ client: admin as never })).toThrow(refused)
  const { client, end } = await connect('ioredis', url)
  for (const options of [{ mode: 'both' }, { dates: 'seconds' }, { typeNames: 'short' }, { prefixes: '' }])
    expect(() => createHangfire({ client, ...options } as never)).toThrow(refused)
  end()
})
