import {
  type Runtime,
  STORAGE_CLIENT,
  StorageClient,
  type StorageClientOptions,
  type StorageLink,
  resolveOptions,
  systemRuntime,
} from '@holdfast/core/storage'
import { type RedisClient, type RunScript, createScriptRunner } from '@holdfast/redis-protocol'
import { type Reader, createReader } from '../monitor/reader.ts'
import type { Dialect } from '../wire/dialect.ts'
import { type HangfireKeys, checkPrefixOnCluster, hangfireKeys } from '../wire/keys.ts'
import { type KnownJobs, knownJobs } from './known-jobs.ts'
import { dialectOf } from './read-dialect.ts'
import { timedClient } from './timed-client.ts'

export interface ContextOptions extends StorageClientOptions {
  readonly prefix: string
  readonly mode: 'shared' | 'own'
  /** What is given of the dialect; the rest is detected. */
  readonly dialect?: Partial<Dialect> | undefined
  readonly runtime?: Runtime | undefined
  /** How long a change of state waits for another one of the same job. Default: 30,000. */
  readonly stateLockWaitMs?: number | undefined
  /** How long the end of a job waits for .NET to give a child its state. Default: 60,000, as .NET waits. */
  readonly childStateWaitMs?: number | undefined
}

/** What everything that writes takes: one client with deadlines, the keys of a prefix, its dialect, and the clock of Redis. */
export interface HangfireContext {
  /** Its commands have a deadline, and are sent again when the connection broke: each must be safe to repeat. */
  readonly client: RedisClient
  /** As the client: a script that it runs must be safe to repeat. */
  readonly run: RunScript
  readonly reader: Reader
  readonly keys: HangfireKeys
  readonly mode: 'shared' | 'own'
  readonly runtime: Runtime
  readonly stateLockWaitMs: number
  readonly childStateWaitMs: number
  /** Definitions that this process has used, by which it knows the queues of jobs. */
  readonly jobs: KnownJobs
  /**
   * How dates and type names are written. Nothing is written before this is known (H11); it is read once.
   *
   * @throws HangfireDialectError in a shared prefix that does not show it
   */
  dialect(): Promise<Dialect>
  /** The clock of Redis, in milliseconds; an estimate between two answers. */
  now(): Promise<number>
  /** Runs a script that does nothing after `notAfter`, 13 digits: when its caller has given up, it cannot happen any more. */
  claim<T extends { readonly outcome: string; readonly now: number }>(
    command: (run: RunScript, notAfter: string) => Promise<T>,
  ): Promise<T>
  /** Refuses all later calls. */
  close(): void
}

/** How old what is known of the clock of Redis may be. */
const CLOCK_FRESH_MS = 10_000

/** @param link the connection, the clock and the users of the client: what several parts of one Hangfire share */
export function createContext(
  client: RedisClient,
  link: StorageLink,
  options: ContextOptions,
): HangfireContext {
  const { prefix, mode, dialect: given = {}, runtime = systemRuntime } = options
  const { callTimeoutMs, maxPendingCalls, stateLockWaitMs = 30_000, childStateWaitMs = 60_000 } = options
  const limits = resolveOptions(STORAGE_CLIENT, { callTimeoutMs, maxPendingCalls })
  const keys = hangfireKeys(prefix)
  if (client.cluster !== undefined) checkPrefixOnCluster(prefix)
  const calls = new StorageClient(link, runtime, limits)
  const timed = timedClient(client, calls)
  const reader = createReader(timed)
  const direct = createScriptRunner(client)
  const now = async (): Promise<number> => {
    const { clock } = calls
    const isFresh = clock.known && clock.ageMs < CLOCK_FRESH_MS && !clock.isInDoubt
    return isFresh ? clock.now : await calls.time()
  }
  let known: Promise<Dialect> | undefined
  return {
    client: timed,
    run: createScriptRunner(timed),
    reader,
    keys,
    mode,
    runtime,
    stateLockWaitMs,
    childStateWaitMs,
    jobs: knownJobs(mode),
    dialect: () =>
      (known ??= dialectOf(reader, keys, mode, given).catch((error: unknown) => {
        // It may be known later: an application of .NET starts.
        known = undefined
        throw error
      })),
    now,
    async claim(command) {
      const { reply } = await calls.claim((notAfter) => command(direct, digits13(notAfter)))
      return reply
    },
    close: () => calls.close(),
  }
}

function digits13(ms: number): string {
  return String(Math.floor(Math.max(0, Math.min(ms, 9_999_999_999_999)))).padStart(13, '0')
}
