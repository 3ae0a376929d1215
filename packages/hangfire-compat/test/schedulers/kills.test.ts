import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import type { RedisClient } from '@holdfast/redis-protocol'
import type { BackgroundProcess } from '../../src/schedulers/background-process.ts'
import { startDelayedScheduler } from '../../src/schedulers/delayed-scheduler.ts'
import { startFetchedWatcher } from '../../src/schedulers/fetched-watcher.ts'
import { startRecurringScheduler } from '../../src/schedulers/recurring-scheduler.ts'
import type { SchedulerOptions } from '../../src/schedulers/scheduler-options.ts'
import type { HangfireContext } from '../../src/storage/context.ts'
import { createJob } from '../../src/transitions/create-job.ts'
import { eventually } from '../eventually.ts'
import { fresh, openNode } from './open-node.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

/** More than a scheduler here sends before it has nothing left to do. */
const MOST_COMMANDS = 40

interface Case {
  readonly name: string
  readonly start: (context: HangfireContext, options: SchedulerOptions) => BackgroundProcess
  /** Makes work in a prefix. */
  readonly prepare: (prefix: string) => Promise<void>
  /** What is left of it, until it is []. */
  readonly left: (prefix: string) => Promise<readonly string[]>
  /** Once all is done. */
  readonly check: (prefix: string) => Promise<void>
}

const invocation = {
  type: 'Acme.Mail, Acme',
  method: 'Send',
  parameterTypes: [],
  arguments: [],
  queue: 'mail',
}
const queued = (prefix: string): Promise<string[]> => admin.lrange(`${prefix}queue:mail`, 0, -1)
/** Half an hour ago, so that no recurring job is due again while the tests run. */
const due = Math.floor((Date.now() - 1_800_000) / 60_000) * 60_000

const cases: readonly Case[] = [
  {
    name: 'the delayed scheduler',
    start: startDelayedScheduler,
    async prepare(prefix) {
      await using node = await openNode(url, prefix)
      for (let i = 0; i < 3; i += 1)
        await createJob(node.context, {
          id: randomUUID(),
          invocation,
          steps: (now) => [{ name: 'Scheduled', scheduledAt: now, enqueueAt: now - 1_000 }],
        })
      await admin.sadd(`${prefix}prepared`, ...(await admin.zrange(`${prefix}schedule`, '0', '-1')))
    },
    left: (prefix) => admin.zrange(`${prefix}schedule`, '0', '-1'),
    async check(prefix) {
      expect((await queued(prefix)).toSorted()).toEqual(
        (await admin.smembers(`${prefix}prepared`)).toSorted(),
      )
      for (const id of await queued(prefix)) expect(await admin.llen(`${prefix}job:${id}:history`)).toBe(2)
    },
  },
  {
    name: 'the watcher of fetched jobs',
    // Its second pass ends what the first has marked: with a shorter pause a fast machine has passes between the two.
    start: (context, options) =>
      startFetchedWatcher(context, {
        ...options,
        intervalMs: 100,
        limits: { invisibilityMs: 60_000, checkedMs: 50 },
      }),
    async prepare(prefix) {
      const ids = [randomUUID(), randomUUID(), randomUUID()]
      await admin.sadd(`${prefix}queues`, 'mail')
      await admin.lpush(`${prefix}queue:mail:dequeued`, ...ids)
      for (const id of ids) await admin.hset(`${prefix}job:${id}`, { Type: 'T, A', State: 'Processing' })
      await admin.hset(`${prefix}job:${ids[0] ?? ''}`, { Fetched: '1795906647840' })
      await admin.sadd(`${prefix}prepared`, ...ids)
    },
    left: (prefix) => admin.lrange(`${prefix}queue:mail:dequeued`, 0, -1),
    async check(prefix) {
      expect((await queued(prefix)).toSorted()).toEqual(
        (await admin.smembers(`${prefix}prepared`)).toSorted(),
      )
    },
  },
  {
    name: 'the recurring scheduler',
    start: startRecurringScheduler,
    async prepare(prefix) {
      await admin.hset(`${prefix}recurring-job:mail`, {
        Cron: `${new Date(due).getUTCMinutes()} * * * *`,
        Job: '{"t":"Acme.Mail, Acme","m":"Send","q":"mail"}',
        NextExecution: String(due - 2 * 3_600_000),
        Misfire: '1',
        V: '2',
      })
      await admin.zadd(`${prefix}recurring-jobs`, '1', 'mail')
    },
    left: async (prefix) => await admin.zrangebyscore(`${prefix}recurring-jobs`, 0, due / 1_000),
    async check(prefix) {
      const times = (await queued(prefix)).map((id) => admin.hget(`${prefix}job:${id}`, 'Time'))
      expect(await Promise.all(times)).toEqual([0, 1, 2].map((ago) => String(due / 1_000 - ago * 3_600)))
      expect(await admin.hmget(`${prefix}recurring-job:mail`, 'LastExecution', 'LastJobId')).toEqual([
        String(due),
        (await queued(prefix))[0],
      ])
    },
  },
]

/** A process that is gone after so many commands. `isReplyLost`: Redis runs the last one, too. */
function dyingAfter(
  commands: number,
  isReplyLost: boolean,
): { around: (client: RedisClient) => RedisClient; isDead: () => boolean } {
  let sent = 0
  const around = (client: RedisClient): RedisClient => ({
    ...client,
    async send(args, key) {
      sent += 1
      if (sent <= commands) return await client.send(args, key)
      if (sent === commands + 1 && isReplyLost) await client.send(args, key)
      return await new Promise(() => {})
    },
  })
  return { around, isDead: () => sent > commands }
}

describe.concurrent.for(cases)('$name', ({ start, prepare, left, check }) => {
  it.for([false, true])(
    'killed between any two commands loses and doubles nothing; reply lost: %s',
    async (isReplyLost) => {
      let killed = 0
      const kill = async (commands: number): Promise<void> => {
        const prefix = fresh()
        await prepare(prefix)
        const { around, isDead } = dyingAfter(commands, isReplyLost)
        const doomed = await openNode(url, prefix, { around, leaseMs: 500, callTimeoutMs: 300 })
        doomed.start(start, {})
        await eventually(async () => isDead() || (await left(prefix)).length === 0, true)
        // On a busy machine it goes on looking after its work is done.
        if (isDead() && (await left(prefix)).length > 0) killed += 1
        await using node = await openNode(url, prefix)
        node.start(start, {})
        await eventually(() => left(prefix), [])
        await doomed[Symbol.asyncDispose]()
        await check(prefix)
        expect(node.errors).toEqual([])
      }
      for (let from = 0; from < MOST_COMMANDS; from += 10)
        await Promise.all(Array.from({ length: 10 }, (_, i) => kill(from + i)))
      expect(killed).toBeGreaterThanOrEqual(8)
      expect(killed).toBeLessThan(MOST_COMMANDS)
    },
  )
})
