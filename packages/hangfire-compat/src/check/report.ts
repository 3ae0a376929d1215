import type { HangfireStatistics } from '../monitor/statistics.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { Finding } from './findings.ts'
import type { CheckedServer } from './servers.ts'

/** What a prefix holds, and what is wrong with it. */
export interface CheckReport extends CheckedPrefix {
  /** ISO 8601, by the clock of Redis. */
  readonly checkedAt: string
  readonly prefix: string
  readonly database: number
  readonly redis: { readonly version: string | null; readonly isCluster: boolean }
  /** False: nothing of Hangfire is there. */
  readonly isFound: boolean
  /** Where else it is, if nothing is there. */
  readonly elsewhere: readonly Elsewhere[]
  /** The worst first. */
  readonly findings: readonly Finding[]
}

/** What a prefix holds. */
export interface CheckedPrefix {
  /** How .NET writes here, by the newest data; null where nothing shows it. */
  readonly dialect: { readonly dates: 'ms' | 'iso' | null; readonly typeNames: 'simple' | 'full' | null }
  readonly servers: readonly CheckedServer[]
  readonly queues: readonly CheckedQueue[]
  readonly statistics: Omit<HangfireStatistics, 'unreadable'>
  readonly lookedAt: {
    /** Entries of the lists of jobs, and how many there are. */
    readonly entries: number
    readonly ofEntries: number
    /** Keys under the prefix that a scan found, and whether these are all. */
    readonly keys: number
    readonly allKeys: boolean
  }
}

export interface CheckedQueue {
  readonly name: string
  /** How many wait in it, and how many workers took from it. */
  readonly length: number
  readonly fetched: number
  /** How many servers that are alive listen on it. */
  readonly servers: number
}
