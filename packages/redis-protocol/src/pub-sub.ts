import { ClosedError, type Unsubscribe } from '@holdfast/core/storage'
import type { DedicatedConnection, RedisClient } from './client.ts'
import { asStorageError } from './errors.ts'
import { inTime, tooLate } from './in-time.ts'

/** What a subscriber of a channel hears. */
export interface ChannelListener {
  message(payload: string): void
  /** The subscription was interrupted and is back: what was published meanwhile is lost, so look for yourself. */
  restored(): void
}

export interface SubscribeOptions {
  /** Use sharded pub/sub (`SSUBSCRIBE`); only where {@link PubSub.sharded} says so. Default false. */
  readonly sharded?: boolean
}

/**
 * The subscriptions of one process: one connection, opened at the first subscription, for any number of channels
 * and listeners. It is opened anew when it breaks, the channels are subscribed again, and the listeners are notified. It is
 * closed some time after the last one has gone, so that it keeps no process alive that is done.
 */
export interface PubSub {
  /** The client can subscribe to sharded channels. The server may still be older than Redis 7 and refuse. */
  readonly sharded: boolean
  /**
   * What the number means that `PUBLISH` returns: all subscribers (`exact`), or those of the node that executed it
   * (`local`: classic pub/sub of a cluster). `SPUBLISH` always counts all.
   */
  readonly receiverCount: 'exact' | 'local'
  /**
   * Resolves when the server has confirmed: what is published from now on arrives, as long as the connection holds.
   * Unsubscribing stops the listener at once and does not wait for the server.
   */
  subscribe(channel: string, listener: ChannelListener, options?: SubscribeOptions): Promise<Unsubscribe>
  /**
   * Moves all channels of classic pub/sub to another connection, and notifies the listeners. The old one is kept until the
   * new one has them all, which is when this resolves, and until what was on its way to it has arrived. While a connection
   * is opened anew anyway, waits for that one.
   */
  renew(): Promise<void>
  /** Closes the connection now if no channel needs it. */
  closeIfIdle(): void
  close(): void
}

export interface PubSubTimes {
  /** How long the server may take to confirm anything; then another connection is opened. Default 5,000. */
  readonly patienceMs?: number
  /** How often an open connection is asked whether it still is one: nothing is sent on it otherwise. Default 15,000. */
  readonly heartbeatMs?: number
  /** How long a connection stays open that no channel needs any more. Default 10,000. */
  readonly lingerMs?: number
}

const PATIENCE_MS = 5_000

/** The subscriptions of one client: classic pub/sub on a connection for it alone, and on a cluster sharded channels. */
export function createPubSub(client: RedisClient, times: PubSubTimes = {}): PubSub {
  const classic = new Subscriptions(client, times)
  const { sharded } = client
  // One listener on the client for all channels; a listener to several of them is notified once.
  const shards = new Map<(payload: string) => void, ChannelListener>()
  const { patienceMs = PATIENCE_MS } = times
  const stopWatching = sharded?.onRestored(() => {
    for (const listener of new Set(shards.values())) listener.restored()
  })
  return {
    sharded: sharded !== undefined,
    receiverCount: client.cluster !== undefined ? 'local' : 'exact',
    async subscribe(channel, listener, options = {}) {
      if (!options.sharded || sharded === undefined) return await classic.subscribe(channel, listener)
      const onMessage = (payload: string): void => listener.message(payload)
      const stop = (): void => {
        shards.delete(onMessage)
        sharded.unsubscribe(channel, onMessage).catch(() => {})
      }
      const confirmed = sharded.subscribe(channel, onMessage)
      await inTime(confirmed, patienceMs).catch((error: unknown) => {
        if (error === tooLate) confirmed.then(stop, () => {})
        throw asStorageError(error, `SSUBSCRIBE ${channel}`)
      })
      shards.set(onMessage, listener)
      return async () => stop()
    },
    renew: () => classic.renew(),
    closeIfIdle: () => classic.closeIfIdle(),
    close() {
      stopWatching?.()
      classic.close()
    },
  }
}

