import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { startRecurringScheduler } from '../../src/schedulers/recurring-scheduler.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import { eventually } from '../eventually.ts'
import { fresh, openNode } from './open-node.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const HOUR = 3_600_000
/** When the jobs here were due last: half an hour ago, so that none is due again while the tests run. */
const due = Math.floor((Date.now() - HOUR / 2) / 60_000) * 60_000
const CRON = `${new Date(due).getUTCMinutes()} * * * *`
const payload = '{"t":"Acme.Mail, Acme","m":"Send","p":["System.String"],"a":["\\"ann\\""],"q":"mail"}'

/** An hourly job that is due since a while, as Hangfire writes it. */
async function add(prefix: string, id: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  await admin.hset(`${prefix}recurring-job:${id}`, {
    Queue: 'default',
    Cron: CRON,
    TimeZoneId: 'UTC',
    Job: payload,
    CreatedAt: String(due - 24 * HOUR),
    NextExecution: String(due),
    LastExecution: String(due - HOUR),
    V: '2',
    ...fields,
  })
  await admin.zadd(`${prefix}recurring-jobs`, String(due / 1_000), id)
}

const read = (prefix: string, id: string): Promise<Record<string, string>> =>
  admin.hgetall(`${prefix}recurring-job:${id}`)
const score = (prefix: string, id: string): Promise<string | null> =>
  admin.zscore(`${prefix}recurring-jobs`, id)
const jobs = (prefix: string, queue = 'mail'): Promise<string[]> =>
  admin.lrange(`${prefix}queue:${queue}`, 0, -1)

