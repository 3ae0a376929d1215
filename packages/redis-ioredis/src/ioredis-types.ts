/**
 * The shape of an ioredis client, 5 or 6, as far as Holdfast uses it: any copy of the library fits.
 * `test/types.test-d.ts` holds the real classes against it.
 */
export type IoredisClient = IoredisSingle | IoredisCluster

/** `new Redis(…)`, with `sentinels` or without. */
export interface IoredisSingle extends IoredisCommon {
  readonly options: { readonly keyPrefix?: string | undefined; readonly host?: string | undefined }
  readonly stream?: Corkable | undefined
  duplicate(override: LinkOptions): IoredisConnection
}

/** `new Cluster(…)`. */
export interface IoredisCluster extends IoredisCommon {
  readonly options: {
    readonly keyPrefix?: string | undefined
    readonly redisOptions?: object | undefined
    readonly scaleReads?: unknown
    readonly shardedSubscribers?: boolean | undefined
  }
  /** For each slot the addresses that serve it, the master first. */
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(role: 'master'): IoredisNode[]
  ssubscribe(channel: string): Promise<unknown>
  sunsubscribe(channel: string): Promise<unknown>
}

/** A node of a cluster. */
export interface IoredisNode {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  readonly stream?: Corkable | undefined
  call(command: string, args: string[]): Promise<unknown>
  duplicate(override: LinkOptions): IoredisConnection
}

/** A connection of our own. */
export interface IoredisConnection extends IoredisCommon {
  readonly stream?: Unreferenced | undefined
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  disconnect(): void
}

interface IoredisCommon {
  readonly status: string
  call(command: string, args: string[]): Promise<unknown>
  connect(): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
  listeners(event: string): readonly unknown[]
}

interface LinkOptions {
  readonly lazyConnect: true
  readonly enableOfflineQueue: false
  readonly autoResubscribe: false
  readonly enableAutoPipelining: false
  readonly retryStrategy: () => null
  readonly sentinelRetryStrategy: () => null
  readonly failoverDetector: false
}

/** A socket that can be told to hold what is written to it. */
export interface Corkable {
  cork(): void
  uncork(): void
}

/** A socket that need not keep the process alive. */
interface Unreferenced {
  unref(): unknown
}
