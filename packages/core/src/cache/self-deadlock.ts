import { AsyncLocalStorage } from 'node:async_hooks'
import type { Storage } from '../storage/storage.ts'

/** A load around the present call. */
interface Loading {
  readonly storage: Storage
  readonly storageKey: string
  readonly outer: Loading | undefined
  /** What a load leaves running behind it, such as a timer, may ask for the key. */
  isOver: boolean
}

const loading = new AsyncLocalStorage<Loading>()

export async function runLoading<T>(
  storage: Storage,
  storageKey: string,
  load: () => T | Promise<T>,
): Promise<T> {
  const at: Loading = { storage, storageKey, outer: loading.getStore(), isOver: false }
  try {
    return await loading.run(at, load)
  } finally {
    at.isOver = true
  }
}

/** Whether the present call is made by a load of the key that still runs. */
export function isLoading(storage: Storage, storageKey: string): boolean {
  for (let at = loading.getStore(); at !== undefined; at = at.outer) {
    if (at.storage === storage && at.storageKey === storageKey && !at.isOver) return true
  }
  return false
}
