import type { Connection } from '@holdfast/core'

/**
 * All that Holdfast asks of a Redis client library, so that one implementation of the protocol serves every client.
 * A package that adapts a client provides this and nothing else.
 *
 * Replies are passed on as the client gives them (strings, integers, null, arrays) and are decoded strictly by who
 * asked; errors are passed on unchanged and are judged in one place (`errors.ts`).
 */
export interface RedisClient {
  /** True when keys live on several masters: then every command needs a routing key, and keys of one call a slot. */
  readonly cluster: boolean
  readonly connection: Connection
  /**
   * Sends one command to the master of `key` (to the only master when the client is no cluster; to any when there is
   * no key). Commands of one tick leave in one write.
   */
  send(args: Command, key?: string): Promise<unknown>
  /** The masters as they are known now, to ask each of them something: SCAN, INFO, CONFIG GET. */
  masters(): Promise<readonly RedisNode[]>
  /**
   * Opens a connection of our own, to the master of `key` (without one: to any master). It does not reconnect: when it
   * breaks it says so once, and whoever needs it opens another.
   */
  openLink(events: LinkEvents, key?: string): Promise<RedisLink>
  /**
   * Calls when one of several connections may have been made anew, and `connection` does not say so; returns the function
   * that stops it. Absent: `connection` says it all.
   */
  onReconnected?(listener: () => void): () => void
  /** Sharded pub/sub of a cluster, where this client speaks it. Absent: classic pub/sub only. */
  readonly sharded?: ShardedChannels
  /** Stops listening to the client's events. The client itself stays as it is. */
  detach(): void
}

export type Command = readonly [name: string, ...args: string[]]

export interface RedisNode {
  /** How the node is called in messages: host and port where the client knows them. */
  readonly name: string
  readonly send: (args: Command) => Promise<unknown>
}

/**
 * One connection that nobody else uses: to subscribe on, or to send a write and the `WAIT` that belongs to it.
 */
export interface RedisLink {
  send(args: Command): Promise<unknown>
  /** Resolves when the server has confirmed. */
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): Promise<void>
  /** Ends the connection at once; `lost` is not called for it. */
  close(): void
}

export interface LinkEvents {
  message(channel: string, payload: string): void
  /** Called at most once, after the link was open. */
  lost(): void
}

/** The client's own sharded subscriptions: it finds the node of the channel's slot, and moves with it. */
export interface ShardedChannels {
  subscribe(channel: string, onMessage: (payload: string) => void): Promise<void>
  unsubscribe(channel: string, onMessage: (payload: string) => void): Promise<void>
  /** Calls whenever subscriptions may have been interrupted and are back; returns the function that stops it. */
  onRestored(listener: () => void): () => void
}
