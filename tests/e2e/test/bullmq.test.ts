import { randomUUID } from 'node:crypto'
import { type Job, Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { Processes } from '../src/processes.ts'
import type { QueuedWork } from '../src/queue-worker.ts'

const connection = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null })
afterAll(() => connection.quit())

/** A queue with worker processes; all of it is gone at the end of the test. */
function createWorld(test: TestContext, bullmq: 5 | 6 = 6) {
  const queue = new Queue<QueuedWork, string>(`queue-${randomUUID()}`, { connection })
  const processes = new Processes()
  test.onTestFinished(async () => {
    await processes[Symbol.asyncDispose]()
    await queue.obliterate({ force: true })
    await queue.close()
  })
  return {
    queue,
    processes,
    /** Leases last longer than BullMQ's locks. */
    start: (processor: 'once' | 'plain' = 'once', leaseMs = 3_000) =>
      processes.startQueueWorker({ queue: queue.name, processor, leaseMs }, bullmq),
    add: (data: QueuedWork, attempts = 1) => queue.add('work', data, { attempts }),
    async ends({ id = '' }: Job): Promise<Job> {
      await test.expect.poll(() => queue.getJobState(id)).toMatch(/^(completed|failed)$/)
      return (await queue.getJob(id)) as Job
    },
    /** How often the body has started, and how often it has ended. */
    runs: () => [processes.sights('ran').length, processes.sights('did').length],
  }
}

/** Which attempt of BullMQ it is, how many have failed before, and how many there are. */
const ATTEMPTS = [
  ['first', 0, 3],
  ['retried', 1, 3],
  ['last', 1, 2],
] as const

describe.concurrent('BullMQ', () => {
  it('without withIdempotency: a killed worker costs all attempts, and the work is never done', async (test) => {
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

  describe.each([6, 5] as const)('%i', (bullmq) => {
    it.for(bullmq === 6 ? ATTEMPTS : ATTEMPTS.slice(-1))(
      'a worker killed at the %s attempt has a successor, and its duplicates spend no attempt',
      async ([, failures, attempts], test) => {
        const { processes, start, add, ends, runs } = createWorld(test, bullmq)
        const owner = await start()
        const job = await add({ key: 'a', failures, held: true }, attempts)
        await processes.until('ran', failures + 1)
        const duplicate = await add({ key: 'a', failures, held: true })
        owner.kill('SIGKILL')
        await start()
        const { returnvalue, attemptsMade } = await ends(job)
        expect([returnvalue, attemptsMade]).toEqual([`attempt ${failures + 2}`, failures + 1])
        const { returnvalue: same, attemptsMade: one } = await ends(duplicate)
        expect([same, one]).toEqual([`attempt ${failures + 2}`, 1])
        expect(runs()).toEqual([failures + 2, 1])
      },
    )

    it('a job that stalls while its worker continues is done once', async (test) => {
      const { queue, processes, start, add, ends, runs } = createWorld(test, bullmq)
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

    it('a worker that is frozen beyond its lease changes nothing of what its successor did', async (test) => {
      const { processes, start, add, ends } = createWorld(test, bullmq)
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
