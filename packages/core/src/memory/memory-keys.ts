import { StorageRefusedError } from '../errors.ts'
import type { StoredValue } from '../storage/values.ts'

/** What a key may hold: a value, the fields of a hash, a counter. */
export type Holds = StoredValue | Map<string, string> | bigint

interface Held {
  readonly holds: Holds
  expiresAt: number
}

/** How many keys each write looks at, to drop those that have expired unread. */
const SWEPT_PER_WRITE = 4

/** The keys of the memory storage, each with its time to live. */
export class MemoryKeys {
  readonly #held = new Map<string, Held>()
  readonly #millisNow: () => number
  readonly #onChange: (key: string) => void

  /** `onChange` is called after each change of what is under a key, the end of its time included, once that is noticed. */
  constructor(millisNow: () => number, onChange: (key: string) => void) {
    this.#millisNow = millisNow
    this.#onChange = onChange
  }

  get(key: string): Holds | undefined {
    return this.#live(key)?.holds
  }

  /** @throws StorageRefusedError when the key holds something else. */
  only<H extends Holds>(key: string, is: (holds: Holds) => holds is H, what: string): H | undefined {
    const holds = this.get(key)
    if (holds === undefined || is(holds)) return holds
    throw new StorageRefusedError(`The key ${JSON.stringify(key)} does not hold ${what}.`)
  }

  put(key: string, holds: Holds, ttlMs: number): void {
    this.#sweep()
    this.#held.set(key, { holds, expiresAt: this.#millisNow() + ttlMs })
    this.#onChange(key)
  }

  /** For what changes within what a key holds. */
  changed(key: string): void {
    this.#onChange(key)
  }

  expireIn(key: string, ttlMs: number): void {
    const held = this.#live(key)
    if (held === undefined) return
    held.expiresAt = this.#millisNow() + ttlMs
    this.#onChange(key)
  }

  /** 0 when it is not there. */
  remainingMs(key: string): number {
    const held = this.#live(key)
    return held === undefined ? 0 : held.expiresAt - this.#millisNow()
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const wasLive = this.#live(key) !== undefined
    if (!wasLive) return false
    this.#held.delete(key)
    this.#onChange(key)
    return true
  }

  /** Removes every key that matches, in one go. */
  removeWhere(matches: (key: string) => boolean): { readonly scanned: number; readonly removed: number } {
    const scanned = this.#held.size
    let removed = 0
    for (const key of this.#held.keys()) if (matches(key) && this.delete(key)) removed += 1
    return { scanned, removed }
  }

  #live(key: string): Held | undefined {
    const held = this.#held.get(key)
    if (held === undefined || held.expiresAt > this.#millisNow()) return held
    this.#held.delete(key)
    this.#onChange(key)
    return undefined
  }

  /** Reinserts the eldest live keys, so that the next sweep looks at others. */
  #sweep(): void {
    let left = SWEPT_PER_WRITE
    for (const [key, held] of this.#held) {
      if ((left -= 1) < 0) break
      this.#held.delete(key)
      if (held.expiresAt > this.#millisNow()) this.#held.set(key, held)
      else this.#onChange(key)
    }
  }
}
