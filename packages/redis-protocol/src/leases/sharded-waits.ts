import { type AcquireReply, type Unsubscribe, processOf } from '@holdfast/core/storage'
import type { ChannelListener, PubSub } from '../pub-sub.ts'

/**
 * Wake-ups in a cluster over sharded pub/sub: a channel for each key and process, in the key's slot, where `SPUBLISH`
 * counts all receivers, so that a waiter that is not connected is passed over at once. It is subscribed to as long as
 * a caller in the process waits for the key, and a little longer.
 */
export interface ShardedWaits {
  /** False from the first refusal on: the server is older than Redis 7, or the user has no right to it. */
  readonly usable: boolean
  /** Sends an acquire that may wait, with the subscription that its place in the queue needs. */
  acquire(state: string, token: string, send: () => Promise<AcquireReply>): Promise<AcquireReply>
  /** The token does not wait for the key any more. */
  done(state: string, token: string): void
  /** The keys of the process that it is subscribed for. */
  statesOf(process: string): string[]
  /** Subscribes anew for the keys that have waiters: the client finds the node that has the slot now. */
  listenAnew(process: string): Promise<void>
  /** From now on the process listens. */
  listen(process: string, listener: ChannelListener): Promise<Unsubscribe>
  close(): void
}

interface Wait {
  readonly process: string
  readonly state: string
  readonly channel: string
  readonly tokens: Set<string>
  subscription: Promise<Unsubscribe> | undefined
  linger: ReturnType<typeof setTimeout> | undefined
}

const LINGER_MS = 10_000

export function createShardedWaits(pubSub: PubSub): ShardedWaits {
  const waits = new Map<string, Wait>()
  const listeners = new Map<string, ChannelListener>()
  let usable = pubSub.sharded && pubSub.receiverCount === 'local'

  const waitOf = (state: string, token: string): Wait => {
    const process = processOf(token)
    const channel = `${state}:w:${process}`
    let wait = waits.get(channel)
    if (wait === undefined) {
      wait = { process, state, channel, tokens: new Set(), subscription: undefined, linger: undefined }
      waits.set(channel, wait)
    }
    return wait
  }
  /** False where nothing is to be subscribed to, or cannot be. */
  const subscribe = async (wait: Wait): Promise<boolean> => {
    const listener = listeners.get(wait.process)
    if (listener === undefined) return false
    wait.subscription ??= pubSub.subscribe(wait.channel, listener, { sharded: true })
    try {
      await wait.subscription
      return true
    } catch {
      wait.subscription = undefined
      usable = false
      return false
    }
  }
  const unsubscribe = async (wait: Wait): Promise<void> => {
    const { subscription } = wait
    clearTimeout(wait.linger)
    wait.subscription = undefined
    if (wait.tokens.size === 0) waits.delete(wait.channel)
    // A connection that breaks now has ended the subscription as well.
    await subscription?.then((stop) => stop()).catch(() => {})
  }
  const done: ShardedWaits['done'] = (state, token) => {
    const wait = waits.get(`${state}:w:${processOf(token)}`)
    if (!wait?.tokens.delete(token) || wait.tokens.size > 0) return
    clearTimeout(wait.linger)
    wait.linger = setTimeout(() => {
      if (wait.tokens.size === 0) void unsubscribe(wait)
    }, LINGER_MS).unref()
  }

  return {
    get usable() {
      return usable
    },
    async acquire(state, token, send) {
      const reply = await send()
      if (reply.outcome !== 'queued') {
        done(state, token)
        return reply
      }
      const wait = waitOf(state, token)
      wait.tokens.add(token)
      const stood = wait.subscription !== undefined
      const stands = await subscribe(wait)
      if (stands ? stood : usable) return reply
      // Between the two it may have been passed over, so it asks once more; where it cannot subscribe, for a place that is
      // not counted.
      const again = await send()
      if (again.outcome !== 'queued') done(state, token)
      return again.outcome === 'queued' ? { ...again, kept: reply.kept } : again
    },
    done,
    statesOf: (process) =>
      [...waits.values()]
        .filter((wait) => wait.process === process && wait.subscription !== undefined)
        .map(({ state }) => state),
    async listenAnew(process) {
      const stale = [...waits.values()].filter((wait) => wait.process === process)
      for (const wait of stale) {
        await unsubscribe(wait)
        // A channel without waiters would be counted, and as 0, no matter where it leads.
        if (wait.tokens.size > 0) await subscribe(wait)
      }
      listeners.get(process)?.restored()
    },
    async listen(process, listener) {
      listeners.set(process, listener)
      await Promise.all([...waits.values()].filter((wait) => wait.process === process).map(subscribe))
      return async () => {
        listeners.delete(process)
        const own = [...waits.values()].filter((wait) => wait.process === process)
        // A subscription that is never confirmed does not hold up who leaves: it ends when it is.
        for (const wait of own) void unsubscribe(wait)
      }
    },
    close() {
      for (const wait of waits.values()) clearTimeout(wait.linger)
      waits.clear()
    },
  }
}
