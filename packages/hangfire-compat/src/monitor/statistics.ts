import { checkOneOf } from '@holdfast/core/storage'
import { type Fields, integerOf, optional } from '../wire/fields.ts'
import { checkInstant } from '../wire/dates.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import type { Reader } from './reader.ts'
import { type Found, type Unreadable, collect } from './unreadable.ts'

/** The counters of Hangfire's pages. */
export interface HangfireStatistics {
  readonly servers: number
  readonly recurring: number
  readonly queues: number
  /** In all queues. */
  readonly enqueued: number
  readonly scheduled: number
  readonly processing: number
  readonly failed: number
  readonly retries: number
  /** Since ever: Hangfire keeps the counters, not the jobs. Undefined: unreadable. */
  readonly succeeded?: number
  readonly deleted?: number
  readonly unreadable: readonly Unreadable[]
}

/** How many ended so in a day or an hour. */
export interface HangfireOutcomes {
  /** When it began, in UTC, in ms since 1970. */
  readonly since: number
  readonly succeeded: number
  readonly failed: number
  readonly deleted: number
}

export interface HangfireQueue {
  readonly name: string
  /** How many wait in it. */
  readonly length: number
  /** How many workers took from it and have not acknowledged. */
  readonly fetched: number
}

export async function readStatistics(reader: Reader, keys: HangfireKeys): Promise<HangfireStatistics> {
  const found = collect()
  const count = (command: 'SCARD' | 'ZCARD' | 'LLEN', key: string): Promise<number> =>
    reader.integer([command, key], key, found)
  const [queues, servers, recurring, scheduled, processing, failed, retries, succeeded, deleted] =
    await Promise.all([
      reader.set(keys.queues, found),
      count('SCARD', keys.servers),
      count('ZCARD', keys.recurringJobs),
      count('ZCARD', keys.schedule),
      count('ZCARD', keys.processing),
      count('ZCARD', keys.failed),
      count('ZCARD', keys.retries),
      counter(reader, keys.stats('succeeded'), found),
      counter(reader, keys.stats('deleted'), found),
    ])
  const lengths = await Promise.all(queues.map((name) => count('LLEN', keys.queue(name))))
  return {
    servers,
    recurring,
    queues: queues.length,
    enqueued: lengths.reduce((sum, length) => sum + length, 0),
    scheduled,
    processing,
    failed,
    retries,
    ...optional('succeeded', succeeded),
    ...optional('deleted', deleted),
    unreadable: found.unreadable,
  }
}

/** Seven days, or 24 hours, up to that of `until`, the newest first: Hangfire keeps no more of the hours. */
export async function readOutcomes(
  reader: Reader,
  keys: HangfireKeys,
  by: 'day' | 'hour',
  until: number,
): Promise<{ readonly outcomes: readonly HangfireOutcomes[]; readonly unreadable: readonly Unreadable[] }> {
  const found = collect()
  const [lengthMs, periods, letters] =
    checkOneOf('by', by, ['day', 'hour']) === 'day' ? [86_400_000, 7, 10] : [3_600_000, 24, 13]
  const last = Math.floor(checkInstant('until', until) / lengthMs) * lengthMs
  const outcomes = await Promise.all(
    Array.from({ length: periods }, async (_, i) => {
      const since = last - i * lengthMs
      const period = new Date(since).toISOString().slice(0, letters).replace('T', '-')
      const [succeeded = 0, failed = 0, deleted = 0] = await Promise.all(
        (['succeeded', 'failed', 'deleted'] as const).map((outcome) =>
          counter(reader, keys.stats(outcome, period), found),
        ),
      )
      return { since, succeeded, failed, deleted }
    }),
  )
  return { outcomes, unreadable: found.unreadable }
}

export async function readQueues(
  reader: Reader,
  keys: HangfireKeys,
): Promise<{ readonly queues: readonly HangfireQueue[]; readonly unreadable: readonly Unreadable[] }> {
  const found = collect()
  const names = await reader.set(keys.queues, found)
  const queues = await Promise.all(
    names.map(async (name) => {
      const [length, fetched] = await Promise.all(
        [keys.queue(name), keys.dequeued(name)].map((key) => reader.integer(['LLEN', key], key, found)),
      )
      return { name, length: length ?? 0, fetched: fetched ?? 0 }
    }),
  )
  return { queues: queues.toSorted((a, b) => (a.name < b.name ? -1 : 1)), unreadable: found.unreadable }
}

/** A counter that is missing counts nothing. */
async function counter(reader: Reader, key: string, found: Found): Promise<number | undefined> {
  const text = await reader.text(key, found)
  const fields: Fields = text === undefined ? {} : { value: text }
  if (text === undefined) return 0
  return found.attempt(key, () => integerOf(fields, 'value', 'a counter'))
}
