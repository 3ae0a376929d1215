import { AsyncLocalStorage } from 'node:async_hooks'

/** Which operation of the workload the present code works for. */
export const currentOperation: AsyncLocalStorage<number | undefined> = new AsyncLocalStorage()
