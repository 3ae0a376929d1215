import { randomUUID } from 'node:crypto'
import { type Job, Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { Processes } from '../src/processes.ts'
import type { QueuedWork } from '../src/queue-worker.ts'

const connection = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null })
afterAll(() => connection.quit())

/** A queue with worker processes; all of it is gone at the end of the test. */
function createWorld({ expect, onTestFinished }: TestContext) {
  const queue = new Queue<QueuedWork, string>(`queue-${randomUUID()}`, { connection })
  const processes = new Processes()
  onTestFinished(async () => {
    await processes[Symbol.asyncDispose]()
    await queue.obliterate({ force: true })
    await queue.close()
  })
  return {
    queue,
    processes,
    /** Leases last longer than BullMQ's locks. */
    start: (processor: 'once' | 'plain' = 'once', leaseMs = 3_000) =>
      processes.startQueueWorker({ queue: queue.name, processor, leaseMs }),
    add: (data: QueuedWork, attempts = 1) => queue.add('work', data, { attempts }),
    async ends({ id = '' }: Job): Promise<Job> {
      await expect.poll(() => queue.getJobState(id)).toMatch(/^(completed|failed)$/)
      return (await queue.getJob(id)) as Job
    },
    /** How often the body has started, and how often it has ended. */
    runs: () => [processes.sights('ran').length, processes.sights('did').length],
  }
}

describe.concurrent('BullMQ', () => {
  it('without the processor of the guide: a killed worker costs all attempts, and the work is never done', async (test) => {
    const { processes, start, add, ends, runs } = createWorld(test)
    const owner = await start('plain', 60_000)
    const job = await add({ key: 'a', held: true }, 3)
    await processes.until('ran')
    owner.kill('SIGKILL')
    await start('plain', 60_000)
    const { failedReason, attemptsMade } = await ends(job)
    expect([failedReason, attemptsMade]).toEqual([expect.stringContaining('is in progress'), 3])
    expect(runs()).toEqual([1, 0])
  })

  it('a killed worker has a successor, and its duplicates spend no attempt', async (test) => {
    const { processes, start, add, ends, runs } = createWorld(test)
    const owner = await start()
    const job = await add({ key: 'a', held: true })
    await processes.until('ran')
    const duplicate = await add({ key: 'a', held: true })
    owner.kill('SIGKILL')
    await start()
    for (const { returnvalue, attemptsMade } of [await ends(job), await ends(duplicate)]) {
      expect([returnvalue, attemptsMade]).toEqual(['attempt 2', 1])
    }
    expect(runs()).toEqual([2, 1])
  })

  it('a job that stalls while its worker continues is done once', async (test) => {
    const { queue, processes, start, add, ends, runs } = createWorld(test)
    const owner = await start('once', 60_000)
    const job = await add({ key: 'a', held: true })
    await processes.until('ran')
    owner.kill('SIGSTOP')
    await start()
    await processes.until('stalled')
    // The other worker has it now, and finds it in progress.
    await test.expect.poll(() => queue.getJobState(job.id ?? '')).toBe('delayed')
    owner.kill('SIGCONT')
    owner.send('go on')
    const { returnvalue, attemptsMade } = await ends(job)
    expect([returnvalue, attemptsMade]).toEqual(['attempt 1', 1])
    expect(runs()).toEqual([1, 1])
  })

  it('failures are retried as the queue says', async (test) => {
    const { start, add, ends } = createWorld(test)
    await start()
    const [retried, exhausted] = await Promise.all([
      add({ key: 'a', failures: 2 }, 3),
      add({ key: 'b', failures: 2 }, 2),
    ])
    const { returnvalue, attemptsMade } = await ends(retried)
    expect([returnvalue, attemptsMade]).toEqual(['attempt 3', 3])
    const { failedReason } = await ends(exhausted)
    expect(failedReason).toBe('failure 2')
  })
  it('a worker that is frozen beyond its lease changes nothing of what its successor did', async (test) => {
    const { processes, start, add, ends } = createWorld(test)
    const owner = await start()
    const job = await add({ key: 'a', held: true })
    await processes.until('ran')
    owner.kill('SIGSTOP')
    await start()
    expect((await ends(job)).returnvalue).toBe('attempt 2')
    owner.kill('SIGCONT')
    owner.send('go on')
    await processes.until('error') // BullMQ, of the job that this worker has no more
    const { returnvalue, attemptsMade } = await ends(job)
    expect([returnvalue, attemptsMade]).toEqual(['attempt 2', 1])
  })

  it('a failure for good is the failure of each duplicate, and takes no attempts', async (test) => {
    const { start, add, ends, runs } = createWorld(test)
    await start()
    for (const job of [await add({ key: 'a', fatal: true }, 3), await add({ key: 'a', fatal: true }, 3)]) {
      const { failedReason, attemptsMade } = await ends(job)
      expect([failedReason, attemptsMade]).toEqual(['fatal', 1])
    }
    expect(runs()).toEqual([1, 0])
  })
})
