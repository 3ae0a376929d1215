import { HoldfastError, type HoldfastErrorCode, type StartOptions, recordedFailureOf } from '@holdfast/core'
import { formatTypeName } from '../wire/type-name.ts'
import { parseJson } from '../wire/json.ts'
import { DELIVERED, type Verdict, retryCountOf } from './ending.ts'
import type { HangfireHandler, LockPolicy } from './handle.ts'
import { JobContext } from './job-context.ts'
import type { ConsoleWriter } from './job-console.ts'
import type { ServerContext } from './server-context.ts'
import type { TakenJob } from './taken-job.ts'

/** One run: what it is of, and what it uses. */
export interface Run {
  readonly server: ServerContext
  readonly taken: TakenJob
  readonly handler: HangfireHandler
  readonly args: readonly unknown[]
  readonly writer: ConsoleWriter
}

/** What a body did; undefined until it has. */
type BodyEnd = { readonly returned: unknown; readonly ranMs: number } | { readonly threw: unknown }

/** Runs the body of a job, under its lock and within core's idempotency, or finds out why it must not run. Never rejects. */
export async function perform(run: Run): Promise<Verdict> {
  const { server, taken } = run
  for (;;) {
    const verdict = await attempt(run).catch((error: unknown): Verdict | 'again' => {
      // The body did not run: nothing but Redis is at fault, so the job is not to pay for it.
      if (hasCode(error, 'STORAGE_UNAVAILABLE')) {
        server.publish({ type: 'troubled', doing: `starting job ${taken.id}`, error })
        return 'again'
      }
      return withoutBody(error, run)
    })
    if (verdict !== 'again') return verdict
    await taken.interrupted.pause(server.times.retryMs)
    if (taken.signal.aborted) return afterAbort(taken)
  }
}

async function attempt(run: Run): Promise<Verdict> {
  const { lock } = run.handler
  if (lock === undefined) return await execute(run, [])
  const { taken, server, args } = run
  let isHeld = false
  try {
    const resource = lock.resourceOf(args)
    return await server.locks.run(resource, { waitMs: lock.waitMs, signal: taken.signal }, async (lease) => {
      isHeld = true
      return await execute(run, [lease.signal])
    })
  } catch (error) {
    if (!isHeld && hasCode(error, 'LOCK_TIMEOUT')) return contended(lock, error)
    throw error
  }
}

/** @param signals of what must not be lost while the body runs */
async function execute(run: Run, signals: readonly AbortSignal[]): Promise<Verdict> {
  const { server, taken, handler, args, writer } = run
  const [jobType, jobKey] = keyOf(run)
  let end: BodyEnd | undefined
  let context: JobContext | undefined
  try {
    const outcome = await server.idempotency.run(
      jobType,
      jobKey,
      await startOptions(run, jobType, jobKey),
      async (execution) => {
        const job = { id: taken.id, retryCount: retryCountOf(taken.fields) }
        context = new JobContext(execution, job, writer, [taken.signal, ...signals])
        const beganAt = performance.now()
        try {
          const returned = await handler.run(args, context)
          end = { returned, ranMs: performance.now() - beganAt }
          return returned
        } catch (error) {
          end = { threw: error }
          throw error
        }
      },
    )
    const { result, executionId } = outcome
    return succeeded(result, (end as BodyEnd | undefined) === undefined ? 0 : ranMsOf(end), executionId)
  } catch (error) {
    const ended = end as BodyEnd | undefined
    if (ended === undefined) throw error
    if (taken.isLost) return { how: 'lost' }
    if ('returned' in ended) return afterReturn(ended, error)
    const signal = (context as JobContext | undefined)?.signal
    return afterThrow(taken, signal, error)
  }
}

/** A body that came to its end counts, also where core could not record it: Hangfire's state decides (H5). */
function afterReturn(ended: Extract<BodyEnd, { readonly returned: unknown }>, error: unknown): Verdict {
  const isUnrecorded = (
    ['COMPLETION_UNCONFIRMED', 'LEASE_LOST', 'STORAGE_UNAVAILABLE', 'STORAGE_REFUSED', 'CLOSED'] as const
  ).some((code) => hasCode(error, code))
  if (isUnrecorded) return succeeded(ended.returned, ended.ranMs, undefined)
  if (hasCode(error, 'EXECUTION_RELEASED')) return released()
  const wouldFailAgain = hasCode(error, 'RESULT_TOO_LARGE') || hasCode(error, 'INVALID_ARGUMENT')
  return { how: 'failed', error, canRetry: !wouldFailAgain }
}

