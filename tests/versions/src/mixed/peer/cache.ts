import {
  type Cache,
  type CacheEntryOptions,
  type GetOrCreateOptions,
  type Holdfast,
  compressedCodec,
  jsonCodec,
} from '@holdfast/core'
import { holding, say } from './said.ts'

/** A namespace, and whether it compresses what takes more than 64 bytes. */
export interface Space {
  readonly name: string
  readonly compresses?: boolean
}

/** What a load makes, at once or when the test says `go`. */
export interface LoadOf {
  readonly value: unknown
  readonly holds?: boolean
}

/** What another process asks of this one's cache. */
export function cacheOperations({ cache }: Holdfast) {
  const codec = compressedCodec(jsonCodec, { overBytes: 64 })
  const spaceOf = ({ name, compresses = false }: Space): Cache =>
    compresses ? cache.namespace(name, { codec }) : cache.namespace(name)
  return {
    get: async (space: Space, key: string): Promise<unknown> => await spaceOf(space).get(key),
    getMany: async (space: Space, keys: readonly string[]): Promise<Map<string, unknown>> =>
      await spaceOf(space).getMany(keys),
    exists: async (space: Space, key: string): Promise<boolean> => await spaceOf(space).exists(key),
    set: async (space: Space, key: string, value: unknown, options: CacheEntryOptions = {}): Promise<void> =>
      await spaceOf(space).set(key, value, options),
    async getOrCreate(
      space: Space,
      key: string,
      { value, holds = false }: LoadOf,
      options: GetOrCreateOptions = {},
    ): Promise<unknown> {
      const load = async (): Promise<unknown> => {
        say('loading', key)
        if (holds) await holding(key)
        return value
      }
      return await spaceOf(space).getOrCreate(key, load, options)
    },
    async readDefined(space: Space, id: number, value: unknown): Promise<unknown> {
      const load = (): unknown => {
        say('loading', `${space.name} ${id}`)
        return value
      }
      return await spaceOf(space).define('thing', { version: 2, load }).get(id)
    },
    remove: async (space: Space, key: string): Promise<number> => await spaceOf(space).remove(key),
    removeByPattern: async (space: Space, glob: string): Promise<number> =>
      (await spaceOf(space).removeByPattern(glob)).removed,
    expire: async (space: Space, key: string): Promise<boolean> => await spaceOf(space).expire(key),
    invalidateTags: async (space: Space, tags: readonly string[]): Promise<void> =>
      await spaceOf(space).invalidateTags(tags),
    clear: async (space: Space): Promise<void> => await spaceOf(space).clear(),
    /** Adds `by` so many times, all at once, and answers with the sums. */
    increment: async (space: Space, key: string, by: number, times: number): Promise<number[]> =>
      await Promise.all(Array.from({ length: times }, async () => await spaceOf(space).increment(key, by))),
    hashSet: async (space: Space, key: string, fields: Record<string, unknown>): Promise<void> =>
      await spaceOf(space).hashSet(key, fields),
    hashGetAll: async (space: Space, key: string): Promise<Record<string, unknown>> =>
      await spaceOf(space).hashGetAll(key),
    hashDelete: async (space: Space, key: string, field: string): Promise<number> =>
      await spaceOf(space).hashDelete(key, field),
    misses: async (space: Space): Promise<number> => spaceOf(space).stats().misses,
  }
}
