import { InvalidArgumentError } from '../errors.ts'
import type { CompletionUnconfirmedError, ExecutionLostError } from './errors.ts'

/**
 * The state of an execution in the process that owns it.
 *
 * ```
 *   running ──an end is recorded────────► ended
 *      ├─────a success is unconfirmed───► unconfirmed ──that success again──────► ended
 *      └─────taken, ran out, abandoned──► lost ──an end that counts all the same──► ended
 * ```
 *
 * `running`: the lease is renewed, and everything can be written. In `unconfirmed` and `lost` it is not renewed any more;
 * an end may still be tried, and the revision decides whether it counts.
 */
export type ExecutionState =
  | { readonly is: 'running' }
  | { readonly is: 'ended'; readonly end: End }
  | { readonly is: 'unconfirmed'; readonly error: CompletionUnconfirmedError }
  /** `error` is absent when it was abandoned, until a caller asks for it. */
  | { readonly is: 'lost'; readonly error?: ExecutionLostError }

/** How an execution ended, as its body said it. */
export type End =
  | { readonly how: 'completed'; readonly result: unknown }
  | { readonly how: 'failed'; readonly error: unknown }
  | { readonly how: 'released' }

export const RUNNING: ExecutionState = { is: 'running' }

export function assertNotEnded(state: ExecutionState, executionId: string): void {
  if (state.is !== 'ended') return
  throw new InvalidArgumentError(`Execution ${executionId} has ended; nothing can be written to it any more.`)
}

/** A success that may be recorded does not become anything else. */
export function assertOpen(state: ExecutionState, executionId: string): void {
  assertNotEnded(state, executionId)
  if (state.is === 'unconfirmed') throw state.error
}

/** The loss that is known already. */
export function lossIn(state: ExecutionState): ExecutionLostError | undefined {
  return state.is === 'lost' ? state.error : undefined
}
