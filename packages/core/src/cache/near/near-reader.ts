import type { Namespace } from '../engine.ts'
import type { Entry } from '../entry.ts'
import type { CacheEntry } from '../load.ts'
import type { CallPolicy } from '../options.ts'
import type { Read } from '../read.ts'
import type { Cell } from './cells.ts'
import { Copy, type Making } from './copy.ts'
import type { NearCache } from './near-cache.ts'
import type { NearCopies, NearLook } from './near-copies.ts'
import type { Marker, NearSpace } from './near-space.ts'
import type { NearPolicy } from './options.ts'

/** About what an entry takes beside its texts. */
const BESIDE_TEXTS = 240

/** How the calls of a cache use what its process keeps. A hit looks at no option, builds no key, and waits for nothing. */
export class NearReader implements NearCopies {
  readonly #near: NearCache
  readonly #space: NearSpace
  readonly #of: Namespace
  readonly #making: Making
  readonly #maxStaleMs: number
  readonly #isCopied: boolean
  #lastCells: readonly Cell[] = []

  constructor(of: Namespace, near: NearCache, policy: NearPolicy, accepts: Making['accepts']) {
    this.#of = of
    this.#near = near
    this.#space = near.space(of.scope, policy)
    this.#making = { codec: of.policy.codec, accepts }
    this.#maxStaleMs = policy.maxStaleMs
    this.#isCopied = of.policy.copy
  }

  get(key: string): unknown {
    const copy = this.#hit(key)
    return copy === undefined ? undefined : this.#valueOf(key, copy, this.#isCopied)
  }

