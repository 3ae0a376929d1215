import { heldAround, runHolding } from '../call-chain.ts'

/** An execution whose body runs around a call, inside `run`. */
class ExecutionAround {
  readonly executionId: string

  constructor(executionId: string) {
    this.executionId = executionId
  }
}

/** The execution whose body is running here, when it was started by `run`. */
export function parentExecutionId(): string | undefined {
  return heldAround(ExecutionAround)?.executionId
}

export function runAsChild<T>(executionId: string, body: () => T | PromiseLike<T>): Promise<T> {
  return runHolding(new ExecutionAround(executionId), body)
}

/** Whether waiting for this execution here would be waiting for oneself. */
export function isAncestor(executionId: string): boolean {
  return heldAround(ExecutionAround, undefined, (around) => around.executionId === executionId) !== undefined
}
