import { type EventChannel, eventChannel } from '../events.ts'
import type { Runtime } from './runtime.ts'
import type { Storage } from '../storage/storage.ts'

/** Published on `holdfast:connection`, by each Holdfast for its own. */
export type ConnectionEvent = {
  /** How this process calls itself. */
  readonly instance: string
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
     * `lostAt` and `awayMs`: since when and how long it was away; null for the first connection, and where it was back
     * before anybody noticed that it had gone.
     */
    | { readonly type: 'ready'; readonly lostAt: number | null; readonly awayMs: number | null }
  )

export type ConnectionOf = Pick<ConnectionEvent, 'instance' | 'prefix' | 'storage'>

const connections: EventChannel<ConnectionEvent> = eventChannel('holdfast:connection')

/** Publishes what becomes of a storage's connection until the function that it returns is called. */
export function publishConnection(
  storage: Pick<Storage, 'connection'>,
  of: ConnectionOf,
  runtime: Runtime,
): () => void {
  const { connection } = storage
  let lost: { readonly at: number; readonly monotonic: number } | undefined
  return connection.onChange((state) => {
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
}
