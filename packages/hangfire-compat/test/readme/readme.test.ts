import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { decodeCall, encodeCall } from '../../src/jobs/job-definition.ts'
import { reviewAlone } from './locks.ts'
import { review } from './review-job.ts'

it('the job of the README travels', () => {
  const values = ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'acme/web', { Model: 'x' }] as const
  const call = encodeCall(review, values, { dates: 'ms', typeNames: 'simple' })
  expect(decodeCall(review, call)).toEqual(values)
  expect(call.arguments).toEqual([
    '"3f2504e0-4f89-41d3-9a0c-0305e82c3301"',
    '"acme/web"',
    '{"Model":"x"}',
    null,
  ])
})

it("the lock of the README is .NET's", async () => {
  const redis = new Redis(process.env['REDIS_URL'] ?? '')
  onTestFinished(() => redis.disconnect())
  const key = '{hangfire}:AiReviewJobs.ProcessReviewAsync'
  await reviewAlone(redis, async (signal) => {
    expect(signal.aborted).toBe(false)
    expect(await redis.exists(key)).toBe(1)
  })
  expect(await redis.exists(key)).toBe(0)
})
