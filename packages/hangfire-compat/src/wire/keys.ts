import { InvalidArgumentError } from '@holdfast/core'
import { keySlot } from '@holdfast/redis-protocol'

/** Every key that Hangfire.Redis.StackExchange has, for one prefix. */
export interface HangfireKeys {
  readonly prefix: string
  /** hash: type, method, arguments, the name of the state, parameters. */
  job(id: string): string
  /** hash: what the current state has to say. */
  jobState(id: string): string
  /** list: one JSON object for each state, oldest first. */
  jobHistory(id: string): string
  /** set: the names of all queues. */
  readonly queues: string
  /** list: ids go in at the left, and come out at the right. */
  queue(name: string): string
  /** list: ids that a worker took from the queue and has not acknowledged. */
  dequeued(queue: string): string
  /** zset: see `ScheduleMember`; the score is in seconds. */
  readonly schedule: string
  /** zset: jobs that wait for a retry; the score is 0. */
  readonly retries: string
  /** zsets: ids by seconds. Any member of `awaiting` breaks a page of .NET's dashboard: read it, never write it. */
  readonly processing: string
  readonly failed: string
  readonly awaiting: string
  /** lists: the last ids that ended so, newest first. */
  readonly succeeded: string
  readonly deleted: string
  /** zset: ids of recurring jobs by the seconds of their next execution, or -1. */
  readonly recurringJobs: string
  recurringJob(id: string): string
  /** set: ids of servers. */
  readonly servers: string
  server(id: string): string
  serverQueues(id: string): string
  /** string: how many ended so, in all or in `2026-11-28` or `2026-11-28-22`. There is no total of `failed`. */
  stats(outcome: 'succeeded' | 'deleted' | 'failed', period?: string): string
  /** string: the lock of a resource, such as `job:<id>:state-lock`. */
  lock(resource: string): string
  /** zset: what a run of a job wrote with Hangfire.Console, by seconds since its start. */
  console(consoleId: string): string
  /** hash: its long texts. */
  consoleTexts(consoleId: string): string
  /** zset: the same in early versions. */
  olderConsole(consoleId: string): string
  /** channel: on which workers hear that a queue has something. */
  readonly fetchChannel: string
}

/** The resources that .NET locks itself. */
export const lockResources = {
  /** Every change of a job's state. */
  jobState: (id: string): string => `job:${id}:state-lock`,
  recurringJob: (id: string): string => `lock:recurring-job:${id}`,
  recurringScheduler: 'recurring-jobs:lock',
  delayedScheduler: 'locks:schedulepoller',
  fetchedWatcher: (queue: string): string => `queue:${queue}:dequeued:lock`,
} as const

/** @param prefix any text, as the .NET application has it; Hangfire's default is `{hangfire}:` */
export function hangfireKeys(prefix: string): HangfireKeys {
  if (typeof prefix !== 'string')
    throw new InvalidArgumentError(
      `prefix must be a string, such as Hangfire's default '{hangfire}:'; got ${String(prefix)}.`,
    )
  return {
    prefix,
    job: (id) => `${prefix}job:${id}`,
    jobState: (id) => `${prefix}job:${id}:state`,
    jobHistory: (id) => `${prefix}job:${id}:history`,
    queues: `${prefix}queues`,
    queue: (name) => `${prefix}queue:${name}`,
    dequeued: (queue) => `${prefix}queue:${queue}:dequeued`,
    schedule: `${prefix}schedule`,
    retries: `${prefix}retries`,
    processing: `${prefix}processing`,
    failed: `${prefix}failed`,
    awaiting: `${prefix}awaiting`,
    succeeded: `${prefix}succeeded`,
    deleted: `${prefix}deleted`,
    recurringJobs: `${prefix}recurring-jobs`,
    recurringJob: (id) => `${prefix}recurring-job:${id}`,
    servers: `${prefix}servers`,
    server: (id) => `${prefix}server:${id}`,
    serverQueues: (id) => `${prefix}server:${id}:queues`,
    stats: (outcome, period) => `${prefix}stats:${outcome}${period === undefined ? '' : `:${period}`}`,
    lock: (resource) => `${prefix}${resource}`,
    console: (id) => `${prefix}console:${id}`,
    consoleTexts: (id) => `${prefix}console:refs:${id}`,
    olderConsole: (id) => `${prefix}${id}`,
    fetchChannel: `${prefix}JobFetchChannel`,
  }
}

/**
 * Refuses a prefix on a cluster when its keys would lie in different slots: scripts and transactions, .NET's too, need them in
 * one.
 *
 * @throws InvalidArgumentError
 */
export function checkPrefixOnCluster(prefix: string): void {
  const { queues, schedule, servers } = hangfireKeys(prefix)
  if (new Set([queues, schedule, servers].map(keySlot)).size > 1)
    throw new InvalidArgumentError(
      `The prefix ${JSON.stringify(prefix)} spreads its keys over the slots of a cluster: put a hash tag into it, such as '{hangfire}:'.`,
    )
}
