import type { HashStorage } from '../storage/hashes.ts'
import type { Holds, MemoryKeys } from './memory-keys.ts'

/** The hashes facet over the keys of a memory storage. `millisNow`: its clock in milliseconds. */
export function memoryHashes(keys: MemoryKeys, millisNow: () => number): HashStorage {
  const hash = (key: string): Map<string, string> | undefined => keys.only(key, isHash, 'a hash')

  return {
    async set(key, fields, { ttlMs, on }, notAfter) {
      const now = Math.floor(millisNow())
      if (now > notAfter) return { outcome: 'late', now }
      const there = hash(key)
      if (there === undefined) {
        if (fields.length > 0) keys.put(key, new Map(fields), ttlMs)
      } else {
        for (const [field, value] of fields) there.set(field, value)
        if (fields.length > 0) keys.changed(key)
        if (on === 'always') keys.expireIn(key, ttlMs)
      }
      return { outcome: 'written', now }
    },
    async get(key, fields) {
      const there = hash(key)
      return fields.map((field) => there?.get(field) ?? null)
    },
    async getAll(key) {
      return [...(hash(key) ?? [])]
    },
    async delete(key, fields) {
      const there = hash(key)
      if (there === undefined) return 0
      let deleted = 0
      for (const field of fields) if (there.delete(field)) deleted += 1
      if (there.size === 0) keys.delete(key)
      else if (deleted > 0) keys.changed(key)
      return deleted
    },
  }
}

function isHash(holds: Holds): holds is Map<string, string> {
  return holds instanceof Map
}
