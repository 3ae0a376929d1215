import { Redis } from 'ioredis'
import { expect, it, onTestFinished, vi } from 'vitest'
import { decodeCall, encodeCall } from '../../src/jobs/job-definition.ts'
import { reviewAlone } from './locks.ts'
import { follow } from './monitor.ts'
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

it('the job that the README follows is logged until it has ended', async () => {
  const redis = new Redis(process.env['REDIS_URL'] ?? '')
  onTestFinished(() => redis.disconnect())
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  onTestFinished(() => log.mockRestore())
  const [id, key] = ['readme', '{hangfire}:job:readme']
  onTestFinished(async () => void (await redis.del(key, `${key}:history`)))
  await redis.hset(key, { State: 'Succeeded', Queue: 'node', CreatedAt: '1795906388247' })
  await redis.rpush(`${key}:history`, '{"State":"Succeeded","Reason":"done","CreatedAt":"1795906388247"}')
  await follow(redis, id, new AbortController().signal)
  expect(log.mock.calls).toEqual([['Succeeded on node: done']])
})
