import type { Cache, Storage } from '@holdfast/core'
import { type World, world } from '../world.ts'

/** How many commands of a storage's values were sent. */
export interface Counted {
  readonly storage: Storage
  readonly reads: () => number
}

export function counted(storage: Storage): Counted {
  let reads = 0
  const { values } = storage
  return {
    storage: {
      ...storage,
      values: {
        ...values,
        getMany: (keys) => {
          reads += 1
          return values.getMany(keys)
        },
        getManyBytes: (keys) => {
          reads += 1
          return values.getManyBytes(keys)
        },
        getHead: (key, length) => {
          reads += 1
          return values.getHead(key, length)
        },
      },
    },
    reads: () => reads,
  }
}

/** Reads until the link is up, the clock is known, and what the read found is kept. */
export async function warm(cache: Cache, ...keys: readonly string[]): Promise<void> {
  for (let round = 0; round < 2; round += 1) for (const key of keys) await cache.get(key)
}

export interface NearWorld extends World {
  readonly near: Cache & { close(): Promise<void> }
  readonly other: Cache
}

/** A process that keeps copies, and another one that does not. */
export function nearWorld(options: Parameters<World['cache']>[0] = {}): NearWorld {
  const made = world()
  return { ...made, near: made.cache({ near: true, ...options }), other: made.cache() }
}
