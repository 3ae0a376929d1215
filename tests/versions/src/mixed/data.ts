import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { KEPT } from './kept.ts'

/** What a version stored, command by command, so that any server can have it again. */
export interface KeptData {
  /** The server's clock when it was read, in milliseconds. */
  readonly at: number
  readonly keys: readonly KeptKey[]
}

interface KeptKey {
  readonly key: string
  /** How long it had to live, in milliseconds; -1 without an end. */
  readonly ttlMs: number
  /** What makes it: the command, and what follows the key. */
  readonly command: 'SET' | 'RPUSH' | 'ZADD' | 'HSET'
  readonly args: readonly Text[]
}

/** Bytes that are no text are in base64. */
type Text = string | { readonly base64: string }

const fileOf = (version: string): string => join(KEPT, version, 'data.json')

export function readKeptData(version: string): KeptData {
  return JSON.parse(readFileSync(fileOf(version), 'utf8')) as KeptData
}

/** Writes down all that the server has. */
export async function keepData(redis: Redis, version: string): Promise<number> {
  const keys = await Promise.all((await redis.keys('*')).toSorted().map((key) => contentOf(redis, key)))
  const data: KeptData = { at: await clockOf(redis), keys }
  writeFileSync(fileOf(version), `${JSON.stringify(data, null, 2)}\n`)
  return keys.length
}

async function contentOf(redis: Redis, key: string): Promise<KeptKey> {
  const ttlMs = await redis.pttl(key)
  const type = await redis.type(key)
  const of = (command: KeptKey['command'], args: readonly Buffer[]): KeptKey => {
    return { key, ttlMs, command, args: args.map(textOf) }
  }
  switch (type) {
    case 'string':
      return of('SET', [(await redis.getBuffer(key)) ?? Buffer.alloc(0)])
    case 'list':
      return of('RPUSH', await redis.lrangeBuffer(key, 0, -1))
    case 'zset': {
      const members = (await redis.zrangeBuffer(key, '0', '-1')) as readonly Buffer[]
      const scored = members.map(async (member) => [
        Buffer.from(String(await redis.zscore(key, member))),
        member,
      ])
      return of('ZADD', (await Promise.all(scored)).flat())
    }
    case 'hash':
      return of(
        'HSET',
        Object.entries(await redis.hgetallBuffer(key)).flatMap(([field, value]) => [
          Buffer.from(field),
          value,
        ]),
      )
    default:
      throw new Error(`${key} is a ${type}, which no version stores.`)
  }
}

/** Puts it there as if it had been read so long ago: kept data never grows old, whatever the clock says. */
export async function restoreData(redis: Redis, { at, keys }: KeptData, agoMs: number): Promise<void> {
  const byMs = (await clockOf(redis)) - agoMs - at
  for (const { key, ttlMs, command, args } of keys) {
    if (ttlMs !== -1 && ttlMs <= agoMs) continue
    const moved = args.map((arg) => movedBy(bytesOf(arg), byMs, at))
    await redis.call(command, key, ...moved)
    if (ttlMs !== -1) await redis.pexpire(key, ttlMs - agoMs)
  }
}

/**
 * All instants in our formats are decimal: 13 digits of milliseconds, or 16 of microseconds, which begin with these. Those
 * within a day or two of the reading are moved, wherever they stand: behind a lock's permits, say, without anything between.
 */
function movedBy(bytes: Buffer, byMs: number, at: number): Buffer {
  const day = Math.floor(at / 1e8)
  const instants = new RegExp(`(?:${day - 1}|${day}|${day + 1})\\d{8}`, 'g')
  const moved = bytes.toString('latin1').replace(instants, (instant) => String(Number(instant) + byMs))
  return Buffer.from(moved, 'latin1')
}

async function clockOf(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}

function textOf(bytes: Buffer): Text {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString('base64') }
}

function bytesOf(text: Text): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.base64, 'base64')
}
