import type { HoldfastError } from '../errors.ts'
import type { LeaseStorage } from './leases.ts'
import type { RecordStorage } from './records.ts'
import type { ValueStorage } from './values.ts'

/**
 * The one port between Holdfast and the storage of its state: three facets and one clock.
 *
 * Rules for every operation of every facet:
 * - Every instant is stamped by the storage's clock; callers give durations in milliseconds. A client's clock can
 *   change nothing.
 * - A command may be lost, repeated, reordered or executed late; its effect and its answer are those of one.
 * - An operation rejects with `StorageUnavailableError` when it cannot know (no connection, no answer) and with
 *   `StorageRefusedError` when the storage answered with an error. It retries nothing by itself: core does.
 * - A push is a hint: it may be lost or come twice, and nothing may depend on it.
 *
 * `docs/reference/writing-a-storage.md` shows how to write one and to hold it against the conformance kit.
 */
export interface Storage {
  readonly records: RecordStorage
  readonly leases: LeaseStorage
  readonly values: ValueStorage
  readonly connection: Connection
  /** The storage's clock, in milliseconds. */
  time(): Promise<number>
  /** What is wrong or risky with this storage for Holdfast; each finding names the fix. Empty: all well. */
  verify(options?: VerifyOptions): Promise<readonly Diagnostic[]>
  /**
   * Counts one more user, and returns what counts it off again. The count is the storage's own, so that all who share
   * it are in it, whichever copy of the package made them. {@link endedWithLastUser} implements this and `close`.
   */
  retain(): () => void
  /**
   * Ends what the storage opened itself (subscriptions, extra connections), never what was handed in: at once, or as
   * soon as the last of those who retain it has gone.
   */
  close(): Promise<void>
}

/** What Holdfast does with a storage: locks with its leases, idempotency with its records, the cache with its values. */
export type Feature = 'locks' | 'idempotency' | 'cache'

/** What `verify()` tries. */
export interface VerifyOptions {
  /** Every name that is tried begins with it and `:`, as all names of that app do: its user may have rights to these only. */
  readonly app?: string | undefined
  /**
   * What this storage is for: nothing else is tried or judged, for its user may have no rights to that.
   * @default all features
   */
  readonly features?: readonly Feature[] | undefined
  /**
   * The cache keeps copies of what it reads: what these need is tried, too. A user without the rights needs none otherwise.
   * @default false
   */
  readonly near?: boolean | undefined
}

/** What every call needs of a storage, whichever facet it is for. */
export type StorageLink = Pick<Storage, 'connection' | 'time' | 'retain'>

/** What locks need of a storage. */
export type LeaseHost = StorageLink & Pick<Storage, 'leases'>

/** Whether a command sent now would leave at once. Core sends nothing to a storage that is not ready. */
export interface Connection {
  readonly state: ConnectionState
  /** Set while waiting is no use: the client was never connected, or was ended. Calls are rejected with it at once. */
  readonly problem?: HoldfastError | undefined
  /** What the client last said of why it is not connected: the `cause` of calls that found no connection in time. */
  readonly lastError?: unknown
  /** Calls on every change of state, and when a {@link problem} has come up; returns the function that stops it. */
  onChange(listener: (state: ConnectionState) => void): () => void
}

/** `ready`: calls are sent. `down`: there is no connection. */
export type ConnectionState = 'ready' | 'down'

/** One finding of `verify()` or `health()`. */
export interface Diagnostic {
  /** A stable word, such as `EVICTION_POLICY`. */
  readonly code: string
  /** `error`: a guarantee does not hold; `warning`: it holds, but something works less well. */
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** What to change. */
  readonly fix: string
  /** True: no lock can be had and no job can start until it is mended. `health()` is `degraded`. */
  readonly stopsWork?: boolean | undefined
  /** True: the cache keeps nothing until it is mended, and every load runs. */
  readonly stopsCache?: boolean | undefined
}
