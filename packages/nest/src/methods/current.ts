import { AsyncLocalStorage } from 'node:async_hooks'
import type { ExecutionContext, Lease } from '@holdfast/core'
import { type HttpExecution, currentHandledRequest } from '@holdfast/core/http'

export const leases: AsyncLocalStorage<Lease> = new AsyncLocalStorage()
export const executions: AsyncLocalStorage<ExecutionContext> = new AsyncLocalStorage()

/**
 * The lease of the innermost `@Locked` method that led here: its `signal`, its `fencingToken`, `extend()`. Undefined
 * outside of one, as in a unit test that calls the method by hand.
 */
export function currentLease(): Lease | undefined {
  return leases.getStore()
}

/**
 * The execution of the innermost `@IdempotentJob` method that led here: its `signal`, `attempt`, `checkpoint`,
 * `updateProgress()`. Undefined outside of one.
 */
export function currentExecution(): ExecutionContext | undefined {
  return executions.getStore()
}

/**
 * The execution of the `@Idempotent` request that is being handled: its `attempt`, `checkpoint`, `signal`,
 * `updateProgress()`. Undefined for a request that is not protected (no key, or not required).
 */
export function currentRequestExecution(): HttpExecution | undefined {
  return currentHandledRequest()?.exchange.execution
}
