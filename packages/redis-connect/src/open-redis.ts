import { ConnectError } from './connect-error.ts'
import type { Connection, TlsFiles } from './connection.ts'
import { type ClientName, type InstalledClient, installedClient } from './installed-client.ts'
import { type RedisTarget, describeTarget } from './redis-url.ts'
import { explained } from './reasons.ts'
import { withDeadline, within } from './with-deadline.ts'
import { withIoredis } from './with-ioredis.ts'
import { withNodeRedis } from './with-node-redis.ts'

/** An open connection, and the library that has it. */
export interface OpenRedis extends Connection {
  /** The library that talks to Redis. */
  readonly library: ClientName
}

/** How a connection is opened. */
export interface OpenOptions {
  /** Default: the first one that is installed. */
  readonly client?: ClientName | undefined
  /** How long a connection and each answer may take, in milliseconds. */
  readonly timeoutMs: number
  /** Connect again when the connection breaks. Default: false. */
  readonly reconnect?: boolean | undefined
  /** Used where the URL asks for TLS. */
  readonly tls?: TlsFiles | undefined
}

/**
 * Connects to Redis, to all of a cluster if it is one, with whichever client is installed.
 *
 * @throws ConnectError when none is installed, or Redis cannot be reached
 */
export async function openRedis(target: RedisTarget, options: OpenOptions): Promise<OpenRedis> {
  const { timeoutMs, reconnect = false, tls = {} } = options
  const installed = await installedClient(options.client)
  const open = async (isCluster: boolean): Promise<OpenRedis> => {
    const how = { target, isCluster, timeoutMs, reconnect, ...(target.tls ? { tls } : {}) }
    try {
      // Clients wait for a connection, but not for what a server says to it at first.
      const { client, end } = await within(timeoutMs, 'a new connection', connect(installed, how))
      return { client: withDeadline(client, timeoutMs), library: installed.name, end }
    } catch (error) {
      throw unreachable(target, error)
    }
  }
  const openCluster = async (): Promise<OpenRedis> => {
    if (target.database !== 0) throw unreachable(target, new Error(ONLY_ZERO))
    return await open(true)
  }
  if (target.servers.length > 1 && target.sentinel === undefined) return await openCluster()
  const single = await open(false)
  if (target.sentinel !== undefined || !(await isCluster(single))) return await inDatabase(target, single)
  single.end()
  return await openCluster()
}

/** ioredis goes on in database 0 where it could not select another. */
async function inDatabase(target: RedisTarget, opened: OpenRedis): Promise<OpenRedis> {
  if (target.database === 0) return opened
  try {
    await opened.client.send(['SELECT', String(target.database)])
    return opened
  } catch (error) {
    opened.end()
    throw unreachable(target, error)
  }
}

function connect(installed: InstalledClient, how: Parameters<typeof withIoredis>[1]): Promise<Connection> {
  return installed.name === 'ioredis'
    ? withIoredis(installed.module, how)
    : withNodeRedis(installed.module, how)
}

/** False also where Redis does not say: then a redirection says it, at the first key. */
async function isCluster({ client }: Connection): Promise<boolean> {
  const info = await client.send(['INFO', 'cluster']).catch(() => '')
  return /^cluster_enabled:1/m.test(String(info))
}

const ONLY_ZERO = 'a cluster has only database 0'

function unreachable(target: RedisTarget, error: unknown): ConnectError {
  const said = reasonOf(error).replace(/^ERR SELECT is not allowed in cluster mode$/, ONLY_ZERO)
  const reason = explained(target, said)
  const isMissing = reason === ONLY_ZERO || reason.startsWith('ERR DB index ')
  const what = isMissing ? 'does not exist' : 'cannot be reached'
  return new ConnectError('unreachable', `${describeTarget(target)} ${what}: ${reason}`)
}

/** In one line, which the messages of OpenSSL are not. Node tries several addresses, and then says what happened to each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\s+/g, ' ').trim()
}
