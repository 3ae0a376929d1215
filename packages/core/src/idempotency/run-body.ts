// The body runs between `claim.ts`, which made its execution, and `markSuccess` of `execution.ts`, which records its end.

import { HoldfastError, hasCode } from '../errors.ts'
import { enter } from '../support/call-chain.ts'
import { RELEASED } from './decide.ts'
import { ExecutionLostError } from './errors.ts'
import type { ExecutionContext } from './execution-context.ts'
import type { Execution } from './execution.ts'
import type { End } from './execution-state.ts'

export type Body<R> = (execution: ExecutionContext) => R | Promise<R>

/** Runs the body, records how it ended, and returns or throws what its caller gets. */
export async function runBody<R>(execution: Execution, body: Body<R>): Promise<R> {
  let result: R
  try {
    result = await enter(execution, () => body(execution))
  } catch (error) {
    await recordFailure(execution, error)
    throw error
  }
  // A body may record its end itself, and not wait for that, or not mind that it was not confirmed.
  if (execution.isBusy) await execution.idle()
  const { state } = execution
  if (state.is === 'ended') return resultOf(state.end) as R
  if (state.is === 'unconfirmed') result = state.error.result as R
  try {
    await execution.markSuccess(result)
  } catch (error) {
    if (hasCode(error, 'LEASE_LOST')) throw await lostError(execution, error, result)
    // The result was refused before anything was sent: it would be refused again. (A success that was not confirmed
    // stays one: markFailure refuses to make it a failure.)
    await execution.markFailure(error, { final: true }).catch(() => execution.abandon())
    throw error
  }
  return result
}

/** The end that a body recorded itself: its caller gets the same as all who ask later. */
function resultOf(end: End): unknown {
  switch (end.how) {
    case 'completed':
      return end.result
    case 'failed':
      throw end.error
    case 'released':
      throw new HoldfastError(RELEASED.code, RELEASED.message)
  }
}

/** Records how a body failed. What the body threw is the caller's error, also when it cannot be recorded. */
async function recordFailure(execution: Execution, error: unknown): Promise<void> {
  if (execution.state.is === 'ended') return
  try {
    await execution.endUnfinished(error)
  } catch (unrecorded) {
    execution.abandon()
    const isNews = error === execution.abortReason || hasCode(error, 'LEASE_LOST')
    if (hasCode(unrecorded, 'LEASE_LOST') && isNews) throw await lostError(execution, unrecorded)
  }
}

/** The loss together with what the successor has recorded: what a caller of the lost attempt wants to know. */
async function lostError(
  execution: Execution,
  error: unknown,
  result?: unknown,
): Promise<ExecutionLostError> {
  const { executionId, fencingToken } = execution
  const known = error instanceof ExecutionLostError ? error : undefined
  const current = known?.current ?? (await execution.readCurrent().catch(() => null))
  const isTakenOver = current !== null && current.fencingToken > fencingToken
  const reason = isTakenOver ? 'takenOver' : (known?.reason ?? 'expired')
  return new ExecutionLostError(executionId, { reason, cause: known?.cause, current }, result)
}
