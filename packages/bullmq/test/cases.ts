import { once } from 'node:events'
import type { ExecutionContext } from '@holdfast/core'
import { FlowProducer, type Job, RateLimitError, UnrecoverableError, WaitingChildrenError } from 'bullmq'
import { describe, expect, it, vi } from 'vitest'
import { slotOf, withIdempotency } from '../src/index.ts'
import { queueOf } from './with-queue.ts'

interface Order {
  readonly orderId: string
}

/** What a job of one queue does, on the version of BullMQ that the file has. */
export function workerCases(version: string): void {
  describe.concurrent(`BullMQ ${version}`, () => {
    it('two jobs of one key are one run, and both have its result', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      let runs = 0
      const draw = async (job: Job<Order>): Promise<object> => ({
        number: job.data.orderId,
        run: (runs += 1),
      })
      start(withIdempotency(draw, { idempotency: holdfast.idempotency, key: ({ data }) => data.orderId }))
      const jobs = await Promise.all(['a', 'a', 'b'].map((orderId) => queue.add('draw', { orderId })))
      const [one, two, three] = await Promise.all(jobs.map(ends))
      expect(one?.returnvalue).toEqual(two?.returnvalue)
      expect(three?.returnvalue).toMatchObject({ number: 'b' })
      expect(runs).toBe(2)
    })

    it('without a key each job is work, also one with an id that was used before; a scheduler has slots', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      const keys: string[] = []
      start(
        withIdempotency(
          async (_job: Job, _token, _signal, { jobType, jobKey }) => keys.push(`${jobType} ${jobKey}`),
          {
            idempotency: holdfast.idempotency,
          },
        ),
      )
      const first = await ends(await queue.add('a', 1, { jobId: 'mine' }))
      await first.remove()
      await vi.waitUntil(() => Date.now() > first.timestamp)
      const second = await ends(await queue.add('a', 1, { jobId: 'mine' }))
      const slot = await ends(
        (await queue.upsertJobScheduler('daily', { every: 86_400_000 }, { name: 'b' })) as Job,
      )
      const at = slotOf(slot)?.getTime() ?? 0
      expect(keys).toEqual([
        `${queue.name}:a mine@${new Date(first.timestamp).toISOString()}`,
        `${queue.name}:a mine@${new Date(second.timestamp).toISOString()}`,
        `${queue.name}:b repeat:daily:${at}`,
      ])
      expect(Math.abs(at - Date.now())).toBeLessThan(86_400_001)
    })

    it("key: 'data' counts equal data as one work, in whatever order, and other data as another", async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      let runs = 0
      start(withIdempotency(async () => (runs += 1), { idempotency: holdfast.idempotency, key: 'data' }))
      const data = [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1 }]
      const jobs = await Promise.all(
        (await queue.addBulk(data.map((each) => ({ name: 'n', data: each })))).map(ends),
      )
      expect(jobs[0]?.returnvalue).toBe(jobs[1]?.returnvalue)
      expect(runs).toBe(2)
    })

    it('a key with another fingerprint fails for good, with its code', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      const { idempotency } = holdfast
      start(withIdempotency(async () => 1, { idempotency, key: () => 'k', fingerprint: ({ data }) => data }))
      await ends(await queue.add('n', { a: 1 }))
      const { failedReason, attemptsMade } = await ends(await queue.add('n', { a: 2 }, { attempts: 5 }))
      expect(failedReason).toMatch(/^FINGERPRINT_MISMATCH: /)
      expect(attemptsMade).toBe(1)
    })

    it('a failure for good is one for each job of the work; another failure is an attempt', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      const { idempotency } = holdfast
      let runs = 0
      const work = async (job: Job): Promise<string> => {
        runs += 1
        if (job.name === 'unrecoverable') throw new UnrecoverableError('no such order')
        if (job.name === 'final') throw new TypeError('no such order')
        if (job.attemptsMade < 2) throw new Error('busy')
        return 'done'
      }
      const classifyError = (error: unknown) => (error instanceof TypeError ? { final: true } : undefined)
      start(withIdempotency(work, { idempotency, key: () => 'k', classifyError }))
      for (const name of ['unrecoverable', 'unrecoverable', 'final', 'final']) {
        const { failedReason, attemptsMade } = await ends(await queue.add(name, {}, { attempts: 3 }))
        expect([failedReason, attemptsMade]).toEqual(['no such order', 1])
      }
      expect(runs).toBe(2)
      const { returnvalue, attemptsMade } = await ends(await queue.add('busy', {}, { attempts: 3 }))
      expect([returnvalue, attemptsMade, runs]).toEqual(['done', 3, 5])
    })

    it('retryAfterMs delays whichever job comes sooner, and that is no attempt', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      const { idempotency } = holdfast
      const before = await idempotency.begin('shared', 'k')
      if (before.status === 'started')
        await before.execution.markFailure(new Error('later'), { retryAfterMs: 500 })
      const failedAt = (await idempotency.getExecutionStatus('shared', 'k'))?.endTime?.getTime() ?? Infinity
      const work = async (_job: Job, _token: unknown, _signal: unknown, execution: ExecutionContext) =>
        execution.startTime.getTime() - failedAt
      start(withIdempotency(work, { idempotency, key: () => 'k', jobType: 'shared' }))
      const { returnvalue, attemptsMade } = await ends(await queue.add('n', {}))
      expect(returnvalue).toBeGreaterThanOrEqual(500)
      expect(attemptsMade).toBe(1)
    })

    it('a rate limit goes to BullMQ, and the next delivery is the same attempt with its checkpoint', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      const seen: unknown[] = []
      const worker = start(
        withIdempotency(
          async (_job: Job, _token, _signal, execution) => {
            seen.push([execution.attempt, execution.checkpoint])
            if (seen.length > 1) return 'done'
            await execution.saveCheckpoint('page 7')
            await worker.rateLimit(100)
            throw new RateLimitError()
          },
          { idempotency: holdfast.idempotency },
        ),
        { limiter: { max: 1, duration: 100 } },
      )
      const { returnvalue, attemptsMade } = await ends(await queue.add('n', {}))
      expect([returnvalue, attemptsMade]).toEqual(['done', 1])
      expect(seen).toEqual([
        [1, undefined],
        [1, 'page 7'],
      ])
    })

    it('progress shown on either goes to both', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      const { idempotency } = holdfast
      const onExecution: unknown[] = []
      start(
        withIdempotency(
          async (job: Job, _token, _signal, execution) => {
            const { jobType, jobKey } = execution
            const note = async (): Promise<void> => {
              const status = await idempotency.getExecutionStatus(jobType, jobKey)
              onExecution.push([status?.progressPercentage, status?.progressMessage])
            }
            await job.updateProgress(20)
            await vi.waitUntil(async () => {
              const status = await idempotency.getExecutionStatus(jobType, jobKey)
              return status?.progressPercentage === 20
            })
            await note()
            for (const percentage of [30, 40, 50]) void execution.updateProgress(percentage, 'drawing')
            await execution.saveCheckpoint(1)
            await note()
          },
          { idempotency, progressIntervalMs: 0 },
        ),
      )
      const { progress } = await ends(await queue.add('n', {}))
      expect(progress).toEqual({ percentage: 50, message: 'drawing' })
      expect(onExecution).toEqual([
        [20, null],
        [50, 'drawing'],
      ])
    })

    it('worker.cancelJob and requestCancel abort the signal, and the job fails for good', async (test) => {
      const { queue, holdfast, start, ends } = queueOf(test)
      const { idempotency } = holdfast
      const reasons: unknown[] = []
      const worker = start(
        withIdempotency(
          async (job: Job, _token, signal, execution) => {
            const aborted = once(signal, 'abort')
            if (job.name === 'by worker') worker.cancelJob(job.id ?? '', 'not wanted')
            else
              await idempotency.requestCancel(execution.jobType, execution.jobKey, { reason: 'not wanted' })
            await aborted
            reasons.push((signal.reason as { code: unknown }).code)
            throw signal.reason
          },
          { idempotency },
        ),
      )
      for (const name of ['by worker', 'by request']) {
        const { failedReason, attemptsMade } = await ends(await queue.add(name, {}, { attempts: 3 }))
        expect([failedReason, attemptsMade]).toEqual(['EXECUTION_CANCELLED: not wanted', 1])
      }
      expect(reasons).toEqual(['EXECUTION_CANCELLED', 'EXECUTION_CANCELLED'])
    })

    it("onLockLost: 'continue' lets the work end, and the next delivery has its result", async (test) => {
      const { redis, queue, holdfast, start, ends } = queueOf(test)
      let runs = 0
      const worker = start(
        withIdempotency(
          async (job: Job, _token, signal) => {
            runs += 1
            const missed = once(worker, 'lockRenewalFailed')
            await redis.del(`${job.queueQualifiedName}:${job.id}:lock`)
            await missed
            return signal.aborted ? 'aborted' : 'done'
          },
          { idempotency: holdfast.idempotency, onLockLost: 'continue' },
        ),
        { lockDuration: 60_000, lockRenewTime: 300, stalledInterval: 200 },
      )
      const { returnvalue, attemptsMade } = await ends(await queue.add('n', {}))
      expect([returnvalue, attemptsMade, runs]).toEqual(['done', 1, 1])
    })

    it('a Holdfast that closes hands its work over: no attempt is spent, nothing is lost', async (test) => {
      const { queue, holdfast, open, start, ends } = queueOf(test)
      let hasBegun = (): void => undefined
      const begun = new Promise<void>((resolve) => {
        hasBegun = resolve
      })
      const seen: unknown[] = []
      const work = async (
        _job: Job,
        _token: unknown,
        signal: AbortSignal,
        { attempt }: { attempt: number },
      ) => {
        seen.push(attempt)
        if (seen.length > 1) return 'done'
        const aborted = once(signal, 'abort')
        hasBegun()
        await aborted
        throw signal.reason
      }
      const one = start(withIdempotency(work, { idempotency: holdfast.idempotency, outageDelayMs: 100 }))
      const job = await queue.add('n', {})
      await begun
      await Promise.all([one.close(), holdfast.close({ graceMs: 10_000 })])
      start(withIdempotency(work, { idempotency: open().idempotency }))
      const { returnvalue, attemptsMade } = await ends(job)
      expect([returnvalue, attemptsMade, seen]).toEqual(['done', 1, [1, 1]])
    })

    it('a flow goes on with the result of a child whose work was done elsewhere, and with children added on the way', async (test) => {
      const { redis, queue, holdfast, start, ends } = queueOf(test)
      const { idempotency } = holdfast
      await idempotency.run('page', '7', () => 'seven, elsewhere')
      const attempts: number[] = []
      start(
        withIdempotency(async ({ data }: Job<{ page: string }>) => `page ${data.page}`, {
          idempotency,
          key: ({ data }) => data.page,
          jobType: 'page',
        }),
      )
      const parents = queueOf(test)
      parents.start(
        withIdempotency(
          async (job: Job, token = '', _signal, execution) => {
            attempts.push(execution.attempt)
            if (execution.checkpoint === undefined) {
              await execution.saveCheckpoint('added')
              const parent = { id: job.id ?? '', queue: job.queueQualifiedName }
              await queue.add('page', { page: '9' }, { parent })
              if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError()
            }
            return Object.values(await job.getChildrenValues())
              .map(String)
              .toSorted((a, b) => a.localeCompare(b))
          },
          { idempotency },
        ),
      )
      const flows = new FlowProducer({ connection: redis })
      const { job } = await flows.add({
        name: 'book',
        queueName: parents.queue.name,
        children: ['7', '8'].map((page) => ({ name: 'page', queueName: queue.name, data: { page } })),
      })
      const { returnvalue, attemptsMade } = await parents.ends(job)
      await flows.close()
      expect(returnvalue).toEqual(['page 8', 'page 9', 'seven, elsewhere'])
      expect([attemptsMade, attempts]).toEqual([1, [1, 1]])
      expect(await ends((await queue.getCompleted())[0] as Job)).toBeDefined()
    })
  })
}
