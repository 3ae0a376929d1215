import { checkFunction } from '@holdfast/core/storage'
import { DelayedError, type Job } from 'bullmq'
import { Delivery, type IdempotentProcessor } from './delivery.ts'
import { type WithIdempotencyOptions, resolveSettings } from './options.ts'
import { StopSignal } from './stop-signal.ts'

/** What a `Worker` of BullMQ takes as its processor. */
export type WorkerProcessor<Data, Result, Name extends string> = (
  job: Job<Data, unknown, Name>,
  token?: string,
  signal?: AbortSignal,
) => Promise<Result>

/**
 * A processor that does the work of each key once, spends no attempt on duplicates, and loses no job.
 *
 * The work that runs elsewhere delays the job by the rest of that lease (`DelayedError`); the work that is done completes the
 * job with its result; a final failure fails it (`UnrecoverableError`). `processor` gets what BullMQ gives it, and the
 * execution; its signal aborts when our lease or BullMQ's lock is lost, on `worker.cancelJob`, on `requestCancel`, on the
 * timeout and on `holdfast.close()`, with an error that says which.
 *
 * @throws InvalidArgumentError at once, for options that make no sense
 */
export function withIdempotency<Data, Result, Name extends string = string>(
  processor: IdempotentProcessor<Data, Result, Name>,
  options: WithIdempotencyOptions<Data, Name>,
): WorkerProcessor<Data, Result, Name> {
  checkFunction('The processor', processor)
  const settings = resolveSettings(options)

  // BullMQ counts the parameters, and gives its signal only to a function that has a third one.
  return async (job, token, signal) => {
    const stop = new StopSignal(job, signal, settings)
    try {
      const answer = await new Delivery(job, token, stop, processor, settings).answer()
      // Another delivery has the job, or will: what becomes of it is decided there.
      if (stop.lockLost) throw new DelayedError()
      if (answer.type === 'throw') throw answer.error
      if (answer.type === 'delay') return await delay(job, token, answer.ms)
      return answer.result as Result
    } finally {
      stop.end()
    }
  }
}

/** The job looks again later. That is no attempt. */
async function delay(job: Job, token: string | undefined, ms: number): Promise<never> {
  try {
    await job.moveToDelayed(Date.now() + Math.ceil(ms), token)
  } catch (error) {
    if (!isNotOurs(error)) throw error
  }
  throw new DelayedError()
}

/** BullMQ's codes for: no such job, no lock, not active, and another's lock. */
const NOT_OURS: readonly unknown[] = [-1, -2, -3, -6]

function isNotOurs(error: unknown): boolean {
  return NOT_OURS.includes((error as { readonly code?: unknown } | null)?.code)
}
