/** A Node process of `hangfire.ts`: `hangfire-worker.ts <holdfast|raw> <url>`, messages say what to do. */
import { createHoldfast } from '@holdfast/core'
import { createHangfire, defineHangfireJob, handle } from '@holdfast/hangfire-compat'
import { ioredisClient, ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'
import { rawHangfire } from './hangfire-raw.ts'
import { CONCURRENCY, QUEUE } from './hangfire-sides.ts'

type HangfireTask =
  | { readonly run: 'enqueue'; readonly count: number; readonly inFlight: number }
  /** Until the process ends. */
  | { readonly run: 'serve' }

interface HangfireContender {
  enqueue(): Promise<unknown>
  serve(): Promise<unknown>
}

const [, , name = '', url = ''] = process.argv
const redis = new Redis(url)
// What is said of it by the calls that need it.
redis.on('error', () => {})

function holdfastHangfire(): HangfireContender {
  const empty = defineHangfireJob({
    type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
    method: 'Empty',
    queue: QUEUE,
    parameters: [],
  })
  // Redis is empty: it does not show how .NET writes.
  const hangfire = createHangfire({ client: ioredisClient(redis), dates: 'ms', typeNames: 'simple' })
  return {
    enqueue: () => hangfire.jobs.enqueue(empty, []),
    serve: () => {
      const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'bench' })
      return hangfire.serve({ queues: [QUEUE], concurrency: CONCURRENCY, holdfast }, [
        handle(empty, {}, () => {}),
      ])
    },
  }
}

const contender = name === 'raw' ? rawHangfire(redis) : holdfastHangfire()

async function perform(task: HangfireTask): Promise<unknown> {
  if (task.run === 'serve') {
    await contender.serve()
    return undefined
  }
  const startedAt = performance.now()
  let left = task.count
  await Promise.all(
    Array.from({ length: task.inFlight }, async () => {
      while (left > 0) {
        left -= 1
        await contender.enqueue()
      }
    }),
  )
  return performance.now() - startedAt
}

process.on('disconnect', () => process.exit())
process.on('message', (task: HangfireTask) => {
  perform(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.('ready')
