import { AsyncLocalStorage } from 'node:async_hooks'
import type { ExecutionContext, Lease } from '@holdfast/core'
import { type HttpExecution, currentIdempotentRequest } from '@holdfast/http'

/** What a method has while it runs. What it leaves running behind it, such as a timer, has it no more. */
class Current<T extends object> {
  readonly #contexts = new AsyncLocalStorage<{ value: T | undefined }>()

  get(): T | undefined {
    return this.#contexts.getStore()?.value
  }

  async run<R>(value: T, body: () => R | PromiseLike<R>): Promise<R> {
    const context: { value: T | undefined } = { value }
    try {
      return await this.#contexts.run(context, body)
    } finally {
      context.value = undefined
    }
  }
}

export const leases: Current<Lease> = new Current()
export const executions: Current<ExecutionContext> = new Current()

/**
 * The lease of the innermost `@Locked` method that led here: its `signal`, its `fencingToken`, `extend()`. Undefined
 * outside of one, as in a unit test that calls the method by hand, and in what the method has left running.
 */
export function currentLease(): Lease | undefined {
  return leases.get()
}

/**
 * The execution of the innermost `@IdempotentJob` method that led here: its `signal`, `attempt`, `checkpoint`,
 * `updateProgress()`. Undefined outside of one, and in what the method has left running.
 */
export function currentExecution(): ExecutionContext | undefined {
  return executions.get()
}

/**
 * The execution of the `@Idempotent` request that is being handled: its `attempt`, `checkpoint`, `signal`,
 * `updateProgress()`. Undefined for a request that is not protected (no key, or not required).
 */
export function currentRequestExecution(): HttpExecution | undefined {
  return currentIdempotentRequest()?.exchange.execution
}
