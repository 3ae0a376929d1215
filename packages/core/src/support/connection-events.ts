import { type EventChannel, eventChannel } from '../events.ts'
import { HoldfastError } from '../errors.ts'
import type { StorageLink } from '../storage/storage.ts'
import type { StorageClient } from './storage-client.ts'

/** Published on `holdfast:connection`, by each Holdfast for its own. */
export type ConnectionEvent = {
  /** How this process calls itself. */
  readonly instance: string
  /** Of the keys of this Holdfast. */
  readonly prefix: string
  /** Which of its storages: `cache` is the `cacheStorage`, where there is one. */
  readonly storage: 'main' | 'cache'
  /** When it happened, by the wall clock of this process: milliseconds since 1970. */
  readonly at: number
} &
  /** Nothing is sent until it is `ready` again. `error`: what the client said last, if it said why. */
  (
    | { readonly type: 'lost'; readonly error: unknown }
    /**
     * It answers. `lostAt` and `awayMs`: since when and how long it was away; null for the first connection, and where it was back
     * before a call noticed that it had gone.
     */
    | { readonly type: 'ready'; readonly lostAt: number | null; readonly awayMs: number | null }
    /** The Holdfast was closed while it was away. */
    | { readonly type: 'ended'; readonly lostAt: number; readonly awayMs: number }
  )

type ConnectionOf = Pick<ConnectionEvent, 'instance' | 'prefix' | 'storage' | 'at'>

/** Published on `holdfast:storage`, by each Holdfast for its own. */
export type StorageEvent = ConnectionOf & {
  /** A call was not answered in time, or refused. */
  readonly type: 'failed'
  /** Of the error: `STORAGE_UNAVAILABLE`, `STORAGE_REFUSED`; null when it has none. */
  readonly code: string | null
  readonly error: unknown
}

const connections: EventChannel<ConnectionEvent> = eventChannel('holdfast:connection')
const failures: EventChannel<StorageEvent> = eventChannel('holdfast:storage')

/** Publishes what becomes of a storage's connection, until the function that it returns is called, and of calls to it. */
export function publishConnection(
  calls: StorageClient<StorageLink>,
  of: Omit<ConnectionOf, 'at'>,
): () => void {
  const { runtime } = calls
  const { connection } = calls.storage
  calls.onFailure = (error) => {
    const code = HoldfastError.isInstance(error) ? error.code : null
    failures.publish(() => ({ ...of, at: runtime.wallNow(), type: 'failed', code, error }))
  }
  let lost: { readonly at: number; readonly monotonic: number } | undefined
  const unlisten = connection.onChange((state) => {
    const at = runtime.wallNow()
    const since = lost
    if (state === 'ready') {
      lost = undefined
      const awayMs = since === undefined ? null : runtime.monotonicNow() - since.monotonic
      connections.publish(() => ({ ...of, at, type: 'ready', lostAt: since?.at ?? null, awayMs }))
    } else if (since === undefined) {
      lost = { at, monotonic: runtime.monotonicNow() }
      connections.publish(() => ({
        ...of,
        at,
        type: 'lost',
        error: connection.problem ?? connection.lastError,
      }))
    }
  })
  return () => {
    unlisten()
    if (lost === undefined) return
    const { at: lostAt, monotonic } = lost
    lost = undefined
    const awayMs = runtime.monotonicNow() - monotonic
    connections.publish(() => ({ ...of, at: runtime.wallNow(), type: 'ended', lostAt, awayMs }))
  }
}
