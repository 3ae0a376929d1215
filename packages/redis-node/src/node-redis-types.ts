/**
 * The shapes of node-redis clients, 5 and 6, as far as Holdfast uses them: any copy of the library fits.
 * `test/types.test-d.ts` holds the real clients against them.
 */
export type NodeRedisClient = NodeRedisSingle | NodeRedisPool | NodeRedisSentinel | NodeRedisCluster

/** `createClient(…)`. */
export interface NodeRedisSingle extends NodeRedisCommon {
  readonly isReady: boolean
  readonly options?: { readonly socket?: object | undefined; readonly keyPrefix?: unknown } | undefined
  sendCommand(args: readonly string[], options?: CommandOptions): Promise<unknown>
  duplicate(overrides: { readonly socket: object; readonly pingInterval: number }): NodeRedisConnection
}

/** `createClientPool(…)`, `client.createPool(…)`. */
export interface NodeRedisPool extends NodeRedisCommon {
  readonly isClosing: boolean
  sendCommand(args: string[], options?: CommandOptions): Promise<unknown>
  execute<T>(task: (client: NodeRedisSingle) => T): Promise<Awaited<T>>
}

/** `createSentinel(…)`. */
export interface NodeRedisSentinel extends NodeRedisCommon {
  readonly isReady: boolean
  sendCommand(isReadonly: boolean, args: string[], options?: CommandOptions): Promise<unknown>
  /** The master as far as a connection to it is up. */
  getMasterNode(): MasterAddress | undefined
  /** Runs the task with the client's own connection to the master, which is not known otherwise. */
  _execute<T>(isReadonly: boolean, task: (master: NodeRedisSingle) => Promise<T>): Promise<T>
}

export interface MasterAddress {
  readonly host: string
  readonly port: number
}

/** `createCluster(…)` since 6.2: before, there is no `isReady`. */
export interface NodeRedisCluster extends NodeRedisCommon {
  readonly isReady: boolean
  readonly masters: readonly ClusterNode[]
  readonly slots: readonly (Shard | undefined)[]
  sendCommand(
    key: string | undefined,
    isReadonly: boolean,
    args: string[],
    options?: CommandOptions,
  ): Promise<unknown>
  nodeClient(node: ClusterNode): NodeRedisSingle | Promise<NodeRedisSingle>
  sSubscribe(channel: string, listener: (payload: string) => void): Promise<void>
  sUnsubscribe(channel: string, listener: (payload: string) => void): Promise<void>
}

/** A connection of our own. */
export interface NodeRedisConnection extends NodeRedisSingle {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: MessageListener): Promise<unknown>
  unsubscribe(channel: string, listener: MessageListener): Promise<unknown>
  destroy(): unknown
  unref(): unknown
}

type MessageListener = (payload: unknown, channel: unknown) => void

interface NodeRedisCommon {
  readonly isOpen: boolean
  on(event: string | symbol, listener: (...args: unknown[]) => void): unknown
  off(event: string | symbol, listener: (...args: unknown[]) => void): unknown
  listenerCount(event: string): number
}

interface ClusterNode {
  readonly address: string
}

interface Shard {
  readonly master: ClusterNode & { readonly client?: unknown }
}

export interface CommandOptions {
  readonly typeMapping?: object
  readonly timeout?: number
  readonly abortSignal?: AbortEvents
}

/** As much of an AbortSignal as node-redis uses: it listens until the command is written. */
export interface AbortEvents {
  readonly aborted: boolean
  addEventListener(event: 'abort', listener: () => void): void
  removeEventListener(event: 'abort', listener: () => void): void
}
