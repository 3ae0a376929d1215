import type { RedisClient } from '@holdfast/redis-protocol'
import type { RedisTarget } from './redis-url.ts'

/** Files of TLS, in PEM. */
export interface TlsFiles {
  /** The certificate of the authority that signed the server's. Default: those that Node knows. */
  readonly ca?: Buffer | undefined
  /** This program's, where the server asks for one. */
  readonly cert?: Buffer | undefined
  readonly key?: Buffer | undefined
}

/** How a library shall connect. */
export interface Connecting {
  readonly target: RedisTarget
  readonly isCluster: boolean
  readonly timeoutMs: number
  /** Connect again when the connection breaks. Until the first one it does not. */
  readonly reconnect: boolean
  /** Absent without TLS. */
  readonly tls?: TlsFiles
}

export interface Connection {
  readonly client: RedisClient
  end(): void
}

/** After a break, in milliseconds. */
export const RECONNECT_MS = 200
