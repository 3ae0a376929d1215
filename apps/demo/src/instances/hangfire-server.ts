import { setTimeout as sleep } from 'node:timers/promises'
import type { Holdfast } from '@holdfast/core'
import {
  type Hangfire,
  type HangfireJobContext,
  HangfireJobLostError,
  handle,
} from '@holdfast/hangfire-compat'
import { REVIEW_QUEUE, reviewJob } from '../hangfire/review-job.ts'
import { hangfireWriter } from '../hangfire/write-hangfire.ts'
import type { JobResult } from '../jobs/job.ts'
import { connectRedis } from './connect.ts'
import type { HangfireServerSettings, InstanceSettings, Reports } from './messages.ts'
import type { StartJob } from './service/service.ts'

export interface HangfireServerParts {
  readonly settings: HangfireServerSettings
  readonly client: Exclude<InstanceSettings['client'], 'memory'>
  readonly leaseMs: number
  readonly holdfast: Pick<Holdfast, 'idempotency'>
  readonly start: StartJob
  readonly openReview: NonNullable<Reports['openReview']>
}

/** So many jobs of Hangfire run at a time in an instance. */
const CONCURRENCY = 4

/** A job that Redis, or its successor, has kept from an answer asks again. */
const PAUSE_MS = 500

/** What a job of Hangfire comes to; its dashboard shows it. */
interface Reviewed extends JobResult {
  readonly review: string
}

/**
 * Runs the reviews of a Hangfire in this instance. Two guards are around each: hangfire-compat's, by the job, and the demo's own, by
 * the review. So however often a review is in Hangfire's queue, or was started without it, it is done once.
 *
 * @throws Error when Hangfire's Redis does not answer
 */
export async function serveHangfire(parts: HangfireServerParts): Promise<{
  /** Puts back what has not ended in that time. */
  stop(graceMs: number): Promise<void>
  close(): void
}> {
  const { settings, client, leaseMs, holdfast } = parts
  const connected = await connectRedis(client, settings.url)
  const { write, close } = hangfireWriter(connected.client, settings.prefix)
  const serve = (hangfire: Hangfire) =>
    hangfire.serve(
      {
        queues: [REVIEW_QUEUE],
        concurrency: CONCURRENCY,
        holdfast,
        name: settings.server,
        // The queue is the demo's alone: what else is in it would wait for ever.
        unknownJobs: 'fail',
      },
      [
        handle(
          reviewJob,
          // A failure is for people: they try again by a button, the page's or the dashboard's.
          { automaticRetry: { attempts: 0 }, idempotency: { leaseMs } },
          ([repository, range], job) => runReview(parts, { repository, range }, job),
        ),
      ],
    )
  try {
    const server = await write(serve)
    return {
      stop: (graceMs) => server.stop({ graceMs }),
      close: () => {
        void close().finally(() => connected.close())
      },
    }
  } catch (error) {
    connected.close()
    throw error
  }
}

/** The message says why; nothing was started. */
class NotReviewableError extends Error {
  override readonly name = 'NotReviewableError'
}

async function runReview(
  { openReview, holdfast, start }: HangfireServerParts,
  asked: { readonly repository: string; readonly range: string },
  job: HangfireJobContext,
): Promise<Reviewed> {
  const opened = await openReview({ jobId: job.id, ...asked })
  if ('problem' in opened) throw new NotReviewableError(opened.problem)
  const { review } = opened
  const { idempotency } = holdfast
  let runs = false
  const lost = (): void => {
    if (!runs || !(job.signal.reason instanceof HangfireJobLostError)) return
    const { state } = job.signal.reason
    // A job that was put back into its queue is to be done: the instance that runs it then waits for this one.
    if (state !== 'Deleted' && state !== '') return
    const reason = 'Its job was deleted in Hangfire.'
    idempotency.requestCancel('ai-review', review, { reason }).catch(() => undefined)
  }
  job.signal.addEventListener('abort', lost, { once: true })
  try {
    const isAfterFailure =
      (await onceAnswered(job.signal, () => idempotency.getExecutionStatus('ai-review', review)))?.status ===
      'failed'
    // This job was created to run again after a failure that is there. A failure that it waited for is its answer.
    let onFailed: 'rerun' | 'replay' = isAfterFailure ? 'rerun' : 'replay'
    const result = await onceAnswered(job.signal, async () => {
      const how = { onInProgress: 'wait', onFailed, signal: job.signal, onRun: () => (runs = true) } as const
      onFailed = 'replay'
      return await start('ai-review', review, how)
    })
    return { review, ...result }
  } finally {
    job.signal.removeEventListener('abort', lost)
  }
}

/** Asks again while Redis is away, and when another instance has taken the review over: then its end is the answer. */
async function onceAnswered<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (signal.aborted || !isNoAnswer(error)) throw error
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }
}

const NO_ANSWER: readonly unknown[] = ['STORAGE_UNAVAILABLE', 'LEASE_LOST', 'STALE_WRITER']

function isNoAnswer(error: unknown): boolean {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } }
  return NO_ANSWER.includes(code) || NO_ANSWER.includes(cause?.code)
}
