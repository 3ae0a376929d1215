import type { CacheOptions } from './cache/options.ts'
import type { ExecutionOptions } from './idempotency/options.ts'
import { INSTANCE, type InstanceOptions } from './support/instance.ts'
import type { LocksOptions } from './locks/options.ts'
import type { Storage } from './storage/storage.ts'
import { refuse } from './support/checks.ts'
import { type OptionTable, anything } from './support/option-table.ts'

/** What `createHoldfast` takes. */
export interface HoldfastOptions extends InstanceOptions {
  /** Where locks and executions live: `memoryStorage()`, `ioredisStorage(client)`, `nodeRedisStorage(client)`. */
  readonly storage: Storage
  /**
   * Where the cache lives, when it may be evicted and the rest may not.
   * @default `storage`
   */
  readonly cacheStorage?: Storage | undefined
  /** The options of all its locks; each call may give its own. */
  readonly locks?: LocksOptions | undefined
  /** The policies of all its jobs; each type and each call may give its own. */
  readonly idempotency?: ExecutionOptions | undefined
  /** The options of its cache. */
  readonly cache?: CacheOptions | undefined
}

export const HOLDFAST: OptionTable<HoldfastOptions, 'cacheStorage' | 'instance'> = {
  storage: [checkStorage],
  cacheStorage: [checkStorage, undefined],
  ...INSTANCE,
  locks: [anything, {}],
  idempotency: [anything, {}],
  cache: [anything, {}],
}

export function checkStorage(name: string, storage: Storage): Storage {
  if (typeof (storage as Partial<Storage> | null)?.records?.put === 'function') return storage
  return refuse(
    name,
    storage,
    'a storage: memoryStorage(), ioredisStorage(client) or nodeRedisStorage(client)',
  )
}
