import { missIf } from './miss-if.ts'
import type { Namespace } from './engine.ts'
import type { CacheEntry } from './load.ts'
import type { Found } from './lookup.ts'
import type { CacheReadOptions } from './options.ts'
import { type Accepts, type Read, cacheEntryOf, readValue } from './read-value.ts'

/** Reads of many keys leave in steps, so that a call beside them need not wait for all of them. */
const READ_CHUNK = 100
/** Longer headers, those of entries with many tags, are read with the whole entry. */
const HEAD_BYTES = 512

/** What reads entries without loading any. */
export class EntryReads {
  readonly #space: Namespace

  constructor(space: Namespace) {
    this.#space = space
  }

  async get(key: string, onOutage: CacheReadOptions['onOutage'], accepts?: Accepts): Promise<unknown> {
    const read = await this.#read(key, onOutage, accepts)
    return read?.value !== undefined && read.state === 'fresh' ? read.value.value : undefined
  }

  async getEntry(
    key: string,
    onOutage: CacheReadOptions['onOutage'],
    accepts?: Accepts,
  ): Promise<CacheEntry<unknown> | undefined> {
    const read = await this.#read(key, onOutage, accepts)
    if (read?.value === undefined) return undefined
    try {
      return cacheEntryOf(read, read.now ?? (await this.#space.engine.lookup.now()))
    } catch (error) {
      return missIf(onOutage, error)
    }
  }

  async getMany(
    keys: readonly string[],
    onOutage: CacheReadOptions['onOutage'],
    accepts?: Accepts,
  ): Promise<Map<string, unknown>> {
    const { scope, policy, engine } = this.#space
    const unique = [...new Set(keys)]
    const entryKeys = unique.map((key) => scope.entryKey(key))
    const values = new Map<string, unknown>()
    for (let at = 0; at < unique.length; at += READ_CHUNK) {
      const some = entryKeys.slice(at, at + READ_CHUNK)
      let found: readonly Found[]
      try {
        found = await engine.lookup.find(scope, policy.codec, some, policy.tags)
      } catch (error) {
        return missIf(onOutage, error) ?? new Map()
      }
      found.forEach((each, i) => {
        const key = unique[at + i] as string
        const read = readValue(this.#space, key, each, accepts)
        countRead(this.#space, key, read)
        if (read.value !== undefined && read.state === 'fresh') values.set(key, read.value.value)
      })
    }
    return values
  }

  async exists(key: string, onOutage: CacheReadOptions['onOutage']): Promise<boolean> {
    const { scope, policy, engine } = this.#space
    const { gate, lookup } = engine
    const entryKey = scope.entryKey(key)
    try {
      const head = gate.call(() => gate.values.getHead(entryKey, HEAD_BYTES))
      const [judged] = await lookup.judged(
        scope,
        policy.codec,
        [entryKey],
        head.then((each) => [each]),
      )
      if (judged?.state !== 'unreadable') return judged?.state === 'fresh'
      // Its header is longer than that, or it is none.
      const [found] = await lookup.find(scope, policy.codec, [entryKey])
      return found?.state === 'fresh'
    } catch (error) {
      return missIf(onOutage, error) ?? false
    }
  }

  async #read(
    key: string,
    onOutage: CacheReadOptions['onOutage'],
    accepts: Accepts | undefined,
  ): Promise<Read | undefined> {
    const { scope, policy, engine } = this.#space
    try {
      const [found] = (await engine.lookup.find(scope, policy.codec, [scope.entryKey(key)], policy.tags)) as [
        Found,
      ]
      const read = readValue(this.#space, key, found, accepts)
      countRead(this.#space, key, read)
      return read
    } catch (error) {
      return missIf(onOutage, error)
    }
  }
}

function countRead(space: Namespace, key: string, read: Read): void {
  const isHit = read.value !== undefined && read.state === 'fresh'
  space.count(isHit ? 'hits' : 'misses')
  space.publish(() => ({ key, type: isHit ? 'hit' : 'miss' }))
}
