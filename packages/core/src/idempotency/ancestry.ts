import { AsyncLocalStorage } from 'node:async_hooks'

/** An execution whose body, inside `run`, led to the present call. */
interface Ancestor {
  readonly executionId: string
  readonly parent: Ancestor | undefined
}

const ancestry = new AsyncLocalStorage<Ancestor>()

/** The execution whose body is running here, when it was started by `run`. */
export function parentExecutionId(): string | undefined {
  return ancestry.getStore()?.executionId
}

export function runAsChild<T>(executionId: string, body: () => T): T {
  return ancestry.run({ executionId, parent: ancestry.getStore() }, body)
}

/** Whether waiting for this execution here would be waiting for oneself. */
export function isAncestor(executionId: string): boolean {
  for (let ancestor = ancestry.getStore(); ancestor !== undefined; ancestor = ancestor.parent) {
    if (ancestor.executionId === executionId) return true
  }
  return false
}
