import { type Holdfast, createHoldfast } from '@holdfast/core'
import {
  type Hangfire,
  type HangfireMonitor,
  createHangfire,
  createHangfireMonitor,
} from '@holdfast/hangfire-compat'
import type { RedisClient } from '@holdfast/redis-protocol'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { type Connected, connect } from './connect.ts'
import { type Dashboard, dashboardAt } from './dashboard.ts'
import { DotnetProcess } from './dotnet-process.ts'
import { type Drive, driveOf } from './drive.ts'
import { PREFIX } from './prefix.ts'
import { programOf } from './programs.ts'
import type { WorldKind } from './world-kinds.ts'

export interface ServeOptions {
  readonly queues?: readonly string[]
  readonly workers?: number
  readonly name?: string
  /** How often it looks for jobs that are due. Default: 1 */
  readonly pollSeconds?: number
  /** Default: 1, for storage 1.9.4 announces no job that it puts back into a queue. */
  readonly fetchTimeoutSeconds?: number
  readonly invisibilitySeconds?: number
  readonly heartbeatSeconds?: number
  readonly serverTimeoutSeconds?: number
  readonly serverCheckSeconds?: number
  readonly cancelCheckSeconds?: number
  readonly shutdownSeconds?: number
  /** `Method=queue`: as if that method had this [Queue]. */
  readonly moved?: string
  /** Where its Redis is, such as behind a proxy. Default: that of the world. */
  readonly port?: number
}

/** A private Redis, a .NET application on it, and Node. */
export interface World extends AsyncDisposable {
  readonly kind: WorldKind
  /** Of everything that Hangfire has in Redis. */
  readonly prefix: string
  readonly redis: RunningRedis
  /** For the test itself. */
  readonly admin: Redis
  /** Node's. */
  readonly client: RedisClient
  readonly monitor: HangfireMonitor
  readonly drive: Drive
  readonly dashboard: Dashboard
  /** A .NET server, once it has started. It ends with the world, if not before. */
  serve(options?: ServeOptions): Promise<DotnetProcess>
  /** Hangfire in Node, configured as the .NET application is. It is closed with the servers. */
  readonly hangfire: () => Hangfire
  /** What the bodies of Node's jobs run within. */
  readonly holdfast: Holdfast
  /** Another Node client. It ends with the world. */
  connect(): Promise<RedisClient>
  /** Another .NET client. It ends with the world. */
  openDrive(options?: Pick<ServeOptions, 'moved'>): Promise<Drive>
  /** Ends the servers that run, on both sides. */
  stopServers(): Promise<void>
}

export async function openWorld(kind: WorldKind): Promise<World> {
  const stack = new AsyncDisposableStack()
  const servers = new Set<DotnetProcess>()
  const hangfires = new Set<Hangfire>()
  const { prefix = PREFIX } = kind
  const redis = stack.use(await startRedis())
  const admin = stack.adopt(new Redis(redis.url), (client) => client.disconnect())
  const options = (port = redis.port): readonly string[] => [
    '--redis',
    `127.0.0.1:${port}`,
    '--level',
    `${kind.level}`,
    '--types',
    kind.types,
    ...(kind.prefix === undefined ? [] : ['--prefix', kind.prefix]),
    ...(kind.transactions === false ? ['--transactions', 'off'] : []),
    '--log',
    'fatal',
  ]
  const start = (...words: readonly string[]): DotnetProcess =>
    stack.use(new DotnetProcess(programOf(kind.storage), words))

  const process = start('drive', '--port', '0', ...options())
  const { client, storage } = stack.use(await connect(kind.client, redis.url))
  const holdfast = createHoldfast({ storage, prefix: 'reviews' })
  stack.defer(async () => await holdfast.close())
  const { dashboard } = await process.until('driving')
  return {
    kind,
    prefix,
    redis,
    admin,
    client,
    monitor: createHangfireMonitor(client, { prefix }),
    drive: driveOf(process),
    dashboard: dashboardAt(dashboard ?? '', { admin, prefix }),
    holdfast,
    hangfire() {
      const hangfire = createHangfire({
        client,
        prefix,
        dates: kind.level === 110 ? 'iso' : 'ms',
        typeNames: kind.types,
      })
      hangfires.add(hangfire)
      return hangfire
    },
    async serve(given = {}) {
      const server = start('serve', ...wordsOf(given), ...options(given.port))
      servers.add(server)
      await server.until('started')
      return server
    },
    async connect() {
      const connected: Connected = stack.use(await connect(kind.client, redis.url))
      return connected.client
    },
    async openDrive({ moved } = {}) {
      const another = start('drive', ...(moved === undefined ? [] : ['--moved', moved]), ...options())
      await another.until('driving')
      return driveOf(another)
    },
    async stopServers() {
      await Promise.all([
        ...Array.from(servers, async (server) => await server.stop()),
        ...Array.from(hangfires, async (hangfire) => await hangfire.close()),
      ])
      servers.clear()
      hangfires.clear()
    },
    [Symbol.asyncDispose]: async () => await stack.disposeAsync(),
  }
}

function wordsOf(options: ServeOptions): readonly string[] {
  const flags = {
    queues: options.queues?.join(','),
    workers: options.workers,
    name: options.name,
    poll: options.pollSeconds ?? 1,
    'fetch-timeout': options.fetchTimeoutSeconds ?? 1,
    invisibility: options.invisibilitySeconds,
    heartbeat: options.heartbeatSeconds,
    'server-timeout': options.serverTimeoutSeconds,
    'server-check': options.serverCheckSeconds,
    'cancel-check': options.cancelCheckSeconds,
    shutdown: options.shutdownSeconds,
    moved: options.moved,
  }
  return Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`, `${value}`],
  )
}
