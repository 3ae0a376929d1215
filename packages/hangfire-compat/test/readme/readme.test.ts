import { Redis } from 'ioredis'
import { expect, it, onTestFinished, vi } from 'vitest'
import { decodeCall, encodeCall } from '../../src/jobs/job-definition.ts'
import { hangfireKeys } from '../../src/wire/keys.ts'
import { reviewInDotnet } from './client.ts'
import { reviewAlone } from './locks.ts'
import { follow } from './monitor.ts'
import { planDigest } from './recurring.ts'
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

it('the client of the README enqueues a job and the one after it, in the dialect of .NET', async () => {
  const redis = new Redis(process.env['REDIS_URL'] ?? '')
  onTestFinished(() => redis.disconnect())
  const keys = hangfireKeys('{hangfire}:')
  // A server of .NET and a job show how it writes.
  const [server, sample] = [keys.server('readme'), keys.job('sample')]
  await redis.sadd(keys.servers, 'readme')
  await redis.hset(server, { StartedAt: '1795906388161' })
  await redis.hset(sample, { Type: 'Acme.Mail, Acme', CreatedAt: '1795906388161' })
  await redis.zadd(keys.failed, 1, 'sample')
  const id = await reviewInDotnet(redis, '3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'acme/web')
  const [list = ''] = await redis.hmget(keys.job(id), 'Continuations')
  const [{ JobId: child } = { JobId: '' }] = JSON.parse(list ?? '') as { JobId: string }[]
  onTestFinished(async () => {
    const made = [id, child].flatMap((each) => [keys.job(each), keys.jobState(each), keys.jobHistory(each)])
    await redis.del(server, sample, keys.servers, keys.failed, keys.queues, keys.queue('ai-review'), ...made)
  })
  expect(await redis.hmget(keys.job(id), 'State', 'Queue', 'Type')).toEqual([
    'Enqueued',
    'ai-review',
    'Acme.Reviews.AiReviewJobs, Acme.Reviews',
  ])
  expect(await redis.hmget(keys.job(child), 'State', 'Arguments')).toEqual([
    'Awaiting',
    JSON.stringify(['"acme/web is reviewed"']),
  ])
})

it('the recurring job of the README has its next time, and has made a job', async () => {
  const redis = new Redis(process.env['REDIS_URL'] ?? '')
  onTestFinished(() => redis.disconnect())
  const keys = hangfireKeys('{node-jobs}:')
  const from = Date.now()
  const id = (await planDigest(redis)) ?? ''
  const [scheduled = '', due] = await redis.zrange(keys.schedule, '0', '0', 'WITHSCORES')
  onTestFinished(async () => {
    const made = [id, scheduled].flatMap((each) => [
      keys.job(each),
      keys.jobState(each),
      keys.jobHistory(each),
    ])
    const lists = [keys.queue('mails'), keys.queues, keys.schedule, keys.recurringJobs]
    await redis.del(keys.recurringJob('digest'), ...lists, ...made)
  })
  // Whole seconds, rounded up.
  expect(Number(due) * 1_000).toBeGreaterThanOrEqual(from + 60_000)
  const { Cron, LastJobId, NextExecution } = await redis.hgetall(keys.recurringJob('digest'))
  expect([Cron, LastJobId]).toEqual(['0 7 * * 1-5', id])
  const next = new Date(Number(NextExecution))
  const inParis = { timeZone: 'Europe/Paris', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  expect(next.toLocaleTimeString('en-US', inParis)).toBe('07:00')
  expect(await redis.lrange(keys.queue('mails'), 0, -1)).toEqual([id])
})