describe.concurrent('the recurring scheduler', () => {
  it.for(clients)(
    "makes the job that .NET's would, and says when the next is due, over %s",
    async (client) => {
      const prefix = fresh()
      await using node = await openNode(url, prefix, { client, intervalMs: 3_600_000 })
      await add(prefix, 'digest', { MyOwn: 'kept' })
      const before = Date.now()
      node.start(startRecurringScheduler, {})
      await eventually(async () => (await jobs(prefix)).length, 1)
      const [id = ''] = await jobs(prefix)
      const { LastExecution = '', ...recurring } = await read(prefix, 'digest')
      expect(recurring).toMatchObject({
        NextExecution: String(due + HOUR),
        LastJobId: id,
        MyOwn: 'kept',
        V: '2',
      })
      // It was missed: one runs now, whose time is now.
      expect(Math.abs(Number(LastExecution) - before)).toBeLessThan(60_000)
      expect(await score(prefix, 'digest')).toBe(String((due + HOUR) / 1_000))
      expect(await admin.hgetall(`${prefix}job:${id}`)).toEqual({
        Type: 'Acme.Mail, Acme',
        Method: 'Send',
        ParameterTypes: '["System.String"]',
        Arguments: '["\\"ann\\""]',
        Queue: 'mail',
        CreatedAt: expect.stringMatching(/^\d{13}$/) as string,
        State: 'Enqueued',
        CurrentCulture: '""',
        CurrentUICulture: '""',
        RecurringJobId: '"digest"',
        Time: String(Math.floor(Number(LastExecution) / 1_000)),
      })
      expect(await admin.hgetall(`${prefix}job:${id}:state`)).toMatchObject({
        State: 'Enqueued',
        Queue: 'mail',
        Reason: 'Triggered by recurring job scheduler',
      })
      expect(node.errors).toEqual([])
    },
  )

  it('wakes when one is due, and computes what was not computed', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix, { intervalMs: 3_600_000 })
    const created = Date.now()
    await add(prefix, 'new', {
      Cron: '*/2 * * * * *',
      NextExecution: '',
      LastExecution: '',
      CreatedAt: String(created),
    })
    node.start(startRecurringScheduler, {})
    await eventually(async () => (await jobs(prefix)).length >= 2, true)
    for (const id of await jobs(prefix)) {
      const [time, createdAt] = await admin.hmget(`${prefix}job:${id}`, 'Time', 'CreatedAt')
      expect(Number(time) * 1_000).toBeGreaterThanOrEqual(created - 1_000)
      expect(Number(createdAt)).toBeGreaterThanOrEqual(created)
    }
  })

  it('every: makes a job for each execution that was missed, once, with its own time', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix)
    await add(prefix, 'all', { Misfire: '1', NextExecution: String(due - 149 * HOUR) })
    node.start(startRecurringScheduler, {})
    // More than one pass makes for one job.
    await eventually(async () => (await jobs(prefix)).length, 150)
    const times = await Promise.all(
      (await jobs(prefix)).map((id) => admin.hget(`${prefix}job:${id}`, 'Time')),
    )
    const hours = Array.from({ length: 150 }, (_, i) => String((due - i * HOUR) / 1_000))
    expect(times).toEqual(hours)
    expect(await read(prefix, 'all')).toMatchObject({
      LastExecution: String(due),
      NextExecution: String(due + HOUR),
    })
  })

  it('ignore: makes none for an execution that was missed', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix)
    await add(prefix, 'none', { Misfire: '2', NextExecution: String(due - HOUR) })
    node.start(startRecurringScheduler, {})
    await eventually(() => score(prefix, 'none'), String((due + HOUR) / 1_000))
    expect(await read(prefix, 'none')).toMatchObject({ NextExecution: String(due + HOUR) })
    expect(await jobs(prefix)).toEqual([])
  })

  it('the queue is that of the job, else of its definition here, else of the recurring job', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix)
    const without = payload.replace(',"q":"mail"', '')
    await add(prefix, 'one', { Job: without, Queue: 'late' })
    node.start(startRecurringScheduler, {})
    await eventually(async () => (await jobs(prefix, 'late')).length, 1)
  })

  it.for([
    ['an expression that is none', { Cron: '61 * * * *' }, /minutes "61"/],
    ['an expression with H', { Cron: 'H * * * *' }, /knows no H/],
    ['a zone that is none', { TimeZoneId: 'Mars/Olympus' }, /Mars/],
    ['a job that is no JSON', { Job: '{' }, /Job of the recurring job/],
    ['no expression', { Cron: '' }, /cron expression/],
    ['a queue that Hangfire refuses', { Job: payload.replace('mail', 'Mail!') }, /queue/],
  ] as const)(
    'HF#1404: %s is tried five times a minute apart, and is then disabled',
    async ([, fields, message]) => {
      const prefix = fresh()
      await using node = await openNode(url, prefix)
      await add(prefix, 'bad', fields)
      node.start(startRecurringScheduler, {})
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        await eventually(async () => (await read(prefix, 'bad')).RetryAttempt, String(attempt))
        const { Error: error, NextExecution } = await read(prefix, 'bad')
        expect(error).toMatch(message)
        const inMs = Number(NextExecution) - Date.now()
        expect(inMs).toBeGreaterThan(0)
        expect(inMs).toBeLessThanOrEqual(60_000)
        expect(await score(prefix, 'bad')).toBe(String(Math.ceil(Number(NextExecution) / 1_000)))
        // The minute is over.
        await admin.zadd(`${prefix}recurring-jobs`, '1', 'bad')
      }
      await eventually(() => score(prefix, 'bad'), '-1')
      expect(await read(prefix, 'bad')).toMatchObject({ ...fields, NextExecution: '', RetryAttempt: '5' })
      expect(await admin.keys(`${prefix}job:*`)).toEqual([])
      expect(node.errors).toEqual([])
    },
  )

  it('what was wrong and is right again runs for what was missed, and its error is cleared', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix)
    await add(prefix, 'mended', { Error: 'Mars', RetryAttempt: '2', NextExecution: String(Date.now() - 1) })
    node.start(startRecurringScheduler, {})
    await eventually(async () => (await jobs(prefix)).length, 1)
    expect(await read(prefix, 'mended')).toMatchObject({
      Error: '',
      RetryAttempt: '0',
      NextExecution: String(due + HOUR),
    })
  })

  it('H10: V 3 and unknown misfire modes are left byte for byte', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix)
    await add(prefix, 'later', { V: '3' })
    await add(prefix, 'mode', { Misfire: '7' })
    const before = await Promise.all(
      ['later', 'mode'].map((id) => admin.dump(`${prefix}recurring-job:${id}`)),
    )
    await add(prefix, 'ours')
    await admin.zadd(`${prefix}recurring-jobs`, '1', 'without a hash')
    node.start(startRecurringScheduler, {})
    await eventually(async () => (await jobs(prefix)).length, 1)
    await eventually(() => score(prefix, 'without a hash'), null)
    expect(
      await Promise.all(['later', 'mode'].map((id) => admin.dump(`${prefix}recurring-job:${id}`))),
    ).toEqual(before)
    expect(await score(prefix, 'later')).toBe(String(due / 1_000))
    expect(node.errors).toEqual([])
  })

  it('two schedulers make each execution of 120 recurring jobs once', async () => {
    const prefix = fresh()
    await using first = await openNode(url, prefix, { client: 'ioredis' })
    await using second = await openNode(url, prefix, { client: 'redis' })
    const ids = Array.from({ length: 120 }, (_, i) => `job ${i}`)
    await Promise.all(ids.map((id) => add(prefix, id)))
    const both = [first, second].map((node) => node.start(startRecurringScheduler, {}))
    await eventually(async () => (await jobs(prefix)).length >= 120, true)
    await Promise.all(both.map((each) => each.stop()))
    const made = await Promise.all(
      (await jobs(prefix)).map((id) => admin.hget(`${prefix}job:${id}`, 'RecurringJobId')),
    )
    expect(made).toHaveLength(ids.length)
    expect(new Set(made)).toEqual(new Set(ids.map((id) => JSON.stringify(id))))
    expect([...first.errors, ...second.errors]).toEqual([])
  })

  it('waits for a recurring job whose lock .NET holds, and runs the others', async () => {
    const prefix = fresh()
    using peer = new DotnetPeer(url, '1.12.0', { prefix })
    await using node = await openNode(url, prefix)
    await add(prefix, 'held')
    await add(prefix, 'free')
    await peer.acquire('lock:recurring-job:held', 0)
    node.start(startRecurringScheduler, {})
    await eventually(async () => (await jobs(prefix)).length, 1)
    expect(await score(prefix, 'held')).toBe(String(due / 1_000))
    await peer.release('lock:recurring-job:held')
    await eventually(async () => (await jobs(prefix)).length, 2)
    expect(node.errors).toEqual([])
  })
})
