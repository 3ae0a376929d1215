import type { FieldValue, HashSetReply, HashStorage } from '@holdfast/core/storage'
import type { RedisClient } from '../client.ts'
import { wholeNumber } from '../digits.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import { instant } from '../records/format.ts'
import type { RunScript } from '../script.ts'
import { setHashFields } from './hash-set.ts'

type KeyCommand = readonly [name: string, key: string, ...fields: string[]]

/** The hashes facet on Redis: one hash of Redis each. What reads and deletes is a plain command. */
export function redisHashes(client: RedisClient, run: RunScript, keys: Keys): HashStorage {
  const send = <T>(args: KeyCommand, decode: (reply: unknown) => T): Promise<T> =>
    client.send(args, args[1]).then(decode, (error: unknown) => {
      throw asStorageError(error, args[0])
    })

  return {
    set(key, fields, { ttlMs, on }, notAfter) {
      const texts = fields.flat()
      const lengths = texts.map((text) => Buffer.byteLength(text)).join(' ')
      const always = on === 'always' ? '1' : '0'
      return run(
        setHashFields,
        [keys.value(key)],
        [lengths, texts.join(''), String(ttlMs), always, instant(notAfter)],
        decodeSet,
      )
    },

    async get(key, fields) {
      if (fields.length === 0) return []
      return await send(['HMGET', keys.value(key), ...fields], (reply) => decodeValues(reply, fields.length))
    },

    getAll: (key) => send(['HGETALL', keys.value(key)], decodeAll),

    async delete(key, fields) {
      if (fields.length === 0) return 0
      return await send(['HDEL', keys.value(key), ...fields], decodeCount)
    },
  }
}

function decodeSet(reply: unknown): HashSetReply {
  const [, stored, now] = /^([01])(\d+)$/.exec(String(reply)) ?? []
  if (now === undefined) throw unexpectedReply('a set of hash fields', reply)
  return { outcome: stored === '1' ? 'written' : 'late', now: Number(now) }
}

function decodeValues(reply: unknown, count: number): readonly (string | null)[] {
  const isAsExpected =
    Array.isArray(reply) &&
    reply.length === count &&
    reply.every((value) => typeof value === 'string' || value === null)
  if (!isAsExpected) throw unexpectedReply('HMGET', reply)
  return reply as (string | null)[]
}

/**
 * Fields and values in turn; or what clients make of a map of RESP3: a `Map`, or (ioredis always) an object, which is to
 * have the field `__proto__` as well.
 */
function decodeAll(reply: unknown): readonly FieldValue[] {
  let entries: unknown[][] = []
  if (Array.isArray(reply)) {
    for (let i = 0; i < reply.length; i += 2) entries.push([reply[i], reply[i + 1]])
  } else if (reply instanceof Map) entries = [...reply]
  else if (typeof reply === 'object' && reply !== null) entries = Object.entries(reply)
  else throw unexpectedReply('HGETALL', reply)
  if (!entries.flat().every((text) => typeof text === 'string')) throw unexpectedReply('HGETALL', reply)
  return entries as unknown as readonly FieldValue[]
}

function decodeCount(reply: unknown): number {
  const count = wholeNumber(reply)
  if (Number.isNaN(count)) throw unexpectedReply('HDEL', reply)
  return count
}
