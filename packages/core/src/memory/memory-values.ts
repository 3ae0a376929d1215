import type { ValueStorage } from '../storage/values.ts'

/** How many stored values each write looks at, to drop those that have expired unread. */
const SWEPT_PER_WRITE = 4

/** `millisNow`: the storage's clock in milliseconds. */
export function memoryValues(millisNow: () => number): ValueStorage {
  const values = new Map<string, { readonly value: string; readonly expiresAt: number }>()
  let lastStamp = 0

  const live = (key: string): string | null => {
    const stored = values.get(key)
    return stored !== undefined && stored.expiresAt > millisNow() ? stored.value : null
  }

  const put = (key: string, value: string, ttlMs: number): void => {
    sweep()
    values.set(key, { value, expiresAt: millisNow() + ttlMs })
  }

  /** Reinserts the eldest live values, so that the next sweep looks at others. */
  const sweep = (): void => {
    let left = SWEPT_PER_WRITE
    for (const [key, stored] of values) {
      if ((left -= 1) < 0) break
      values.delete(key)
      if (stored.expiresAt > millisNow()) values.set(key, stored)
    }
  }

  return {
    async get(key) {
      return live(key)
    },
    async set(key, value, ttlMs, notAfter) {
      const now = Math.floor(millisNow())
      if (now > notAfter) return { outcome: 'late', now }
      put(key, value, ttlMs)
      return { outcome: 'written', now }
    },
    async remove(keys) {
      let removed = 0
      for (const key of keys) {
        if (live(key) !== null) removed += 1
        values.delete(key)
      }
      return removed
    },
    async reserve(key, mark, ttlMs) {
      const there = live(key)
      if (there !== null) return there
      lastStamp = Math.max(lastStamp + 1, Math.floor(millisNow() * 1_000))
      const placeholder = `${mark}${lastStamp}`
      put(key, placeholder, ttlMs)
      return placeholder
    },
    async replace(key, expected, value, ttlMs) {
      if (live(key) !== expected) return false
      put(key, value, ttlMs)
      return true
    },
    async removeIf(key, expected) {
      return live(key) === expected && values.delete(key)
    },
  }
}
