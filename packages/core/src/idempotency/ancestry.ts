import { AsyncLocalStorage } from 'node:async_hooks'

/** The executions whose bodies, inside `run`, led to the present call: innermost first. */
export interface Ancestor {
  readonly executionId: string
  readonly key: string
  readonly parent: Ancestor | undefined
}

const ancestry = new AsyncLocalStorage<Ancestor>()

/** The execution whose body is running here, when it was started by `run`. */
export function parentExecution(): Ancestor | undefined {
  return ancestry.getStore()
}

export function runAsChild<T>(executionId: string, key: string, body: () => T): T {
  return ancestry.run({ executionId, key, parent: ancestry.getStore() }, body)
}

/** Whether waiting for this key here would be waiting for oneself. */
export function isAncestor(key: string): boolean {
  for (let ancestor = ancestry.getStore(); ancestor !== undefined; ancestor = ancestor.parent) {
    if (ancestor.key === key) return true
  }
  return false
}
