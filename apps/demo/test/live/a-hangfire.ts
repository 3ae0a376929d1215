import { type Hangfire, createHangfire } from '@holdfast/hangfire-compat'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { RedisNode } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import type { TestContext } from 'vitest'
import { reviewJob } from '../../src/hangfire/review-job.ts'
import { type ObservedWorld, aWorld } from './a-world.ts'
import type { WorldOptions } from '../../src/live/options.ts'

/** A Hangfire that no .NET server is at, and another client of it: what a .NET application would be. */
export interface AHangfire {
  readonly redis: RedisNode
  readonly hangfire: Hangfire
}

/** A world whose reviews go through it. */
export interface HangfireWorld extends ObservedWorld, AHangfire {
  /** The other client asks for a review. Resolves to the job. */
  readonly ask: (range: string, repository?: string) => Promise<string>
  /** The states that the job had, oldest first, and the last with what it says. */
  readonly statesOf: (jobId: string) => Promise<readonly string[]>
  readonly endOf: (jobId: string) => Promise<Readonly<Record<string, string | undefined>>>
}

const PREFIX = '{hangfire}:'

export async function aHangfire({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<AHangfire> {
  const redis = await RedisNode.start({ durable: true })
  onTestFinished(() => redis.stop())
  const client = new Redis(redis.url)
  client.on('error', () => undefined)
  onTestFinished(() => client.disconnect())
  const hangfire = createHangfire({
    client: ioredisClient(client),
    prefix: PREFIX,
    dates: 'ms',
    typeNames: 'simple',
  })
  onTestFinished(() => hangfire.close())
  return { redis, hangfire }
}

export async function aHangfireWorld(
  context: Pick<TestContext, 'onTestFinished'>,
  options: Partial<WorldOptions> = {},
): Promise<HangfireWorld> {
  const { redis, hangfire } = await aHangfire(context)
  const observed = await aWorld(context, {
    instances: 2,
    hangfire: { url: redis.url, prefix: PREFIX, dashboard: null },
    ...options,
  })
  const name = observed.world.state().repository.name
  return {
    ...observed,
    redis,
    hangfire,
    ask: (range, repository = name) => hangfire.jobs.enqueue(reviewJob, [repository, range]),
    statesOf: async (jobId) =>
      ((await hangfire.monitor.job(jobId))?.history ?? []).map((entry) => entry.name).toReversed(),
    endOf: async (jobId) => (await hangfire.monitor.job(jobId))?.stored?.data ?? {},
  }
}
