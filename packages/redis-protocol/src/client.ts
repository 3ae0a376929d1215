import type { Connection } from '@holdfast/core/storage'

/**
 * All that Holdfast asks of a Redis client library, so that one implementation of the protocol serves every client.
 * A package that adapts a client provides this and nothing else. The first five members are what every client needs;
 * the others are capabilities that a client may lack.
 *
 * The adapter passes replies on as the client returns them (strings, integers, null, arrays): the caller decodes them
 * strictly. It passes errors on unchanged: `errors.ts` judges them all.
 */
export interface RedisClient {
  readonly connection: Connection
  /**
   * Sends one command to the master of `key` (to the only master when the client is no cluster; to any when there is
   * no key). Commands of one tick leave in one write.
   */
  send(args: Command, key?: string): Promise<unknown>
  /** The same, but strings in the reply are Buffers: for values that are no text. */
  sendForBytes(args: Command, key?: string): Promise<unknown>
  /**
   * Opens a connection that only Holdfast uses, to a master, in RESP2 whatever the client speaks. It does not reconnect:
   * when it breaks it reports that once, and the caller opens another.
   */
  openConnection(events: DedicatedConnectionEvents): Promise<DedicatedConnection>
  /** Stops listening to the client's events. The client itself stays as it is. */
  detach(): void
  /** Host and port of the server, for messages. Absent: "the Redis server". */
  address?(): string | undefined
  /** Present when keys live on several masters: then every command needs a routing key, and keys of one call a slot. */
  readonly cluster?: RedisCluster
  /** Sharded pub/sub of a cluster, where this client speaks it. Absent: classic pub/sub only. */
  readonly sharded?: ShardedChannels
  /**
   * Calls when the client may have replaced one of several connections without a change of `connection`; returns the
   * function that stops it. Absent: `connection` reports every reconnect.
   */
  onReconnected?(listener: () => void): () => void
}

/** A command of Redis with its arguments. */
export type Command = readonly [name: string, ...args: Argument[]]

/** Text leaves as UTF-8, bytes as they are. */
export type Argument = string | Buffer

/** What a client of a cluster can do beyond one of a single server. */
export interface RedisCluster {
  /** The masters as the client knows them now, to ask each of them something: SCAN, INFO, CONFIG GET. */
  masters(): Promise<readonly RedisNode[]>
  /** Their names, as the client has them now. */
  names(): readonly string[]
  /** Which of them has the slot, as far as the client knows now. */
  ownerOf(slot: number): string | undefined
  /** Like `openConnection`, to the master of `key`. */
  openConnectionTo(key: string, events: DedicatedConnectionEvents): Promise<DedicatedConnection>
}

/** One server of a cluster. */
export interface RedisNode {
  /** Host and port, for messages. */
  readonly name: string
  readonly send: (args: Command) => Promise<unknown>
}

/** One connection that only Holdfast uses: to subscribe on, or to send a write and the `WAIT` that belongs to it. */
export interface DedicatedConnection {
  send(args: Command): Promise<unknown>
  /** Resolves when the server has confirmed. */
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Ends the connection at once; `lost` is not called for it. */
  close(): void
}

/** What a connection for subscriptions reports. An adapter calls `deliver` for the first two. */
export interface DedicatedConnectionEvents {
  message(channel: string, payload: string): void
  /** A message of the server itself: the keys that it says have changed, or `null` for all. */
  invalidated?(keys: readonly string[] | null): void
  /** Called at most once, after the connection was open. */
  lost(): void
}

/** The client's own sharded subscriptions: it finds the node of the channel's slot, and moves with it. */
export interface ShardedChannels {
  subscribe(channel: string, onMessage: (payload: string) => void): Promise<unknown>
  unsubscribe(channel: string, onMessage: (payload: string) => void): Promise<unknown>
  /** Calls whenever subscriptions may have been interrupted and are back; returns the function that stops it. */
  onRestored(listener: () => void): () => void
}

/** All masters of a client: those of the cluster, or its only server. */
export async function mastersOf(client: RedisClient): Promise<readonly RedisNode[]> {
  if (client.cluster) return await client.cluster.masters()
  return [{ name: client.address?.() ?? 'the Redis server', send: (args) => client.send(args) }]
}
