import { missIf } from './miss-if.ts'
import type { Namespace } from './engine.ts'
import type { CacheEntry } from './load.ts'
import type { Found } from './lookup.ts'
import type { ReadPolicy } from './options.ts'
import { cacheEntryOf, readValue } from './read-value.ts'
import type { Accepts, Read } from './read.ts'

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

  async get(key: string, how: ReadPolicy, accepts?: Accepts): Promise<unknown> {
    const read = await this.#read(key, how, accepts)
    return read?.value !== undefined && read.state === 'fresh' ? read.value.value : undefined
  }

  async getEntry(key: string, how: ReadPolicy, accepts?: Accepts): Promise<CacheEntry<unknown> | undefined> {
    const { lookup, gate, runtime } = this.#space.engine
    const startedAt = runtime.monotonicNow()
    const read = await this.#read(key, how, accepts)
    if (read?.value === undefined) return undefined
    try {
      return cacheEntryOf(read, read.now ?? (await gate.inTime(startedAt, lookup.now())))
    } catch (error) {
      return missIf(how.onOutage, error)
    }
  }

  async getMany(
    keys: readonly string[],
    { onOutage, near: isNear }: ReadPolicy,
    accepts?: Accepts,
  ): Promise<Map<string, unknown>> {
    const near = isNear ? this.#space.near : undefined
    const { scope } = this.#space
    const unique = [...new Set(keys)]
    // All keys are checked before anything is sent.
    for (const key of unique) scope.check(key)
    const values = new Map<string, unknown>()
    let missing = unique
    if (near !== undefined) {
      missing = []
      for (const key of unique) {
        const kept = near.get(key)
        // In its place, also where another comes later.
        values.set(key, kept)
        if (kept === undefined) missing.push(key)
      }
    }
    for (let at = 0; at < missing.length; at += READ_CHUNK) {
      const some = missing.slice(at, at + READ_CHUNK)
      try {
        await this.#readMany(some, values, accepts)
      } catch (error) {
        return missIf(onOutage, error) ?? new Map()
      }
    }
    if (near !== undefined) for (const key of missing) if (values.get(key) === undefined) values.delete(key)
    return values
  }

  async #readMany(
    keys: readonly string[],
    values: Map<string, unknown>,
    accepts: Accepts | undefined,
  ): Promise<void> {
    const { scope, policy, engine, near } = this.#space
    const readings = near === undefined ? undefined : keys.map((key) => near.enter(key))
    try {
      // They were checked before.
      const entryKeys = keys.map((key) => scope.prefix + key)
      const found = await engine.lookup.find(scope, policy.codec, entryKeys, policy.tags)
      found.forEach((each, i) => {
        const key = keys[i] as string
        const read = readValue(this.#space, key, each, accepts)
        readings?.[i]?.found(read)
        countRead(this.#space, key, read)
        if (read.value !== undefined && read.state === 'fresh') values.set(key, read.value.value)
      })
    } finally {
      readings?.forEach((reading) => reading.leave())
    }
  }

  async exists(key: string, { onOutage }: ReadPolicy): Promise<boolean> {
    const { gate, runtime } = this.#space.engine
    const entryKey = this.#space.scope.entryKey(key)
    try {
      const exists = await gate.inTime(runtime.monotonicNow(), this.#exists(entryKey))
      if (!exists) this.#space.near?.gone(key)
      return exists
    } catch (error) {
      return missIf(onOutage, error) ?? false
    }
  }

  async #exists(entryKey: string): Promise<boolean> {
    const { scope, policy, engine } = this.#space
    const { gate, lookup } = engine
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
  }

  async #read(
    key: string,
    { onOutage }: ReadPolicy,
    accepts: Accepts | undefined,
  ): Promise<Read | undefined> {
    const { scope, policy, engine, near } = this.#space
    const reading = near?.enter(key)
    try {
      const [found] = (await engine.lookup.find(scope, policy.codec, [scope.entryKey(key)], policy.tags)) as [
        Found,
      ]
      const read = readValue(this.#space, key, found, accepts)
      reading?.found(read)
      countRead(this.#space, key, read)
      return read
    } catch (error) {
      return missIf(onOutage, error)
    } finally {
      reading?.leave()
    }
  }
}

function countRead(space: Namespace, key: string, read: Read): void {
  const isHit = read.value !== undefined && read.state === 'fresh'
  space.count(isHit ? 'hits' : 'misses')
  space.publish(() => ({ key, type: isHit ? 'hit' : 'miss' }))
}
