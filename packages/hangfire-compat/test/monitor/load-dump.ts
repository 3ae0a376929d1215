import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { type Dump, PREFIX } from '../dumps.ts'

type Entry = { readonly pttl: number } & (
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'hash'; readonly value: Readonly<Record<string, string>> }
  | { readonly type: 'list'; readonly value: readonly string[] }
  | { readonly type: 'set'; readonly value: readonly string[] }
  | { readonly type: 'zset'; readonly value: readonly (readonly [member: string, score: number])[] }
)

/** Puts a dump under a prefix. Keys that expire get a day, so that they last as long as the test. */
export async function loadDump(redis: Redis, dump: Dump, prefix: string): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, '..', 'fixtures', dump.name), 'utf8')
  const batch = redis.pipeline()
  for (const [name, entry] of Object.entries(JSON.parse(text) as Record<string, Entry>)) {
    const key = name.replace(PREFIX, prefix)
    if (entry.type === 'string') batch.set(key, entry.value)
    else if (entry.type === 'hash') batch.hset(key, entry.value)
    else if (entry.type === 'list') batch.rpush(key, ...entry.value)
    else if (entry.type === 'set') batch.sadd(key, ...entry.value)
    else for (const [member, score] of entry.value) batch.zadd(key, `${score}`, member)
    if (entry.pttl > 0) batch.expire(key, 86_400)
  }
  for (const [error] of (await batch.exec()) ?? []) if (error !== null) throw error
}