interface Channel {
  readonly listeners: Set<ChannelListener>
  /** Settles when the server has confirmed the subscription on the present connection. */
  confirmed: Promise<unknown>
}

/** Classic pub/sub over one connection at a time. */
class Subscriptions {
  readonly #client: RedisClient
  readonly #patienceMs: number
  readonly #heartbeatMs: number
  readonly #lingerMs: number
  readonly #channels = new Map<string, Channel>()
  #connection: Promise<DedicatedConnection> | undefined
  #redial: ReturnType<typeof setTimeout> | undefined
  #heartbeat: ReturnType<typeof setInterval> | undefined
  #idleTimer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #closed = false
  #renewing: Promise<void> | undefined
  /** Those that were replaced, and may still have something for us. */
  readonly #leaving = new Set<DedicatedConnection>()
  /** Those who wait for the connection that is opened anew because the last one was lost. */
  readonly #onRestored: (() => void)[] = []

  constructor(client: RedisClient, times: PubSubTimes) {
    const { patienceMs = PATIENCE_MS, heartbeatMs = 15_000, lingerMs = 10_000 } = times
    this.#client = client
    this.#patienceMs = patienceMs
    this.#heartbeatMs = heartbeatMs
    this.#lingerMs = lingerMs
  }

  async subscribe(name: string, listener: ChannelListener): Promise<Unsubscribe> {
    if (this.#closed) throw new ClosedError()
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      channel = { listeners: new Set(), confirmed: this.#open(name) }
      this.#channels.set(name, channel)
    }
    channel.listeners.add(listener)
    try {
      await channel.confirmed
      this.#failures = 0
    } catch (error) {
      this.#forget(name, listener)
      throw asStorageError(error, `SUBSCRIBE ${name}`)
    }
    return async () => {
      // No caller waits for the answer, which a frozen server never gives. A connection that breaks now has ended the
      // subscription as well.
      if (this.#forget(name, listener))
        this.#connection?.then((connection) => connection.unsubscribe(name)).catch(() => {})
    }
  }

  close(): void {
    this.#closed = true
    this.#channels.clear()
    this.#disconnect()
  }

  closeIfIdle(): void {
    if (this.#channels.size === 0) this.#disconnect()
  }

  renew(): Promise<void> {
    if (this.#connection === undefined || this.#failures > 0) {
      if (this.#channels.size === 0) return Promise.resolve()
      return new Promise((resolve) => this.#onRestored.push(resolve))
    }
    this.#renewing ??= this.#moveTo(this.#dial()).finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #moveTo({ connection, isLost }: Opening): Promise<void> {
    try {
      const open = await inTime(connection, this.#patienceMs)
      const moved = new Set<string>()
      for (;;) {
        const names = [...this.#channels.keys()].filter((name) => !moved.has(name))
        if (names.length === 0) break
        await inTime(Promise.all(names.map((name) => open.subscribe(name))), this.#patienceMs)
        for (const name of names) moved.add(name)
      }
      if (isLost() || this.#closed || this.#channels.size === 0) throw new Error('The connection is closed')
      const old = this.#connection
      void this.#use(connection)
      this.#failures = 0
      for (const channel of this.#channels.values()) channel.confirmed = Promise.resolve()
      for (const name of moved) if (!this.#channels.has(name)) open.unsubscribe(name).catch(() => {})
      old?.then((other) => this.#leave(other)).catch(() => {})
      this.#restored()
    } catch (error) {
      connection.then((open) => open.close()).catch(() => {})
      throw asStorageError(error, 'another connection to subscribe on')
    }
  }

  /**
   * What the server published before it confirmed the new connection is on its way to the old one. A client library drops
   * it where it closes, so the old one is closed when the server has answered on it: all that comes before is here then.
   */
  async #leave(old: DedicatedConnection): Promise<void> {
    this.#leaving.add(old)
    await inTime(old.send(['PING']), this.#patienceMs).catch(() => {})
    this.#leaving.delete(old)
    old.close()
  }

  #disconnect(): void {
    for (const old of this.#leaving) old.close()
    clearTimeout(this.#redial)
    clearTimeout(this.#idleTimer)
    clearInterval(this.#heartbeat)
    this.#connection?.then((connection) => connection.close()).catch(() => {})
    this.#connection = undefined
  }

  /** True when the channel has no listener any more. */
  #forget(name: string, listener: ChannelListener): boolean {
    const channel = this.#channels.get(name)
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return false
    this.#channels.delete(name)
    clearTimeout(this.#idleTimer)
    // Channels that come and go share the connection.
    this.#idleTimer = setTimeout(() => this.closeIfIdle(), this.#lingerMs).unref()
    return true
  }

  #open(name: string): Promise<unknown> {
    const connection = this.#connection ?? this.#use(this.#dial().connection)
    const confirmed = inTime(
      connection.then((open) => open.subscribe(name)),
      this.#patienceMs,
    )
    confirmed.catch((error: unknown) => {
      if (error === tooLate) this.#giveUp(connection)
    })
    return confirmed
  }

  #dial(): Opening {
    let isLost = false
    const connection = this.#client.openConnection({
      message: (name, payload) => {
        for (const listener of this.#channels.get(name)?.listeners ?? []) listener.message(payload)
      },
      lost: () => {
        isLost = true
        this.#lost(connection)
      },
    })
    return { connection, isLost: () => isLost }
  }

  #use(connection: Promise<DedicatedConnection>): Promise<DedicatedConnection> {
    this.#connection = connection
    connection.then(
      (open) => this.#watch(connection, open),
      () => this.#lost(connection),
    )
    return connection
  }

  /** A connection whose server no longer answers looks like one on which nothing happens. */
  #watch(connection: Promise<DedicatedConnection>, open: DedicatedConnection): void {
    if (this.#connection !== connection) return open.close() // it came too late
    clearInterval(this.#heartbeat)
    this.#heartbeat = setInterval(() => {
      inTime(open.send(['PING']), this.#patienceMs).catch((error: unknown) => {
        if (error === tooLate) this.#giveUp(connection)
      })
    }, this.#heartbeatMs).unref()
  }

  #giveUp(connection: Promise<DedicatedConnection>): void {
    this.#lost(connection)
    connection.then((open) => open.close()).catch(() => {})
  }

  #lost(connection: Promise<DedicatedConnection>): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    clearInterval(this.#heartbeat)
    if (this.#closed) return
    // At once after the first loss, then ever slower, differently in every process.
    const pauseMs =
      this.#failures === 0 ? 0 : Math.min(2_000, 25 * 2 ** this.#failures) * (0.5 + Math.random() / 2)
    this.#failures += 1
    clearTimeout(this.#redial)
    this.#redial = setTimeout(() => void this.#restore(), pauseMs).unref()
  }

  async #restore(): Promise<void> {
    if (this.#channels.size === 0) return
    const connection = this.#connection ?? this.#use(this.#dial().connection)
    for (const [name, channel] of this.#channels) channel.confirmed = this.#open(name)
    try {
      await Promise.all([...this.#channels.values()].map((channel) => channel.confirmed))
    } catch {
      // Lost again, or the server refuses (rights were taken away): a connection without its channels is of no use.
      return this.#giveUp(connection)
    }
    this.#failures = 0
    this.#restored()
  }

  #restored(): void {
    for (const resolve of this.#onRestored.splice(0)) resolve()
    for (const { listeners } of this.#channels.values()) {
      for (const listener of listeners) listener.restored()
    }
  }
}

/** A connection that is being opened. */
interface Opening {
  readonly connection: Promise<DedicatedConnection>
  readonly isLost: () => boolean
}
