import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { defineHangfireJob, t } from '../../src/index.ts'
import { hangfireKeys } from '../../src/wire/keys.ts'
import { pagesBrokenByHistory, pagesBrokenByJob, pagesBrokenByState } from '../../src/wire/page-rules.ts'
import { dumps } from '../dumps.ts'
import { clients } from '../locks/node-peer.ts'
import { loadDump } from '../monitor/load-dump.ts'
import { openHangfire } from './open-hangfire.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const mail = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Send', parameters: [t.string] })
const review = defineHangfireJob({ type: 'Acme.INodeReviews, Acme', method: 'Review', queue: 'node' })
const fresh = () => hangfireKeys(`{${randomUUID()}}:`)

describe.concurrent.for(clients)('over %s', (client) => {
  it('H12: a job is scheduled by the clock of Redis, and its score is rounded up', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    const { jobs } = open.hangfire
    let slowestMs = 0
    for (const delayMs of [0, 1, 999, 1_000, 61_234]) {
      const before = await redisMs()
      const id = await jobs.schedule(mail, ['ann'], { delayMs })
      const after = await redisMs()
      const [enqueueAt, scheduledAt] = (await admin.hmget(keys.jobState(id), 'EnqueueAt', 'ScheduledAt')).map(
        Number,
      )
      expect((enqueueAt ?? 0) - (scheduledAt ?? 0)).toBe(delayMs)
      // The estimate of the clock is as good as a round trip is short.
      slowestMs = Math.max(slowestMs, after - before)
      expect(enqueueAt).toBeGreaterThanOrEqual(before + delayMs - 250 - slowestMs)
      expect(enqueueAt).toBeLessThanOrEqual(after + delayMs + 250 + slowestMs)
      const score = Number(await admin.zscore(keys.schedule, id))
      expect(score * 1_000).toBeGreaterThanOrEqual(enqueueAt ?? Infinity)
      expect(score * 1_000).toBeLessThan((enqueueAt ?? 0) + 1_000)
    }
    const at = new Date('2031-01-02T03:04:05.678Z')
    const id = await jobs.schedule(mail, ['ann'], { at })
    expect(await admin.zscore(keys.schedule, id)).toBe(String(Math.ceil(at.getTime() / 1_000)))
    expect(await admin.hget(keys.jobState(id), 'EnqueueAt')).toBe(String(at.getTime()))
  })

  it('the queue is written into the job, too, and into the schedule only its id', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    const { jobs } = open.hangfire
    const [now, later, elsewhere, plain] = [
      await jobs.enqueue(review, []),
      await jobs.schedule(review, [], { delayMs: 1 }),
      await jobs.enqueue(mail, ['ann'], { queue: 'critical_2-x' }),
      await jobs.enqueue(mail, ['ann']),
    ]
    const queues = await Promise.all(
      [now, later, elsewhere, plain].map((id) => admin.hget(keys.job(id), 'Queue')),
    )
    expect(queues).toEqual(['node', 'node', 'critical_2-x', null])
    expect(await admin.zrange(keys.schedule, '0', '-1')).toEqual([later])
    expect(await admin.lrange(keys.queue('node'), 0, -1)).toEqual([now])
  })

  it('a member queue:id of .NET goes when its job is deleted or requeued, with the field Queue or without', async () => {
    for (const withField of [true, false]) {
      const keys = fresh()
      await using open = await openHangfire(client, url, { prefix: keys.prefix })
      const { jobs } = open.hangfire
      await admin.sadd(keys.queues, 'critical')
      for (const change of ['delete', 'requeue'] as const) {
        const id = await jobs.schedule(mail, ['ann'], { delayMs: 60_000 })
        await admin
          .multi()
          .zrem(keys.schedule, id)
          .zadd(keys.schedule, 9_999_999_999, `critical:${id}`)
          .exec()
        if (withField) await admin.hset(keys.job(id), 'Queue', 'critical')
        expect(await jobs[change](id)).toBe(true)
        expect(await admin.zcard(keys.schedule)).toBe(0)
        const queue = withField ? 'critical' : 'default'
        if (change === 'requeue') expect(await admin.lrange(keys.queue(queue), 0, -1)).toEqual([id])
      }
    }
  })

  it('a job is requeued into the queue of its definition, or the one that it was in', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    await using other = await openHangfire(client, url, { prefix: keys.prefix })
    const id = await open.hangfire.jobs.enqueue(review, [])
    await admin.del(keys.queue('node'))
    // .NET of storage 1.9.4 has moved it: the field is gone, and its state says default.
    await admin.hdel(keys.job(id), 'Queue')
    await admin.rpush(
      keys.jobHistory(id),
      JSON.stringify({ Queue: 'default', State: 'Enqueued', CreatedAt: '1795906388247' }),
    )
    expect(await open.hangfire.jobs.requeue(id)).toBe(true)
    expect(await admin.lrange(keys.queue('node'), 0, -1)).toEqual([id])
    // A process that does not know the definition goes by the history.
    expect(await other.hangfire.jobs.requeue(id)).toBe(true)
    expect(await admin.lrange(keys.queue('node'), 0, -1)).toEqual([id, id])
    expect(await other.hangfire.jobs.requeue(id, { queue: 'critical' })).toBe(true)
    expect(await admin.lrange(keys.queue('critical'), 0, -1)).toEqual([id])
  })

  it('children of a parent that has ended start at once, or are deleted', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    const { jobs, monitor } = open.hangfire
    const parent = await jobs.enqueue(mail, ['ann'])
    await jobs.delete(parent)
    const children = await Promise.all(
      (['any', 'deleted', 'succeeded', 'succeeded or deleted'] as const).map((on) =>
        jobs.continueWith(parent, review, [], { on }),
      ),
    )
    const states = await Promise.all(children.map(async (id) => (await monitor.job(id))?.state))
    expect(states).toEqual(['Enqueued', 'Enqueued', 'Deleted', 'Enqueued'])
    const [, , deleted = ''] = children
    const job = await monitor.job(deleted)
    expect(job?.history.map(({ name, reason }) => [name, reason])).toEqual([
      ['Deleted', 'Continuation condition was not met'],
      ['Awaiting', null],
    ])
    expect(await admin.ttl(keys.job(deleted))).toBeGreaterThan(86_000)
    const { continuations = [] } = (await monitor.job(parent)) ?? {}
    expect(continuations.map(({ jobId }) => jobId).toSorted()).toEqual(children.toSorted())
    expect((await admin.lrange(keys.queue('node'), 0, -1)).length).toBe(3)
  })

  it('many children that are added at once are all listed', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    await using other = await openHangfire(client, url, { prefix: keys.prefix })
    const parent = await open.hangfire.jobs.enqueue(mail, ['ann'])
    const children = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (i % 2 === 0 ? open : other).hangfire.jobs.continueWith(parent, mail, [`child ${i}`]),
      ),
    )
    const listed = (await open.hangfire.monitor.job(parent))?.continuations.map(({ jobId }) => jobId)
    expect(listed?.toSorted()).toEqual(children.toSorted())
    // A parent that ends while children are added leaves none behind.
    const more = Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        other.hangfire.jobs.continueWith(parent, mail, [`late ${i}`], { on: 'any' }),
      ),
    )
    await open.hangfire.jobs.delete(parent)
    for (const id of await more) expect(await admin.hget(keys.job(id), 'State')).toBe('Enqueued')
    for (const id of children) expect(await admin.hget(keys.job(id), 'State')).toBe('Deleted')
  })

  it('H10: what is not understood stays byte for byte', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    const { jobs } = open.hangfire
    const parent = await jobs.enqueue(mail, ['ann'])
    const list = '{"$type":"T, A","$values":[ {"<JobId>k__BackingField":"none","Options":2,"New":[1]} ]}'
    await admin.hset(keys.job(parent), { Continuations: list, Unknown: '{"a":1}', CurrentCulture: '"de-AT"' })
    const child = await jobs.continueWith(parent, mail, ['bob'])
    const [longer = ''] = await admin.hmget(keys.job(parent), 'Continuations')
    expect(longer).toBe(list.replace(' ]}', ` ,{"JobId":"${child}","Options":1}]}`))
    await jobs.requeue(parent)
    await jobs.delete(parent)
    expect(await admin.hmget(keys.job(parent), 'Unknown', 'CurrentCulture', 'Continuations')).toEqual([
      '{"a":1}',
      '"de-AT"',
      longer,
    ])

    const batch = await jobs.enqueue(mail, ['ann'])
    await admin.hset(keys.job(batch), 'BatchId', '"b"')
    const before = await admin.dumpBuffer(keys.job(batch))
    for (const change of [jobs.delete(batch), jobs.requeue(batch), jobs.continueWith(batch, mail, ['bob'])])
      await expect(change).rejects.toMatchObject({ code: 'HANGFIRE_UNSUPPORTED' })
    expect(await admin.dumpBuffer(keys.job(batch))).toEqual(before)
    const broken = await jobs.enqueue(mail, ['ann'])
    await admin.hset(keys.job(broken), 'Continuations', 'no JSON')
    for (const change of [jobs.delete(broken), jobs.continueWith(broken, mail, ['bob'])])
      await expect(change).rejects.toMatchObject({ code: 'HANGFIRE_UNREADABLE' })
    expect(await admin.hmget(keys.job(broken), 'State', 'Continuations')).toEqual(['Enqueued', 'no JSON'])
  })

  it('H10: a child whose next state only .NET can make is left to .NET', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    const { jobs } = open.hangfire
    const parent = await jobs.enqueue(mail, ['ann'])
    const child = await jobs.continueWith(parent, mail, ['bob'], { on: 'any' })
    const next =
      '{"$type":"Hangfire.States.ScheduledState, Hangfire.Core","EnqueueAt":"2031-01-01T00:00:00Z"}'
    await admin.hset(keys.jobState(child), 'NextState', next)
    expect(await jobs.delete(parent)).toBe(true)
    expect(await admin.hget(keys.job(child), 'State')).toBe('Awaiting')
    expect(await admin.hget(keys.jobState(child), 'NextState')).toBe(next)
  })

  it('jobs of .NET are deleted and requeued, whatever their dialect, and break no page', async () => {
    for (const dump of dumps.filter(({ name }) => /created\.|processed|retries|^01|^07/.test(name))) {
      const keys = fresh()
      await loadDump(admin, dump, keys.prefix)
      const dates = dump.level === '110' ? 'iso' : 'ms'
      await using open = await openHangfire(client, url, {
        prefix: keys.prefix,
        dates,
        typeNames: dump.types,
      })
      const { jobs, monitor } = open.hangfire
      const ids = (await admin.keys(`${keys.prefix.replace(/[{}]/g, '\\$&')}job:*`)).flatMap(
        (key) => /:job:([^:]+)$/.exec(key)?.[1] ?? [],
      )
      for (const id of ids.slice(0, 8)) {
        await jobs.delete(id)
        expect(await monitor.job(id)).toMatchObject({ state: 'Deleted', unreadable: [] })
        await jobs.requeue(id)
        expect(await monitor.job(id)).toMatchObject({ state: 'Enqueued', unreadable: [] })
        const [fields, state, history] = await Promise.all([
          admin.hgetall(keys.job(id)),
          admin.hgetall(keys.jobState(id)),
          admin.lrange(keys.jobHistory(id), 0, -1),
        ])
        expect([
          ...pagesBrokenByJob(fields, true),
          ...pagesBrokenByState(state),
          ...history.flatMap(pagesBrokenByHistory),
        ]).toEqual([])
      }
    }
  })

  it('close ends the calls and leaves the client open', async () => {
    const keys = fresh()
    await using open = await openHangfire(client, url, { prefix: keys.prefix })
    const { hangfire } = open
    await hangfire.locks.run('a', async () => {
      await hangfire.jobs.enqueue(mail, ['ann'])
    })
    await hangfire.close()
    await hangfire.close()
    await expect(hangfire.jobs.enqueue(mail, ['ann'])).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(hangfire.locks.tryAcquire('a')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await admin.llen(keys.queue('default'))).toBe(1)
  })
})

async function redisMs(): Promise<number> {
  const [seconds, micros] = await admin.time()
  return Math.floor(Number(seconds) * 1_000 + Number(micros) / 1_000)
}
