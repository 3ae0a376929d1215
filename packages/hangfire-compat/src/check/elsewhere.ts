import type { RedisClient } from '@holdfast/redis-protocol'
import { type Reader, createReader } from '../monitor/reader.ts'
import { collect } from '../monitor/unreadable.ts'
import { hangfireKeys } from '../wire/keys.ts'
import { scanKeys } from './scan.ts'

/** Another place in which data looks like Hangfire's. */
export interface Elsewhere {
  readonly database: number
  readonly prefix: string
}

/** Whether the prefix has anything of Hangfire: all of these are there for as long as the application is. */
export async function hasHangfire(reader: Reader, prefix: string): Promise<boolean> {
  const keys = hangfireKeys(prefix)
  const some = [
    keys.queues,
    keys.servers,
    keys.recurringJobs,
    keys.schedule,
    keys.processing,
    keys.failed,
    keys.succeeded,
    keys.deleted,
    keys.stats('succeeded'),
    keys.stats('deleted'),
  ]
  const found = collect()
  const exist = await Promise.all(some.map((key) => reader.integer(['EXISTS', key], key, found)))
  return exist.includes(1)
}

interface Search {
  readonly database: number
  readonly scan: number
  openDatabase(database: number): Promise<{ readonly client: RedisClient; end(): void }>
}

/**
 * Looks for Hangfire's data in all databases: under its default prefix and that of Hangfire.Pro.Redis, and under whatever the
 * first `scan` keys of each database show.
 */
export async function searchElsewhere(
  client: RedisClient,
  databases: readonly number[],
  { database: here, scan, openDatabase }: Search,
): Promise<readonly Elsewhere[]> {
  const places: Elsewhere[] = []
  for (const database of new Set([here, ...databases])) {
    const opened = database === here ? { client, end() {} } : await openDatabase(database)
    try {
      const prefixes = await prefixesIn(opened.client, scan)
      places.push(...prefixes.map((prefix) => ({ database, prefix })))
    } finally {
      opened.end()
    }
  }
  return places
}

async function prefixesIn(client: RedisClient, scan: number): Promise<readonly string[]> {
  const reader = createReader(client)
  const usual = await Promise.all(
    ['{hangfire}:', 'hangfire:'].map(async (prefix) => ((await hasHangfire(reader, prefix)) ? [prefix] : [])),
  )
  const { keys } = scan === 0 ? { keys: [] } : await scanKeys(client, '*', scan)
  const seen = keys.flatMap((key) => OF_HANGFIRE.exec(key)?.[1] ?? [])
  return [...new Set([...usual.flat(), ...seen])].toSorted()
}

/** Names that no other program is likely to have, with what is before them. */
const OF_HANGFIRE =
  /^(.*?)(?:job:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::state|:history)?|recurring-jobs|queue:[^:]*:dequeued|stats:(?:succeeded|failed|deleted)(?::\d{4}-\d\d-\d\d(?:-\d\d)?)?)$/s
