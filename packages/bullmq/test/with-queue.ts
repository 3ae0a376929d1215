import { randomUUID } from 'node:crypto'
import { type Holdfast, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { type Job, type Processor, Queue, Worker, type WorkerOptions } from 'bullmq'
import { Redis } from 'ioredis'
import { type TestContext, vi } from 'vitest'

/** A queue, and a Holdfast on the same Redis. All of it is gone at the end of the test. */
export function queueOf({ onTestFinished }: TestContext) {
  const redis = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null })
  const queue = new Queue(`queue-${randomUUID()}`, { connection: redis })
  const workers: Worker[] = []
  const instances: Holdfast[] = []
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.close(true)))
    await Promise.all(instances.map((holdfast) => holdfast.close()))
    await queue.obliterate({ force: true })
    await queue.close()
    await redis.quit()
  })
  const open = (): Holdfast => {
    const holdfast = createHoldfast({ storage: ioredisStorage(redis) })
    instances.push(holdfast)
    return holdfast
  }
  return {
    redis,
    queue,
    open,
    holdfast: open(),
    start(processor: Processor, options: Partial<WorkerOptions> = {}): Worker {
      const worker = new Worker(queue.name, processor, {
        connection: redis,
        concurrency: 10,
        drainDelay: 1,
        maxStalledCount: 1_000,
        ...options,
      })
      worker.on('error', () => undefined)
      workers.push(worker)
      return worker
    },
    async ends({ id = '' }: Job): Promise<Job> {
      const over = ['completed', 'failed']
      await vi.waitUntil(async () => over.includes(await queue.getJobState(id)), {
        timeout: 60_000,
        interval: 20,
      })
      return (await queue.getJob(id)) as Job
    },
  }
}
