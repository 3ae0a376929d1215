import { randomUUID } from 'node:crypto'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { createHangfire } from '../../src/index.ts'
import { review } from './review-job.ts'
import { serveReviews } from './server.ts'

it('the server of the README runs its job, and ends', async () => {
  const redis = new Redis(process.env['REDIS_URL'] ?? '')
  const hangfire = createHangfire({ client: ioredisClient(redis), dates: 'ms', typeNames: 'simple' })
  const stop = new AbortController()
  onTestFinished(async () => {
    await hangfire.close()
    redis.disconnect()
  })
  // There is a job already, which shows the dialect.
  const id = await hangfire.jobs.enqueue(review, [randomUUID(), 'acme/web', null])
  const seen: string[] = []
  const served = serveReviews(
    redis,
    (repository) => {
      seen.push(repository)
      return Promise.resolve(42)
    },
    stop.signal,
  )
  await expect
    .poll(async () => (await hangfire.monitor.job(id))?.details)
    .toMatchObject({ name: 'Succeeded', result: '42' })
  const [console] = await hangfire.monitor.console(id)
  expect(console?.bars).toEqual([expect.objectContaining({ percent: 40 })])
  stop.abort()
  await served
  expect(seen).toEqual(['acme/web'])
  const { servers } = await hangfire.monitor.servers()
  expect(servers.filter(({ queues }) => queues.includes('node'))).toEqual([])
  await redis.del(...(await redis.keys(`*${id}*`)), '{hangfire}:queue:node')
  await redis.lrem('{hangfire}:succeeded', 0, id)
})
