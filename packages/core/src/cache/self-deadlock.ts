import { heldAround, runHolding } from '../call-chain.ts'
import type { Storage } from '../storage/storage.ts'

/** A load around a call. What it leaves running behind it, such as a timer, may ask for the key. */
class LoadAround {
  readonly storage: Storage
  readonly storageKey: string

  constructor(storage: Storage, storageKey: string) {
    this.storage = storage
    this.storageKey = storageKey
  }
}

export function runLoading<T>(storage: Storage, storageKey: string, load: () => T | Promise<T>): Promise<T> {
  return runHolding(new LoadAround(storage, storageKey), load)
}

/** Whether the present call is made by a load of the key that still runs. */
export function isLoading(storage: Storage, storageKey: string): boolean {
  const isIt = (load: LoadAround): boolean => load.storage === storage && load.storageKey === storageKey
  return heldAround(LoadAround, undefined, isIt) !== undefined
}
