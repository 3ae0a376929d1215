/** The verbs of the C# service in Node, and what excludes what while .NET works on the same Redis. */
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import {
  createBoth,
  type Review,
  recountBesideDotnet,
  review,
  reviewBesideDotnet,
  reviewByVerbs,
} from '../../migration/from-csharp.ts'

const redis = new Redis(process.env['REDIS_URL'] ?? '')
const prefix = `{hangfire-${randomUUID()}}:`
const { holdfast, hangfire } = createBoth(redis, prefix)

afterAll(async () => {
  await hangfire.close()
  await holdfast.close()
  redis.disconnect()
})

const job = (pullRequest: number): Review => ({ repository: 'acme/web', pullRequest })

/** What .NET's storage writes for a lock, and deletes: `tests/dotnet` holds that against a live one. */
async function whileDotnetHolds(resource: string, body: () => Promise<void>): Promise<void> {
  const key = `${prefix}${resource}`
  expect(await redis.set(key, randomUUID(), 'PX', 600_000, 'NX')).toBe('OK')
  await body()
  await redis.del(key)
}

describe('the verbs', () => {
  it('run the job, and answer null within the window', async () => {
    expect(await reviewByVerbs(holdfast, job(1), async () => 3)).toBe(3)
    expect(await reviewByVerbs(holdfast, job(1), async () => 4)).toBeNull()
    expect(await holdfast.idempotency.getExecutionStatus('AIReview', 'acme/web/1')).toMatchObject({
      status: 'completed',
      progressPercentage: 100,
      result: { findings: 3 },
    })
  })

  it('record a failure, and the next start runs the job again', async () => {
    const failed = reviewByVerbs(holdfast, job(2), async () => Promise.reject(new Error('429')))
    await expect(failed).rejects.toThrow('429')
    expect(await holdfast.idempotency.getExecutionStatus('AIReview', 'acme/web/2')).toMatchObject({
      status: 'failed',
      errorMessage: '429',
    })
    expect(await reviewByVerbs(holdfast, job(2), async () => 5)).toBe(5)
  })

  it('are one call with run, which answers with the recorded result', async () => {
    expect(await review(holdfast, job(3), async () => 6)).toBe(6)
    expect(await review(holdfast, job(3), async () => 7)).toBe(6)
  })
})

describe('beside .NET', () => {
  it('the body in Node starts when the job in .NET has ended, and holds the lock of .NET', async () => {
    const resource = 'AiReviewJobs.ProcessReviewAsync'
    let there: number | undefined
    let node: Promise<number> | undefined
    await whileDotnetHolds(resource, async () => {
      node = reviewBesideDotnet(hangfire, holdfast, job(4), async () => {
        there = await redis.exists(`${prefix}${resource}`)
        return 8
      })
      for (let i = 0; i < 20; i += 1) await redis.ping()
      expect(await holdfast.idempotency.getExecutionStatus('AIReview', 'acme/web/4')).toBeNull()
    })
    expect(await node).toBe(8)
    expect(there).toBe(1)
    expect(await redis.exists(`${prefix}${resource}`)).toBe(0)
  })

  it('a lock that is no job’s excludes .NET and the other processes in Node', async () => {
    let node: Promise<number> | undefined
    await whileDotnetHolds('stock:42', async () => {
      node = recountBesideDotnet(hangfire, holdfast, async () => {
        expect(await redis.exists(`${prefix}stock:42`)).toBe(1)
        return (await holdfast.locks.tryAcquire('stock:42')) === null ? 9 : 0
      })
      for (let i = 0; i < 20; i += 1) await redis.ping()
      await using lease = await holdfast.locks.tryAcquire('stock:42')
      expect(lease).not.toBeNull() // the inner lock is free: Node waits for .NET's
    })
    expect(await node).toBe(9)
  })
})
