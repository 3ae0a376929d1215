import { checkObject } from '@holdfast/core/storage'
import type { RedisClient } from '@holdfast/redis-protocol'
import { checkClient } from '../storage/client-link.ts'
import { checkText } from '../wire/fields.ts'
import { checkPrefixOnCluster, hangfireKeys } from '../wire/keys.ts'
import { readAwaiting, type HangfireAwaiting } from './awaiting.ts'
import { type HangfireConsole, readConsoles } from './console.ts'
import { type HangfireJobDetails, readJob } from './job-details.ts'
import { type HangfireList, type HangfireLists, createLists } from './lists.ts'
import type { Page } from './page.ts'
import { createReader } from './reader.ts'
import { type HangfireRecurringJob, readRecurring } from './recurring.ts'
import { type HangfireServerView, readServers } from './servers.ts'
import {
  type HangfireOutcomes,
  type HangfireQueue,
  type HangfireStatistics,
  readOutcomes,
  readQueues,
  readStatistics,
} from './statistics.ts'
import type { Unreadable } from './unreadable.ts'
import { type WatchOptions, watchJob } from './watch.ts'

/**
 * What Hangfire's dashboard shows, read from Redis and never written.
 *
 * - Instants are milliseconds since 1970, by the clock of the process that wrote them.
 * - Data that does not follow Hangfire's format is listed in `unreadable` with its raw text; everything around it is shown.
 * - A page takes one to three round trips, and is no snapshot: jobs move while it is read.
 * - Every method rejects with `STORAGE_UNAVAILABLE` or `STORAGE_REFUSED` when Redis does not answer it.
 */
export interface HangfireMonitor extends HangfireLists {
  /** Undefined: Redis has no such job (any more). */
  job(id: string): Promise<HangfireJobDetails | undefined>
  statistics(): Promise<HangfireStatistics>
  /**
   * How many ended in each of seven days or 24 hours, the newest first.
   *
   * @param until an instant in the last of them. Default: now
   */
  outcomes(
    by: 'day' | 'hour',
    until?: number,
  ): Promise<{ readonly outcomes: readonly HangfireOutcomes[]; readonly unreadable: readonly Unreadable[] }>
  /** By name. */
  queues(): Promise<{ readonly queues: readonly HangfireQueue[]; readonly unreadable: readonly Unreadable[] }>
  servers(): Promise<{
    readonly servers: readonly HangfireServerView[]
    readonly unreadable: readonly Unreadable[]
  }>
  /**
   * Jobs that wait for another one. Since Hangfire 1.8 only their parents list them: this looks at every job that is queued,
   * scheduled, in progress, failed or just ended, 500 in a round trip, until the page is full.
   */
  awaiting(page?: Page): Promise<HangfireList<HangfireAwaiting>>
  /** The next to run first. */
  recurring(page?: Page): Promise<{
    readonly recurring: readonly HangfireRecurringJob[]
    readonly unreadable: readonly Unreadable[]
  }>
  /** What Hangfire.Console shows of each run that wrote something, the last run first. */
  console(id: string): Promise<readonly HangfireConsole[]>
  /**
   * The job now, and again whenever it has changed, until it has succeeded or is deleted, Redis has it no more, or the signal
   * aborts. Hangfire announces no change, so this looks every `intervalMs`.
   */
  watch(id: string, options?: WatchOptions): AsyncIterable<HangfireJobDetails>
}

/** What a monitor reads. */
export interface HangfireMonitorOptions {
  /**
   * What every key begins with, as the .NET application has it.
   * @default '{hangfire}:'
   */
  readonly prefix?: string | undefined
}

/**
 * Reads what Hangfire's dashboard shows. It sends commands that read and nothing else, holds nothing open, and is not closed.
 *
 * @param client `ioredisClient(redis)` or `nodeRedisClient(redis)`
 */
export function createHangfireMonitor(
  client: RedisClient,
  options: HangfireMonitorOptions = {},
): HangfireMonitor {
  const { prefix = '{hangfire}:' } = checkObject('The options', options) as HangfireMonitorOptions
  checkClient(client)
  const keys = hangfireKeys(prefix)
  if (client.cluster !== undefined) checkPrefixOnCluster(prefix)
  const reader = createReader(client)
  return {
    ...createLists(reader, keys),
    job: async (id) => await readJob(reader, keys, checkId(id)),
    statistics: () => readStatistics(reader, keys),
    outcomes: (by, until = Date.now()) => readOutcomes(reader, keys, by, until),
    queues: () => readQueues(reader, keys),
    servers: () => readServers(reader, keys),
    awaiting: (page = {}) => readAwaiting(reader, keys, page),
    recurring: (page = {}) => readRecurring(reader, keys, page),
    console: async (id) => await readConsoles(reader, keys, checkId(id)),
    watch(id, watching = {}) {
      checkId(id)
      return watchJob(() => readJob(reader, keys, id), watching)
    },
  }
}

function checkId(id: string): string {
  return checkText('The id of a job', id)
}
