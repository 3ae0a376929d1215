import type { StoredValue, ValueStorage } from '../storage/values.ts'
import { memoryCounters } from './memory-counters.ts'
import { memoryHashes } from './memory-hashes.ts'
import { MemoryInvalidations } from './memory-invalidations.ts'
import { manyByOne } from './many-by-one.ts'
import { MemoryKeys, type Holds } from './memory-keys.ts'
import { globToPattern } from './glob.ts'

/** `millisNow`: the storage's clock in milliseconds. */
export function memoryValues(millisNow: () => number): ValueStorage {
  const invalidations = new MemoryInvalidations()
  const keys = new MemoryKeys(millisNow, (key) => invalidations.changed(key))
  const subscribers = new Map<string, Set<() => void>>()
  let lastStamp = 0

  const read = (key: string): StoredValue | null => {
    const held = keys.get(key)
    return held !== undefined && isValue(held) ? shown(held) : null
  }
  /** What `read` returns, of a key that only values may be in. */
  const value = (key: string): StoredValue | null => {
    const held = keys.only(key, isValue, 'a string')
    return held === undefined ? null : shown(held)
  }

  const beginsWith = (key: string, expected: string): boolean => {
    const stored = value(key)
    return stored !== null && expected !== '' && startsWith(stored, expected)
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

  /** As on Redis: a `+` behind a placeholder says that another caller waits for its end. */
  const isWaitedFor = (key: string): boolean => {
    const there = keys.get(key)
    return typeof there === 'string' && there.endsWith(';+')
  }

  const callSubscribers = (key: string): void => {
    for (const subscriber of subscribers.get(key) ?? []) queueMicrotask(subscriber)
  }

  const reserveWith = (
    placeholder: string,
    key: string,
    mark: string,
    ttlMs: number,
    instead?: Uint8Array,
  ): string => {
    const there = value(key)
    if (there !== null && !(instead !== undefined && bytes(there).equals(instead))) {
      const found = text(there) ?? ''
      const isAnothers = found.endsWith(';') && found[0] === mark[0] && !found.startsWith(mark)
      if (isAnothers) keys.put(key, `${found}+`, keys.remainingMs(key))
      return found
    }
    keys.put(key, placeholder, ttlMs)
    return placeholder
  }

  const values: ValueStorage = {
    async getMany(those) {
      return those.map((key) => text(read(key)))
    },
    async getManyBytes(those) {
      return those.map((key) => {
        const stored = read(key)
        // A copy: what the caller does with it changes nothing here.
        return stored === null ? null : Buffer.from(bytes(stored))
      })
    },
    async getHead(key, length) {
      const stored = read(key)
      return stored === null ? null : bytes(stored).subarray(0, length).toString() || null
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
      return reserveWith(`${mark}${stamp()};`, key, mark, ttlMs, instead)
    },
    async extend(key, expected, ttlMs) {
      if (!beginsWith(key, expected)) return false
      keys.expireIn(key, ttlMs)
      return true
    },
    async replace(key, expected, given, ttlMs) {
      if (beginsWith(key, expected)) {
        const wasWaitedFor = isWaitedFor(key)
        keys.put(key, stamped(given), ttlMs)
        if (wasWaitedFor) callSubscribers(key)
        return true
      }
      // A repetition finds what the first one stored.
      const stored = value(key)
      if (stored !== null && bytes(stored).subarray(13, 45).equals(bytes(given).subarray(0, 32))) return true
      callSubscribers(key)
      return false
    },
    async patch(key, expected, beginning, ttlMs) {
      const stored = value(key)
      if (stored === null || !beginsWith(key, expected)) return beginsWith(key, beginning)
      const head = Buffer.from(beginning)
      keys.put(key, Buffer.concat([head, bytes(stored).subarray(head.length)]), ttlMs)
      return true
    },
    async removeIf(key, expected) {
      const isThere = beginsWith(key, expected)
      const calls = !isThere || isWaitedFor(key)
      if (isThere) keys.delete(key)
      if (calls) callSubscribers(key)
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
      const subscriber = (): void => {
        if (subscribers.get(key)?.has(subscriber)) onEnd()
      }
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
    invalidations,
  }
  return {
    ...values,
    ...manyByOne(values),
    // One placeholder for all of them.
    async reserveMany(those, mark, ttlMs) {
      const placeholder = `${mark}${stamp()};`
      const reserve = async (key: string): Promise<string> => reserveWith(placeholder, key, mark, ttlMs)
      return await manyByOne({ reserve, replace: values.replace }).reserveMany(those, mark, ttlMs)
    },
  }
}

/** A counter is a string too, as on Redis. */
function isValue(held: Holds): held is StoredValue | bigint {
  return !(held instanceof Map)
}

function shown(held: StoredValue | bigint): StoredValue {
  return typeof held === 'bigint' ? String(held) : held
}

function text(stored: StoredValue | null): string | null {
  return stored === null || typeof stored === 'string' ? stored : bytes(stored).toString()
}

function bytes(stored: StoredValue): Buffer {
  if (typeof stored === 'string') return Buffer.from(stored)
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
}

function startsWith(stored: StoredValue, expected: string): boolean {
  if (typeof stored === 'string') return stored.startsWith(expected)
  const beginning = Buffer.from(expected)
  return beginning.equals(bytes(stored).subarray(0, beginning.length))
}
