// #region once
import { HoldfastError, type Idempotency, type ExecutionContext, recordedFailureOf } from '@holdfast/core'

/** How the work stands is open, or known elsewhere. That is no failed attempt. */
const OPEN = new Set([
  'EXECUTION_IN_PROGRESS',
  'LEASE_LOST',
  'COMPLETION_UNCONFIRMED',
  'STORAGE_UNAVAILABLE',
  'CLOSED',
])
const LATER_MS = Number(process.env['LATER_MS'] ?? 10_000)

/**
 * Does the work of a key once. Where it is at work elsewhere, or Redis cannot say, `later` puts a copy of the job into the queue, and
 * this one ends: so a duplicate uses no attempt up, and no job is lost.
 */
export async function once<R>(
  idempotency: Idempotency,
  type: string,
  key: string,
  work: (execution: ExecutionContext) => Promise<R>,
  later: (at: Date) => Promise<unknown>,
): Promise<R | undefined> {
  try {
    // At least as long as the queue may bring the job again.
    const options = { onInProgress: 'wait', waitMs: 1_000, completedWindowMs: 24 * 3_600_000 } as const
    const { result } = await idempotency.run(type, key, options, work)
    return result
  } catch (error) {
    // Another job of the same key has failed, for a time: with `classifyError` and `retryAfterMs`.
    const waitMs = recordedFailureOf(error)?.retryAfterMs
    const isOpen = HoldfastError.isInstance(error) && OPEN.has(error.code)
    if (!isOpen && typeof waitMs !== 'number') throw error
    await later(new Date(Date.now() + (waitMs ?? LATER_MS)))
    return undefined
  }
}
// #endregion
