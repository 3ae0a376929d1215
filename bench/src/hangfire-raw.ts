/**
 * The raw client: the commands that a job on Hangfire's keys needs, in transactions, and nothing else. It looks at nothing first, asks
 * for no lock, and loses a job with the process that took it.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { CONCURRENCY, QUEUE } from './hangfire-sides.ts'

const PREFIX = '{hangfire}:'
const CHANNEL = `${PREFIX}JobFetchChannel`
const KEPT_S = 86_400
const IDLE_MS = 20

const historyOf = (fields: Readonly<Record<string, string>>): string =>
  JSON.stringify({ ...fields, CreatedAt: String(Date.now()) })

export function rawHangfire(redis: Redis): { enqueue(): Promise<unknown>; serve(): Promise<unknown> } {
  const keyOf = (id: string): string => `${PREFIX}job:${id}`

  async function enqueue(): Promise<void> {
    const id = randomUUID()
    const now = String(Date.now())
    const state = { State: 'Enqueued', EnqueuedAt: now, Queue: QUEUE }
    await redis
      .multi()
      .hset(keyOf(id), {
        Type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
        Method: 'Empty',
        ParameterTypes: '[]',
        Arguments: '[]',
        CreatedAt: now,
        State: 'Enqueued',
      })
      .hset(`${keyOf(id)}:state`, state)
      .rpush(`${keyOf(id)}:history`, historyOf(state))
      .sadd(`${PREFIX}queues`, QUEUE)
      .lpush(`${PREFIX}queue:${QUEUE}`, id)
      .publish(CHANNEL, id)
      .exec()
  }

  async function start(id: string): Promise<void> {
    const now = String(Date.now())
    const state = { State: 'Processing', StartedAt: now, ServerId: 'raw', WorkerId: 'raw' }
    await redis
      .multi()
      .hset(keyOf(id), 'State', 'Processing', 'Fetched', now)
      .del(`${keyOf(id)}:state`)
      .hset(`${keyOf(id)}:state`, state)
      .rpush(`${keyOf(id)}:history`, historyOf(state))
      .zadd(`${PREFIX}processing`, now, id)
      .exec()
  }

  async function end(id: string): Promise<void> {
    const now = String(Date.now())
    const state = { State: 'Succeeded', SucceededAt: now, PerformanceDuration: '0', Latency: '0' }
    const [day, hour] = [new Date().toISOString().slice(0, 10), new Date().toISOString().slice(0, 13)]
    await redis
      .multi()
      .hset(keyOf(id), 'State', 'Succeeded')
      .hdel(keyOf(id), 'Fetched')
      .del(`${keyOf(id)}:state`)
      .hset(`${keyOf(id)}:state`, state)
      .rpush(`${keyOf(id)}:history`, historyOf(state))
      .zrem(`${PREFIX}processing`, id)
      .lrem(`${PREFIX}queue:${QUEUE}:dequeued`, -1, id)
      .lpush(`${PREFIX}succeeded`, id)
      .ltrim(`${PREFIX}succeeded`, 0, 499)
      .incr(`${PREFIX}stats:succeeded`)
      .incr(`${PREFIX}stats:succeeded:${day}`)
      .incr(`${PREFIX}stats:succeeded:${hour}`)
      .expire(keyOf(id), KEPT_S)
      .expire(`${keyOf(id)}:state`, KEPT_S)
      .expire(`${keyOf(id)}:history`, KEPT_S)
      .exec()
  }

  async function work(): Promise<never> {
    for (;;) {
      const queue = `${PREFIX}queue:${QUEUE}`
      const id = await redis.rpoplpush(queue, `${queue}:dequeued`)
      if (id === null) await sleep(IDLE_MS)
      else {
        await start(id)
        await end(id)
      }
    }
  }

  return {
    enqueue,
    async serve() {
      for (let i = 0; i < CONCURRENCY; i += 1) void work()
    },
  }
}
