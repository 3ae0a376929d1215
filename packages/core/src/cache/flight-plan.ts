import type { Guard } from './flight.ts'
import type { AnyLoad, CacheEntry } from './load.ts'
import type { Found } from './lookup.ts'
import type { LoadPolicy } from './options.ts'

/** What a caller knows when it begins a flight. */
export interface FlightPlan {
  readonly key: string
  readonly entryKey: string
  readonly guard: Guard
  /** What the caller found; undefined while the storage cannot be reached. */
  readonly found: Found | undefined
  /** The value that it replaces. */
  readonly old: CacheEntry<unknown> | undefined
  readonly load: AnyLoad
  readonly policy: LoadPolicy
  /** When the caller began to look: it waits for the storage no longer in all than for one command. */
  readonly lookedAt: number
  /** No caller waits for it. */
  readonly isBackground: boolean
  /** Whether the caller had waited for another process's load before. */
  readonly takesOver: boolean
}
