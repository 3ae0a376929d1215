import type { LockOptions } from '@holdfast/core'
import {
  ClosedError,
  type FeatureOptions,
  type Lockable,
  checkObject,
  checkOneOf,
} from '@holdfast/core/storage'
import type { RedisClient } from '@holdfast/redis-protocol'
import { type HangfireJobs, hangfireJobs } from './client/hangfire-jobs.ts'
import { locksOver } from './locks/hangfire-locks.ts'
import { type HangfireMonitor, createHangfireMonitor } from './monitor/hangfire-monitor.ts'
import { type HangfireRecurringJobs, recurringJobs } from './recurring/recurring-jobs.ts'
import type { HangfireHandler } from './server/handle.ts'
import { type HangfireServer, serve } from './server/serve.ts'
import type { ServeOptions } from './server/serve-options.ts'
import { checkClient, clientLink } from './storage/client-link.ts'
import { createContext } from './storage/context.ts'
import type { Dialect } from './wire/dialect.ts'

/** A Node peer of .NET's Hangfire, or Hangfire without .NET. */
export interface Hangfire extends AsyncDisposable {
  readonly jobs: HangfireJobs
  readonly recurring: HangfireRecurringJobs
  /** .NET's locks. */
  readonly locks: Lockable<[resource: string]>
  /** What the dashboard shows. */
  readonly monitor: HangfireMonitor
  /**
   * Runs jobs until it is stopped. Resolves when Redis, and so the dashboard, shows the server.
   *
   * @throws InvalidArgumentError before anything is written
   * @throws HangfireDialectError StorageUnavailableError when it could not be announced
   */
  serve(options: ServeOptions, handlers: readonly HangfireHandler[]): Promise<HangfireServer>
  /**
   * Stops its servers, refuses new calls, and ends what it opened. The client that you made stays open. Where a server could not
   * be stopped, it rejects with the first reason, after all that.
   */
  close(): Promise<void>
}

/** What `createHangfire` takes. */
export interface HangfireOptions extends Omit<
  FeatureOptions<Omit<LockOptions, 'durability' | 'signal'>>,
  'prefix'
> {
  /** `ioredisClient(redis)` or `nodeRedisClient(redis)`. */
  readonly client: RedisClient
  /**
   * What every key begins with, as the .NET application has it.
   * @default '{hangfire}:'
   */
  readonly prefix?: string | undefined
  /**
   * `shared`: .NET uses the prefix, too. `own`: Node alone does; types may have any name.
   * @default 'shared'
   */
  readonly mode?: 'shared' | 'own' | undefined
  /**
   * How the .NET application writes dates: `ms` from compatibility level 170 on, `iso` below.
   * @default as the data of the prefix shows; in one of Node's own `ms`
   */
  readonly dates?: Dialect['dates'] | undefined
  /**
   * How it writes type names: `simple` with `UseSimpleAssemblyNameTypeSerializer()`, `full` without.
   * @default as the data of the prefix shows; in one of Node's own `simple`
   */
  readonly typeNames?: Dialect['typeNames'] | undefined
}

/** Locks, monitor, jobs and recurring jobs of one prefix, over one client. */
export function createHangfire(options: HangfireOptions): Hangfire {
  const {
    client: given,
    prefix = '{hangfire}:',
    mode = 'shared',
    dates,
    typeNames,
    ...locking
  } = checkObject('The options', options) as HangfireOptions
  const client = checkClient(given)
  checkOneOf('mode', mode, ['shared', 'own'])
  if (dates !== undefined) checkOneOf('dates', dates, ['ms', 'iso'])
  if (typeNames !== undefined) checkOneOf('typeNames', typeNames, ['simple', 'full'])
  const link = clientLink(client)
  const { close: closeLocks, ...locks } = locksOver(client, link, { ...locking, prefix })
  const { callTimeoutMs, maxPendingCalls, runtime } = locking
  const context = createContext(client, link, {
    prefix,
    mode,
    dialect: { ...(dates && { dates }), ...(typeNames && { typeNames }) },
    callTimeoutMs,
    maxPendingCalls,
    runtime,
  })
  const { close: closeJobs, ...jobs } = hangfireJobs(context)
  /** Those that have not stopped. */
  const servers = new Set<Promise<HangfireServer>>()
  let isClosed = false
  const close = async (): Promise<void> => {
    isClosed = true
    const stopped = await Promise.allSettled(Array.from(servers, stopStarted))
    closeJobs()
    await closeLocks()
    context.close()
    await link.close()
    const failed = stopped.find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
  return {
    jobs,
    recurring: recurringJobs(context, locks),
    locks,
    monitor: createHangfireMonitor(context.client, { prefix }),
    async serve(how, handlers) {
      if (isClosed) throw new ClosedError()
      const forget = (): void => void servers.delete(starting)
      const starting = serve(context, locks, how, handlers, { onStopped: forget })
      servers.add(starting)
      starting.catch(forget)
      return await starting
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** One that is just being announced is stopped, too; one that could not be announced rejected its own promise. */
async function stopStarted(starting: Promise<HangfireServer>): Promise<void> {
  const server = await starting.catch(() => undefined)
  await server?.stop()
}