  getOrCreate(key: string, { near, refresh, signal, earlyRefresh, copy: isCopied }: CallPolicy): unknown {
    if (!near || refresh || signal?.aborted === true) return undefined
    const copy = this.#hit(key)
    if (copy === undefined) return undefined
    if (earlyRefresh !== false && copy.leadMs > 0) {
      const beta = earlyRefresh === true ? 1 : earlyRefresh.beta
      if (this.#of.engine.runtime.monotonicNow() >= copy.freshUntil - beta * copy.leadMs) return undefined
    }
    return this.#valueOf(key, copy, isCopied)
  }

  getEntry(key: string): CacheEntry<unknown> | undefined {
    const copy = this.#hit(key)
    if (copy === undefined) return undefined
    const value = this.#valueOf(key, copy, this.#isCopied)
    if (value === undefined) return undefined
    const leftMs = Math.max(0, copy.freshUntil - this.#of.engine.runtime.monotonicNow())
    return { value, ageMs: Math.max(0, copy.ttlMs - leftMs), ttlMs: leftMs, isStale: false }
  }

  exists(key: string): boolean {
    return this.#hit(key) !== undefined
  }

  lost(key: string, isCopied: boolean): unknown {
    const { runtime, memoryTtlMs } = this.#of.engine
    const copy = this.#space.lost(key, runtime.monotonicNow(), memoryTtlMs)
    if (copy?.isOf(this.#making) !== true) return undefined
    try {
      return copy.value(isCopied, this.#space.hot)
    } catch {
      return undefined
    }
  }

  enter(key: string): NearLook {
    const { link, cells } = this.#near
    const { lease } = this.#space
    link.usedAt = this.#of.engine.runtime.monotonicNow()
    if (lease.at === -Infinity) {
      link.follow(lease)
      // Known by the time when it is needed.
      this.#of.engine.lookup.learnClock()
      return new NearReading(this, key, undefined, 0, undefined)
    }
    return new NearReading(this, key, this.#space.enter(key), cells.reports, this.#hit(key)?.leadMs)
  }

  /** What a read has found, if it found an entry that counts. */
  found(reading: NearReading, read: Read): void {
    const { marker, key } = reading
    if (marker === undefined) return this.#near.recovered()
    const found = counts(read) ? read.entry.head : null
    // Two reads of one time that differ: either may be the newer one, and no report has come.
    if (marker.found !== undefined && marker.found !== found) this.#space.drop(key)
    marker.found = found
    if (!counts(read)) return void this.#space.copies.delete(key)
    if (marker.isVoid || reading.reports !== this.#near.cells.reports) {
      this.#space.counts.refused += 1
      return void (marker.isVoid || this.#space.copies.delete(key))
    }
    this.#keep(key, read)
  }

  gone(key: string): void {
    this.#space.drop(key)
  }

  left(reading: NearReading): void {
    if (reading.marker !== undefined) this.#space.leave(reading.key, reading.marker)
  }

  #hit(key: string): Copy | undefined {
    const { engine } = this.#of
    const now = engine.runtime.monotonicNow()
    const copy = this.#space.copies.get(key, now)
    if (copy === undefined) return undefined
    const { at } = this.#space.lease
    if (now - at >= this.#maxStaleMs) {
      if (at !== -Infinity) this.#space.counts.lapsed += 1
      return undefined
    }
    if (!copy.isProven || !copy.isOf(this.#making)) return undefined
    this.#near.link.usedAt = now
    return copy
  }

  /** A copy that codec or schema makes nothing of any more is none: what the storage has is judged anew. */
  #valueOf(key: string, copy: Copy, isCopied: boolean): unknown {
    let value: unknown
    try {
      value = copy.value(isCopied, this.#space.hot)
    } catch {
      // The read that follows counts it, and says why.
    }
    if (value === undefined) {
      this.#space.copies.delete(key)
      return undefined
    }
    this.#of.count('hits')
    this.#space.counts.hits += 1
    this.#of.publish(() => ({ key, type: 'nearHit' }))
    return value
  }

  #keep(key: string, { entry, value }: Extract<Read, { readonly value: object }>): void {
    const { engine } = this.#of
    const { policy: limits, counts, copies } = this.#space
    const bytes = key.length + entry.payload.length + BESIDE_TEXTS
    if (bytes > limits.maxBytes / 8) {
      counts.oversize += 1
      return void copies.delete(key)
    }
    const until = entry.writtenAt + entry.ttlMs
    const leftMs = engine.lookup.surelyLeft(until)
    if (!(leftMs > 0)) return void copies.delete(key)
    const freshUntil = engine.runtime.monotonicNow() + engine.lookup.aboutLeft(until)
    const leadMs = entry.loadMs === 0 ? 0 : -entry.loadMs * Math.log(1 - engine.runtime.random())
    const cells = this.#cellsOf(entry)
    const life = { freshUntil, ttlMs: entry.ttlMs, leadMs }
    const copy = new Copy(entry.payload, this.#making, value.value, life, cells)
    this.#space.keep(key, copy, bytes, Math.min(leftMs, limits.ttlMs ?? Infinity))
  }

  /** Most copies count under the same generations, and share the list of them. */
  #cellsOf({ generations, tags }: Entry): readonly Cell[] {
    const { cells } = this.#near
    const { scope } = this.#of
    const { generationKeys } = scope
    const size = generations.length / generationKeys.length
    const all = [
      ...generationKeys.map((key, i) => cells.prove(key, generations.slice(i * size, (i + 1) * size))),
      ...tags.map(([tag, generation]) => cells.prove(scope.tagKey(tag), generation)),
    ]
    const last = this.#lastCells
    if (last.length === all.length && all.every((cell, i) => cell === last[i])) return last
    return (this.#lastCells = all)
  }
}

function counts(read: Read): read is Extract<Read, { readonly value: object }> {
  return read.value?.value !== undefined && read.state === 'fresh'
}

class NearReading implements NearLook {
  readonly key: string
  /** Undefined: the link is down, and nothing is kept. */
  readonly marker: Marker | undefined
  /** How many generations had been reported when it began. */
  readonly reports: number
  readonly leadMs: number | undefined
  readonly #reader: NearReader

  constructor(
    reader: NearReader,
    key: string,
    marker: Marker | undefined,
    reports: number,
    leadMs: number | undefined,
  ) {
    this.#reader = reader
    this.key = key
    this.marker = marker
    this.reports = reports
    this.leadMs = leadMs
  }

  found(read: Read): void {
    this.#reader.found(this, read)
  }

  leave(): void {
    this.#reader.left(this)
  }
}
