import { type StorageRefusedError, hasCode } from '../errors.ts'
import { type AddReply, type CounterStorage, REMEMBERED_MS } from '../storage/counters.ts'
import type { Life } from '../storage/hashes.ts'
import type { Holds, MemoryKeys } from './memory-keys.ts'

interface Remembered {
  readonly answer: number | 'overflow' | StorageRefusedError
  readonly until: number
}

/** The counters facet over the keys of a memory storage. `millisNow`: its clock in milliseconds. */
export function memoryCounters(keys: MemoryKeys, millisNow: () => number): CounterStorage {
  // In the order in which they are forgotten.
  const operations = new Map<string, Remembered>()

  const forget = (now: number): void => {
    for (const [operation, { until }] of operations) {
      if (until >= now) break
      operations.delete(operation)
    }
  }

  const addOnce = (key: string, by: number, { ttlMs, on }: Life): Remembered['answer'] => {
    try {
      const there = keys.only(key, isCounter, 'a counter')
      const sum = Number(there ?? 0n) + by
      if (!Number.isSafeInteger(sum)) return 'overflow'
      const ttlLeftMs = there === undefined || on === 'always' ? ttlMs : keys.remainingMs(key)
      keys.put(key, BigInt(sum), ttlLeftMs)
      return sum
    } catch (error) {
      if (hasCode(error, 'STORAGE_REFUSED')) return error
      throw error
    }
  }

  return {
    async add(key, by, operation, life, notAfter): Promise<AddReply> {
      const now = Math.floor(millisNow())
      forget(now)
      const place = `${key}\n${operation}`
      let answer = operations.get(place)?.answer
      if (answer === undefined) {
        if (now > notAfter) return { outcome: 'late', now }
        answer = addOnce(key, by, life)
        operations.set(place, { answer, until: now + REMEMBERED_MS })
      }
      if (answer === 'overflow') return { outcome: 'overflow', now }
      if (typeof answer === 'number') return { outcome: 'added', sum: answer, now }
      throw answer
    },
  }
}

function isCounter(holds: Holds): holds is bigint {
  return typeof holds === 'bigint'
}
