import {
  type Command,
  type RedisClient,
  asStorageError,
  isWrongType,
  sendSafely,
  unexpectedReply,
} from '@holdfast/redis-protocol'
import type { Fields } from '../wire/fields.ts'
import type { Found } from './unreadable.ts'

/**
 * The commands that a monitor sends; all of them only read. Those of one tick leave in one write. A key of another type
 * reads as an empty one, and is noted.
 */
export interface Reader {
  text(key: string, found: Found): Promise<string | undefined>
  /** Of a whole number, such as `LLEN`. 0 where the key is of another type. */
  integer(command: Command, key: string, found: Found): Promise<number>
  hash(key: string, found: Found): Promise<Fields>
  /** The fields that are there. */
  fields(key: string, names: readonly string[], found: Found): Promise<Fields>
  list(key: string, from: number, to: number, found: Found): Promise<readonly string[]>
  set(key: string, found: Found): Promise<readonly string[]>
  /** By rank, the lowest score first. */
  zset(key: string, from: number, to: number, found: Found): Promise<readonly Scored[]>
  /** By rank, the highest score first. */
  zsetReversed(key: string, from: number, to: number, found: Found): Promise<readonly Scored[]>
  /** Where a list has the value, among the `within` items of its tail; undefined when it is not there. */
  isInTail(key: string, value: string, within: number, found: Found): Promise<boolean>
}

export type Scored = readonly [member: string, score: number]

export function createReader(client: RedisClient): Reader {
  async function read<T>(
    command: Command,
    key: string,
    found: Found,
    decode: (reply: unknown) => T | undefined,
    none: T,
  ): Promise<T> {
    let reply: unknown
    try {
      reply = await sendSafely(client, command, key)
    } catch (error) {
      if (!isWrongType(error)) throw asStorageError(error, command[0])
      found.add({ key, problem: `${key} has another type than Hangfire gives it.` })
      return none
    }
    const value = decode(reply)
    if (value === undefined) throw unexpectedReply(command[0], reply)
    return value
  }

  return {
    async text(key, found) {
      const texts = await read(['GET', key], key, found, (reply) => textsOf([reply]), [null])
      return texts[0] ?? undefined
    },
    integer: (command, key, found) => read(command, key, found, integerOf, 0),
    hash: (key, found) => read(['HGETALL', key], key, found, fieldsOf, {}),
    async fields(key, names, found) {
      const texts = await read(['HMGET', key, ...names], key, found, textsOf, [])
      return Object.fromEntries(
        names.flatMap((name, i) => {
          const text = texts[i]
          return text === undefined || text === null ? [] : [[name, text]]
        }),
      )
    },
    list: (key, from, to, found) => read(['LRANGE', key, `${from}`, `${to}`], key, found, allTextsOf, []),
    set: (key, found) => read(['SMEMBERS', key], key, found, allTextsOf, []),
    zset: (key, from, to, found) =>
      read(['ZRANGE', key, `${from}`, `${to}`, 'WITHSCORES'], key, found, scoredOf, []),
    zsetReversed: (key, from, to, found) =>
      read(['ZREVRANGE', key, `${from}`, `${to}`, 'WITHSCORES'], key, found, scoredOf, []),
    isInTail: (key, value, within, found) =>
      read(
        ['LPOS', key, value, 'RANK', '-1', 'MAXLEN', `${within}`],
        key,
        found,
        (reply) => reply !== null && reply !== undefined,
        false,
      ),
  }
}

function integerOf(reply: unknown): number | undefined {
  const value = Number(reply)
  return (typeof reply === 'number' || typeof reply === 'string') && Number.isSafeInteger(value)
    ? value
    : undefined
}

function textsOf(reply: unknown): readonly (string | null)[] | undefined {
  const items = itemsOf(reply)
  return items?.every((item): item is string | null => item === null || typeof item === 'string')
    ? items
    : undefined
}

function allTextsOf(reply: unknown): readonly string[] | undefined {
  const items = itemsOf(reply)
  return items?.every((item): item is string => typeof item === 'string') ? items : undefined
}

/** A hash is a flat list, or what a client made of it. */
function fieldsOf(reply: unknown): Fields | undefined {
  if (typeof reply !== 'object' || reply === null) return undefined
  if (reply instanceof Map) return Object.fromEntries(reply) as Fields
  if (!Array.isArray(reply)) return reply as Fields
  const texts = allTextsOf(reply)
  return texts && Object.fromEntries(pairs(texts))
}

/** A flat list, or one of pairs in RESP 3. */
function scoredOf(reply: unknown): readonly Scored[] | undefined {
  const items = itemsOf(reply)
  const scored = items?.some(Array.isArray) === true ? (items as [unknown, unknown][]) : items && pairs(items)
  return scored?.map(([member, score]) => [String(member), Number(score)] as const)
}

function itemsOf(reply: unknown): readonly unknown[] | undefined {
  if (reply instanceof Set) return [...reply]
  return Array.isArray(reply) ? reply : undefined
}

function pairs<T>(flat: readonly T[]): [T, T][] {
  return Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => [
    flat[2 * i] as T,
    flat[2 * i + 1] as T,
  ])
}