/** A body that was asked to stop did not fail. */
function afterThrow(taken: TakenJob, signal: AbortSignal | undefined, error: unknown): Verdict {
  if (signal?.aborted === true) {
    const reason: unknown = signal.reason
    if (hasCode(reason, 'EXECUTION_CANCELLED'))
      return { how: 'deleted', reason: `Cancelled: ${reason.message}` }
    if (hasCode(reason, 'EXECUTION_TIMEOUT')) return { how: 'failed', error: reason, canRetry: true }
    return afterAbort(taken)
  }
  if (hasCode(error, 'EXECUTION_RELEASED')) return released()
  return { how: 'failed', error, canRetry: true }
}

function afterAbort(taken: TakenJob): Verdict {
  return { how: taken.isLost ? 'lost' : 'putBack' }
}

/** What it means that the body was not even begun. */
function withoutBody(error: unknown, { taken }: Run): Verdict {
  if (taken.isLost) return { how: 'lost' }
  if (taken.signal.aborted || hasCode(error, 'CLOSED')) return { how: 'putBack' }
  if (hasCode(error, 'EXECUTION_IN_PROGRESS'))
    return { how: 'later', delayMs: LATER_MS, reason: `Runs elsewhere: ${error.message}` }
  if (hasCode(error, 'RESULT_NOT_STORED'))
    return succeeded(undefined, 0, (error as { snapshot?: { executionId: string } }).snapshot?.executionId)
  const recorded = recordedFailureOf(error)
  if (recorded !== undefined) return { how: 'failed', error, canRetry: recorded.retryAfterMs !== null }
  const wouldFailAgain = hasCode(error, 'FINGERPRINT_MISMATCH') || hasCode(error, 'INVALID_ARGUMENT')
  return { how: 'failed', error, canRetry: !wouldFailAgain }
}

function contended({ onContention, rescheduleMs }: LockPolicy, error: HoldfastError): Verdict {
  switch (onContention) {
    case 'reschedule': {
      const delayMs = Math.ceil(rescheduleMs * (1 + Math.random() / 2))
      return { how: 'later', delayMs, reason: error.message }
    }
    case 'skip':
      return { how: 'deleted', reason: `Skipped: ${error.message}` }
    case 'fail':
      return {
        how: 'failed',
        error,
        canRetry: true,
        type: 'Hangfire.Storage.DistributedLockTimeoutException',
      }
  }
}

/** When a job runs again that ran elsewhere, or that its body released. */
const LATER_MS = 15_000

function released(): Verdict {
  return { how: 'later', delayMs: LATER_MS, reason: 'Released by its body' }
}

function succeeded(result: unknown, performanceMs: number, executionId: string | undefined): Verdict {
  return { how: 'succeeded', result, performanceMs, executionId }
}

function ranMsOf(end: BodyEnd | undefined): number {
  return end !== undefined && 'returned' in end ? end.ranMs : 0
}

function keyOf({ server, taken, handler, args }: Run): [jobType: string, jobKey: string] {
  const { type, method } = handler.job
  const [name = ''] = formatTypeName({ ...type, arguments: [] }).split(',')
  const own = `hangfire:${server.storage.keys.prefix}:${taken.id}`
  return [`${name}.${method}`, handler.keyOf(args, taken.id) ?? own]
}

/**
 * A result that Hangfire has got already is of an earlier time: the job was requeued since, and is to run again. One that it has
 * not got is replayed (H8).
 */
async function startOptions(
  { server, taken, handler }: Run,
  jobType: string,
  jobKey: string,
): Promise<StartOptions> {
  const options: StartOptions = { ...handler.execution, signal: taken.signal }
  const delivered = taken.fields[DELIVERED]
  if (delivered === undefined) return options
  const snapshot = await server.idempotency.getExecutionStatus(jobType, jobKey)
  const isDelivered = snapshot?.status === 'completed' && snapshot.executionId === parseJson(delivered)
  return isDelivered ? { ...options, onCompleted: 'rerun' } : options
}

function hasCode(error: unknown, code: HoldfastErrorCode): error is HoldfastError {
  return HoldfastError.isInstance(error) && error.code === code
}
