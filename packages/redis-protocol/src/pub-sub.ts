import type { Unsubscribe } from '@holdfast/core'
import type { RedisClient, RedisLink } from './client.ts'
import { asStorageError } from './errors.ts'

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
 * The subscriptions of one process: one connection, opened at the first subscription, whatever number of channels
 * and listeners. It is opened anew when it breaks, the channels are subscribed again, and the listeners are told.
 */
export interface PubSub {
  /** The client can subscribe to sharded channels. The server may still be older than Redis 7 and refuse. */
  readonly sharded: boolean
  /**
   * What the number means that `PUBLISH` returns: all subscribers (`exact`), or those of the node that executed it
   * (`local`: classic pub/sub of a cluster). `SPUBLISH` always counts all.
   */
  readonly receiverCount: 'exact' | 'local'
  /** Resolves when the server has confirmed: what is published from now on arrives, as long as the connection holds. */
  subscribe(channel: string, listener: ChannelListener, options?: SubscribeOptions): Promise<Unsubscribe>
  close(): void
}

export function createPubSub(client: RedisClient): PubSub {
  const classic = new Subscriptions(client)
  const { sharded } = client
  return {
    sharded: sharded !== undefined,
    receiverCount: client.cluster ? 'local' : 'exact',
    async subscribe(channel, listener, options = {}) {
      if (!options.sharded || sharded === undefined) return await classic.subscribe(channel, listener)
      const onMessage = (payload: string): void => listener.message(payload)
      await sharded.subscribe(channel, onMessage).catch(refuse(channel))
      const stop = sharded.onRestored(() => listener.restored())
      return async () => {
        stop()
        await sharded.unsubscribe(channel, onMessage).catch(refuse(channel))
      }
    },
    close: () => classic.close(),
  }
}

/** Classic pub/sub over one link at a time. */
class Subscriptions {
  readonly #client: RedisClient
  readonly #channels = new Map<string, Set<ChannelListener>>()
  #link: Promise<RedisLink> | undefined
  #redial: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #closed = false

  constructor(client: RedisClient) {
    this.#client = client
  }

  async subscribe(channel: string, listener: ChannelListener): Promise<Unsubscribe> {
    const listeners = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, listeners.add(listener))
    try {
      // Also for a channel that is subscribed already: the confirmation may not have come yet. The server answers
      // it again, and answers in order.
      await this.#subscribeOn(await this.#connected(), channel)
    } catch (error) {
      this.#forget(channel, listener)
      throw asStorageError(error, `SUBSCRIBE ${channel}`)
    }
    return async () => {
      if (!this.#forget(channel, listener) || this.#link === undefined) return
      // A connection that breaks now has ended the subscription as well.
      await this.#link.then((link) => link.unsubscribe(channel)).catch(() => {})
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#redial)
    this.#channels.clear()
    this.#link?.then((link) => link.close()).catch(() => {})
    this.#link = undefined
  }

  /** True when the channel has no listener any more. */
  #forget(channel: string, listener: ChannelListener): boolean {
    const listeners = this.#channels.get(channel)
    if (!listeners?.delete(listener) || listeners.size > 0) return false
    return this.#channels.delete(channel)
  }

  async #subscribeOn(link: RedisLink, channel: string): Promise<void> {
    await link.subscribe(channel, (payload) => {
      for (const listener of this.#channels.get(channel) ?? []) listener.message(payload)
    })
  }

  #connected(): Promise<RedisLink> {
    if (this.#link !== undefined) return this.#link
    const link = this.#client.openLink(() => this.#lost(link))
    this.#link = link
    link.catch(() => this.#lost(link))
    return link
  }

  #lost(link: Promise<RedisLink>): void {
    if (this.#link !== link) return
    this.#link = undefined
    if (this.#closed || this.#channels.size === 0) return
    // At once after the first loss, then ever slower, differently in every process.
    const pauseMs = this.#failures === 0 ? 0 : Math.min(2_000, 25 * 2 ** this.#failures) * (0.5 + Math.random() / 2)
    this.#failures += 1
    clearTimeout(this.#redial)
    this.#redial = setTimeout(() => void this.#restore(), pauseMs).unref()
  }

  async #restore(): Promise<void> {
    if (this.#closed || this.#channels.size === 0) return
    try {
      const link = await this.#connected()
      await Promise.all([...this.#channels.keys()].map((channel) => this.#subscribeOn(link, channel)))
    } catch {
      // Whatever it was, it has ended the link or will: `#lost` tries again.
      return
    }
    this.#failures = 0
    for (const listeners of this.#channels.values()) {
      for (const listener of listeners) listener.restored()
    }
  }
}

function refuse(channel: string): (error: unknown) => never {
  return (error) => {
    throw asStorageError(error, `SSUBSCRIBE ${channel}`)
  }
}
