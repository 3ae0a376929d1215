import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { startRedis } from '@holdfast/test-support/redis'
import { describe, it } from 'vitest'
import { handle } from '../../src/server/handle.ts'
import { pagesBrokenByHistory, pagesBrokenByServer } from '../../src/wire/page-rules.ts'
import { clients } from '../locks/node-peer.ts'
import { gate } from './gate.ts'
import { echo, openStage } from './open-server.ts'

describe.concurrent.for(clients)('a server over %s', (client) => {
  it('runs what is enqueued, and records result, counters and lists with the acknowledgement (H4)', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    const seen: unknown[] = []
    await stage.serve([
      handle(echo, {}, ([text], job) => {
        seen.push([text, job.id, job.retryCount, job.attempt, job.jobKey, job.signal.aborted])
        return { text }
      }),
    ])
    const id = await stage.enqueue('hello')
    await expect.poll(async () => await stage.states(id)).toEqual(['Enqueued', 'Processing', 'Succeeded'])
    expect(seen).toEqual([['hello', id, 0, 1, `hangfire:${stage.prefix}:${id}`, false]])
    const { stored, details, parameters, history } = await stage.job(id)
    expect(details).toMatchObject({ name: 'Succeeded', result: '{"text":"hello"}' })
    expect(stored?.data).toMatchObject({
      PerformanceDuration: expect.stringMatching(/^\d+$/),
      Latency: expect.stringMatching(/^\d+$/),
    })
    expect(parameters).toHaveProperty('HoldfastExecution')
    expect(parameters).not.toHaveProperty('Fetched')
    expect(history).toHaveLength(3)
    for (const entry of await stage.redis.lrange(stage.key(`job:${id}:history`), 0, -1))
      expect(pagesBrokenByHistory(entry)).toEqual([])
    expect(await stage.redis.lrange(stage.key('queue:node:dequeued'), 0, -1)).toEqual([])
    expect(await stage.redis.get(stage.key('stats:succeeded'))).toBe('1')
    expect(await stage.redis.zcard(stage.key('processing'))).toBe(0)
    expect(await stage.redis.ttl(stage.key(`job:${id}`))).toBeGreaterThan(86_000)
  })

  it('is announced before it takes a job, and again when it was removed, and leaves when it stops (H3)', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    const server = await stage.serve([handle(echo, {}, () => {})], { name: 'Node-1' })
    expect(server.id).toMatch(new RegExp(`^node-1:${process.pid}:[0-9a-f-]{36}$`))
    const hash = stage.key(`server:${server.id}`)
    const fields = await stage.redis.hgetall(hash)
    expect(fields).toMatchObject({ WorkerCount: '2', StartedAt: expect.any(String), Holdfast: '1' })
    expect(pagesBrokenByServer(fields)).toEqual([])
    expect(await stage.redis.lrange(`${hash}:queues`, 0, -1)).toEqual(['node'])
    // As a watchdog of .NET removes a server that stood still.
    await stage.redis.multi().srem(stage.key('servers'), server.id).del(hash, `${hash}:queues`).exec()
    const id = await stage.enqueue('after')
    await expect.poll(async () => await stage.states(id)).toContain('Succeeded')
    await expect
      .poll(async () => await stage.redis.hgetall(hash))
      .toMatchObject(fields && { WorkerCount: '2' })
    expect(await stage.redis.smembers(stage.key('servers'))).toEqual([server.id])
    await server.stop()
    expect(await stage.redis.exists(hash, `${hash}:queues`)).toBe(0)
    expect(await stage.redis.smembers(stage.key('servers'))).toEqual([])
  })

  it('takes from its queues in order, and wakes up when something comes', async ({ expect }) => {
    await using stage = await openStage(client)
    const order: string[] = []
    const first = await stage.enqueue('late 1', { queue: 'late' })
    await stage.enqueue('early 1', { queue: 'early' })
    const last = await stage.enqueue('early 2', { queue: 'early' })
    await stage.serve(
      [handle(echo, {}, ([text]) => void order.push(text))],
      { queues: ['early', 'late'], concurrency: 1 },
      { scanMs: 300_000 },
    )
    await expect.poll(async () => await stage.states(first)).toContain('Succeeded')
    expect(order).toEqual(['early 1', 'early 2', 'late 1'])
    expect(await stage.states(last)).toContain('Succeeded')
    const woken = await stage.enqueue('woken', { queue: 'late' })
    await expect.poll(async () => await stage.states(woken)).toContain('Succeeded')
  })

  it('runs as many at a time as it is allowed', async ({ expect }) => {
    await using stage = await openStage(client)
    let [now, most, ran] = [0, 0, 0]
    const ids = await Promise.all(Array.from({ length: 12 }, (_, i) => stage.enqueue(`${i}`)))
    const server = await stage.serve(
      [
        handle(echo, {}, async () => {
          now += 1
          most = Math.max(most, now)
          await stage.redis.ping()
          await expect.poll(() => server === undefined || most === 3).toBe(true)
          now -= 1
          ran += 1
        }),
      ],
      { concurrency: 3 },
    )
    await expect.poll(() => ran).toBe(ids.length)
    expect(most).toBe(3)
    await server.stop()
    for (const id of ids) expect(await stage.states(id)).toEqual(['Enqueued', 'Processing', 'Succeeded'])
  })

  it('puts a running job back when it stops, and another server runs it', async ({ expect }) => {
    await using stage = await openStage(client)
    const started = new EventTarget()
    let runs = 0
    const body = handle(echo, {}, async ([text], job) => {
      runs += 1
      if (runs > 1) return text
      started.dispatchEvent(new Event('started'))
      await once(job.signal, 'abort')
      throw job.signal.reason
    })
    const begun = once(started, 'started')
    const server = await stage.serve([body])
    const id = await stage.enqueue('again')
    await begun
    expect(server.running).toBe(1)
    await server.stop({ graceMs: 60_000 })
    expect(await stage.redis.lrange(stage.key('queue:node'), 0, -1)).toEqual([id])
    expect(await stage.redis.lrange(stage.key('queue:node:dequeued'), 0, -1)).toEqual([])
    expect(await stage.redis.hmget(stage.key(`job:${id}`), 'State', 'Fetched')).toEqual(['Enqueued', null])
    await stage.serve([body])
    await expect
      .poll(async () => await stage.states(id))
      .toEqual(['Enqueued', 'Processing', 'Enqueued', 'Processing', 'Succeeded'])
    expect(runs).toBe(2)
  })

  it('puts back what ignores its signal when the grace is over; what that returns is not recorded', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    const release = gate()
    let runs = 0
    const server = await stage.serve([
      handle(echo, {}, async () => {
        runs += 1
        await release.opened
      }),
    ])
    const id = await stage.enqueue('deaf')
    await expect.poll(() => runs).toBe(1)
    await server.stop({ graceMs: 20 })
    release.open()
    expect(await stage.redis.lrange(stage.key('queue:node'), 0, -1)).toEqual([id])
    expect(await stage.states(id)).toEqual(['Enqueued', 'Processing', 'Enqueued'])
  })

  it('writes dates as the application does', async ({ expect }) => {
    await using stage = await openStage(client, { dialect: { dates: 'iso', typeNames: 'full' } })
    const server = await stage.serve([handle(echo, {}, ([text]) => text)])
    const id = await stage.enqueue('iso')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/
    const { history, unreadable } = await stage.job(id)
    expect(history.find(({ name }) => name === 'Processing')?.data.StartedAt).toMatch(iso)
    expect(await stage.redis.hget(stage.key(`server:${server.id}`), 'Heartbeat')).toMatch(iso)
    expect(unreadable).toEqual([])
  })

  it('H12: no job before its time, also where .NET has it in the queue early', async ({ expect }) => {
    await using stage = await openStage(client)
    let ranAt = 0
    await stage.serve(
      [
        handle(echo, {}, async () => {
          const [seconds, micros] = await stage.redis.time()
          ranAt = Number(seconds) * 1_000 + Number(micros) / 1_000
        }),
      ],
      { concurrency: 1 },
      // A server that finds it early waits for it: no later look would find it in time.
      { scanMs: 300_000 },
    )
    const id = randomUUID()
    let dueAt = 0
    await stage.enqueue('early', {
      id,
      state: (now) => {
        dueAt = Math.floor(now) + 700
        return { name: 'Scheduled', enqueueAt: dueAt, scheduledAt: Math.floor(now) }
      },
    })
    // A scheduler of .NET that takes `queue:id` out of the schedule in the second in which it is due.
    await stage.redis
      .multi()
      .zrem(stage.key('schedule'), id)
      .lpush(stage.key('queue:node'), id)
      .publish(stage.key('JobFetchChannel'), id)
      .exec()
    await expect.poll(async () => await stage.states(id)).toContain('Succeeded')
    expect(ranAt).toBeGreaterThanOrEqual(dueAt)
  })
})

it('one announcement is enough for all that came with it', async ({ expect }) => {
  await using redis = await startRedis()
  await using stage = await openStage('ioredis', {}, redis.url)
  const ids = await Promise.all(
    Array.from({ length: 3 }, (_, i) => stage.enqueue(`${i}`, { queue: 'elsewhere' })),
  )
  let inside = 0
  const all = gate()
  const body = handle(echo, {}, async () => {
    inside += 1
    if (inside === ids.length) all.open()
    await all.opened
  })
  const quiet = { heartbeatMs: 300_000, scanMs: 300_000, schedulers: { delayed: 300_000 } }
  await stage.serve([body], { concurrency: 3 }, quiet)
  // All workers have looked, and wait.
  let looks = ''
  await expect
    .poll(
      async () => {
        const before = looks
        looks = /cmdstat_evalsha:calls=\d+/.exec(await stage.redis.info('commandstats'))?.[0] ?? ''
        return looks !== '' && looks === before
      },
      { interval: 100 },
    )
    .toBe(true)
  await stage.redis
    .multi()
    .lpush(stage.key('queue:node'), ...ids)
    .publish(stage.key('JobFetchChannel'), ids[0] ?? '')
    .exec()
  for (const id of ids) await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
})
