import { type Holdfast, type Storage, createHoldfast } from '@holdfast/core'
import { appOf } from '@holdfast/core/storage'
import { type RedisTarget, describeTarget, openRedis } from '@holdfast/redis-connect'
import {
  type RedisClient,
  type RedisInspection,
  redisInspection,
  redisStorage,
} from '@holdfast/redis-protocol'
import { type ConnectionOptions, targetOf, tlsOf } from './options.ts'

/** A Redis that a command looks into. */
export interface Session {
  readonly target: RedisTarget
  /** The URL without its user, for people. */
  readonly where: string
  /** The client library. */
  readonly library: string
  readonly client: RedisClient
  readonly prefix: string
  /** {@link prefix} as keys have it. */
  readonly app: string
  /** What reads runs no script: the user may have no right to. */
  readonly storage: Storage
  readonly holdfast: Holdfast
  readonly inspection: RedisInspection
}

/** Opens a Redis for one command, and closes it whatever becomes of that. */
export async function withSession<T>(
  options: ConnectionOptions,
  use: (session: Session) => Promise<T>,
  { reconnect = false }: { readonly reconnect?: boolean | undefined } = {},
): Promise<T> {
  const target = targetOf(options)
  const { timeoutMs, prefix, client: wanted } = options
  const { client, library, end } = await openRedis(target, {
    client: wanted,
    timeoutMs,
    reconnect,
    tls: tlsOf(options),
  })
  try {
    const storage = redisStorage(client, { reads: 'commands' })
    await using holdfast = createHoldfast({
      storage,
      prefix,
      callTimeoutMs: timeoutMs,
      instance: 'holdfast-cli',
    })
    return await use({
      target,
      where: describeTarget(target),
      library,
      client,
      prefix,
      app: appOf(prefix),
      storage,
      holdfast,
      inspection: redisInspection(client),
    })
  } finally {
    end()
  }
}
