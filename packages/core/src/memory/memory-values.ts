import type { StoredValue, ValueStorage } from '../storage/values.ts'
import { memoryCounters } from './memory-counters.ts'
import { memoryHashes } from './memory-hashes.ts'
import { MemoryKeys, type Holds } from './memory-keys.ts'
import { globToPattern } from './glob.ts'

/** `millisNow`: the storage's clock in milliseconds. */
export function memoryValues(millisNow: () => number): ValueStorage {
  const keys = new MemoryKeys(millisNow)
  const waitedFor = new Set<string>()
  const subscribers = new Map<string, Set<() => void>>()
  let lastStamp = 0

  const read = (key: string): StoredValue | null => {
    const held = keys.get(key)
    return held !== undefined && isValue(held) ? held : null
  }
  /** What `read` returns, of a key that only strings may be in. */
  const value = (key: string): StoredValue | null => keys.only(key, isValue, 'a string') ?? null

  const beginsWith = (key: string, expected: string): boolean => {
    const stored = value(key)
    return stored !== null && startsWith(stored, expected)
  }

  /** Microseconds, and another one each time. */
  const stamp = (): string => {
    lastStamp = Math.max(lastStamp + 1, Math.floor(millisNow() * 1_000))
    return String(lastStamp).padStart(16, '0')
  }

  const stamped = (given: StoredValue): StoredValue => {
    const now = String(Math.floor(millisNow())).padStart(13, '0')
    return typeof given === 'string' ? now + given : Buffer.concat([Buffer.from(now), given])
  }

  const placeholderEnded = (key: string, isKnownToBeWaitedFor: boolean): void => {
    if (!waitedFor.delete(key) && !isKnownToBeWaitedFor) return
    for (const onEnd of subscribers.get(key) ?? []) queueMicrotask(onEnd)
  }

  return {
    async getMany(those) {
      return those.map((key) => text(read(key)))
    },
    async getManyBytes(those) {
      return those.map((key) => {
        const stored = read(key)
        return typeof stored === 'string' ? Buffer.from(stored) : stored
      })
    },
    async getHead(key, length) {
      const stored = read(key)
      if (stored === null || stored.length === 0) return null
      return Buffer.from(stored as string)
        .subarray(0, length)
        .toString()
    },
    async set(key, given, ttlMs, notAfter) {
      const now = Math.floor(millisNow())
      if (now > notAfter) return { outcome: 'late', now }
      keys.put(key, stamped(given), ttlMs)
      return { outcome: 'written', now }
    },
    async remove(those) {
      let removed = 0
      for (const key of those) if (keys.delete(key)) removed += 1
      return removed
    },
    async reserve(key, mark, ttlMs, instead) {
      const there = value(key)
      if (there !== null && !(instead !== undefined && Buffer.from(there as string).equals(instead))) {
        const shown = text(there) ?? ''
        if (shown.startsWith(mark[0] ?? '') && !shown.startsWith(mark)) waitedFor.add(key)
        return shown
      }
      const placeholder = `${mark}${stamp()};`
      waitedFor.delete(key)
      keys.put(key, placeholder, ttlMs)
      return placeholder
    },
    async extend(key, expected, ttlMs) {
      if (!beginsWith(key, expected)) return false
      keys.expireIn(key, ttlMs)
      return true
    },
    async replace(key, expected, given, ttlMs) {
      const stored = value(key)
      if (stored !== null && startsWith(stored, expected)) {
        keys.put(key, stamped(given), ttlMs)
        placeholderEnded(key, false)
        return true
      }
      // A repetition finds what the first one stored.
      if (stored !== null && text(stored)?.slice(13, 45) === text(given)?.slice(0, 32)) return true
      placeholderEnded(key, true)
      return false
    },
    async patch(key, expected, beginning, ttlMs) {
      const stored = value(key)
      if (stored === null) return false
      if (startsWith(stored, beginning)) return true
      if (!startsWith(stored, expected)) return false
      const rest = Buffer.from(stored as string).subarray(Buffer.byteLength(beginning))
      keys.put(
        key,
        typeof stored === 'string'
          ? beginning + rest.toString()
          : Buffer.concat([Buffer.from(beginning), rest]),
        ttlMs,
      )
      return true
    },
    async removeIf(key, expected) {
      const isThere = beginsWith(key, expected)
      if (isThere) keys.delete(key)
      placeholderEnded(key, !isThere)
      return isThere
    },
    async renew(key, mark, ttlMs) {
      const generation = mark + stamp()
      keys.put(key, generation, ttlMs)
      return generation
    },
    async ensure(key, mark, ttlMs) {
      const there = text(value(key))
      if (there !== null) {
        if (keys.remainingMs(key) < ttlMs) keys.expireIn(key, ttlMs)
        return there
      }
      const generation = mark + stamp()
      keys.put(key, generation, ttlMs)
      return generation
    },
    async subscribe(key, onEnd) {
      // Each call is a subscriber, also of a function that subscribed before.
      const subscriber = (): void => onEnd()
      const all = subscribers.get(key) ?? new Set()
      subscribers.set(key, all.add(subscriber))
      return () => {
        all.delete(subscriber)
        if (all.size === 0 && subscribers.get(key) === all) subscribers.delete(key)
      }
    },
    async removeMatching({ prefix, glob }) {
      const matches = globToPattern(glob)
      return keys.removeWhere((key) => key.startsWith(prefix) && matches(key.slice(prefix.length)))
    },
    hashes: memoryHashes(keys, millisNow),
    counters: memoryCounters(keys, millisNow),
  }
}

function isValue(held: Holds): held is StoredValue {
  return typeof held === 'string' || held instanceof Uint8Array
}

function text(stored: StoredValue | null): string | null {
  return stored === null || typeof stored === 'string' ? stored : Buffer.from(stored).toString()
}

function startsWith(stored: StoredValue, expected: string): boolean {
  if (typeof stored === 'string') return stored.startsWith(expected)
  const bytes = Buffer.from(expected)
  return bytes.equals(stored.subarray(0, bytes.length))
}
