import { type ExceptionInfo, decodeException } from '../wire/exceptions.ts'
import { checkText, optional } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { decodeScheduleMember } from '../wire/schedule.ts'
import { type HangfireEntry, readEntries } from './job-entry.ts'
import { type Page, checkPage } from './page.ts'
import type { Reader } from './reader.ts'
import { type Unreadable, collect } from './unreadable.ts'

/** A part of a list, and what was wrong with the list itself. */
export interface HangfireList<Extra> {
  readonly jobs: readonly (HangfireEntry & Extra)[]
  readonly unreadable: readonly Unreadable[]
}

/** Instants are milliseconds since 1970, durations milliseconds. */
export interface HangfireLists {
  /** What waits in a queue, the newest first. */
  enqueued(queue: string, page?: Page): Promise<HangfireList<{ readonly enqueuedAt?: number }>>
  /** What workers took from a queue and have not acknowledged. */
  fetched(queue: string, page?: Page): Promise<HangfireList<{ readonly fetchedAt?: number }>>
  /** By the instant, the next first. `queue` where .NET wrote it beside the id. */
  scheduled(page?: Page): Promise<HangfireList<{ readonly enqueueAt: number; readonly queue?: string }>>
  /** The first to start is first. */
  processing(
    page?: Page,
  ): Promise<
    HangfireList<{ readonly serverId?: string; readonly workerId?: string; readonly startedAt?: number }>
  >
  /** The last ones, newest first; Hangfire keeps 500. `result` is JSON. */
  succeeded(page?: Page): Promise<
    HangfireList<{
      readonly succeededAt?: number
      readonly performanceMs?: number
      readonly latencyMs?: number
      readonly result?: string
    }>
  >
  /** The last to fail is first. */
  failed(page?: Page): Promise<
    HangfireList<{
      readonly failedAt?: number
      readonly reason?: string
      readonly exceptionType?: string
      readonly exceptionMessage?: string
      readonly exceptionDetails?: string
    }>
  >
  /** The last ones, newest first; Hangfire keeps 500. */
  deleted(
    page?: Page,
  ): Promise<HangfireList<{ readonly deletedAt?: number; readonly exception?: ExceptionInfo }>>
  /** Those that wait for a retry. */
  retries(page?: Page): Promise<HangfireList<{ readonly enqueueAt?: number; readonly reason?: string }>>
}

/** A watcher that gives a job back to its queue, and a server that stops, leave its state as it is. */
const QUEUED = ['Enqueued', 'Processing']

export function createLists(reader: Reader, keys: HangfireKeys): HangfireLists {
  type Range = (found: ReturnType<typeof collect>, from: number, to: number) => Promise<readonly string[]>
  type Extra<T> = Parameters<typeof readEntries<T>>[4]

  async function read<T>(
    page: Page,
    states: readonly string[],
    range: Range,
    extra: Extra<T>,
  ): Promise<HangfireList<T>> {
    const { from, to } = checkPage(page)
    const found = collect()
    const ids = await range(found, from, to)
    return { jobs: await readEntries(reader, keys, ids, states, extra), unreadable: found.unreadable }
  }

  const list =
    (key: string): Range =>
    (found, from, to) =>
      reader.list(key, from, to, found)
  const zset =
    (key: string): Range =>
    async (found, from, to) =>
      (await reader.zset(key, from, to, found)).map(([member]) => member)
  const zsetReversed =
    (key: string): Range =>
    async (found, from, to) =>
      (await reader.zsetReversed(key, from, to, found)).map(([member]) => member)

  return {
    enqueued: async (queue, page = {}) =>
      await read(page, QUEUED, list(keys.queue(checkText('queue', queue))), ({ date }) =>
        optional('enqueuedAt', date('EnqueuedAt')),
      ),
    fetched: async (queue, page = {}) =>
      await read(page, ['Processing'], list(keys.dequeued(checkText('queue', queue))), ({ date, job }) =>
        optional('fetchedAt', date('Fetched', job)),
      ),
    async scheduled(page = {}) {
      const { from, to } = checkPage(page)
      const found = collect()
      const scored = await reader.zset(keys.schedule, from, to, found)
      const members = scored.map(([member, score]) => ({
        ...decodeScheduleMember(member),
        enqueueAt: score * 1_000,
      }))
      const ids = members.map(({ id }) => id)
      const entries = await readEntries(reader, keys, ids, ['Scheduled'], () => ({}))
      const jobs = entries.flatMap((entry, i) => {
        const member = members[i]
        return member === undefined ? [] : [{ ...member, ...entry }]
      })
      return { jobs, unreadable: found.unreadable }
    },
    async processing(page = {}) {
      const { jobs, unreadable } = await read(
        page,
        ['Processing'],
        zset(keys.processing),
        ({ date, state }) => ({
          ...optional('serverId', state.ServerId),
          ...optional('workerId', state.WorkerId),
          ...optional('startedAt', date('StartedAt')),
        }),
      )
      // Scores are whole seconds.
      return { jobs: jobs.toSorted((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0)), unreadable }
    },
    succeeded: async (page = {}) =>
      await read(page, ['Succeeded'], list(keys.succeeded), ({ date, integer, state }) => ({
        ...optional('succeededAt', date('SucceededAt')),
        ...optional('performanceMs', integer('PerformanceDuration')),
        ...optional('latencyMs', integer('Latency')),
        ...optional('result', state.Result),
      })),
    failed: async (page = {}) =>
      await read(page, ['Failed'], zsetReversed(keys.failed), ({ date, state }) => ({
        ...optional('failedAt', date('FailedAt')),
        ...optional('reason', state.Reason),
        ...optional('exceptionType', state.ExceptionType),
        ...optional('exceptionMessage', state.ExceptionMessage),
        ...optional('exceptionDetails', state.ExceptionDetails),
      })),
    deleted: async (page = {}) =>
      await read(page, ['Deleted'], list(keys.deleted), ({ date, state, attempt }) => {
        const { Exception: exception } = state
        return {
          ...optional('deletedAt', date('DeletedAt')),
          ...optional(
            'exception',
            exception === undefined ? undefined : attempt(() => decodeException(exception)),
          ),
        }
      }),
    retries: async (page = {}) =>
      await read(page, ['Scheduled'], zset(keys.retries), ({ date, state }) => ({
        ...optional('enqueueAt', date('EnqueueAt')),
        ...optional('reason', state.Reason),
      })),
  }
}
