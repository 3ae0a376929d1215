import type { ShardedChannels } from '../client.ts'
import { type Emitter, onEvents } from './emitter.ts'

/**
 * Listeners by channel, for a client that emits the messages of all channels as one event with channel and payload. The
 * client subscribes to a channel with its first listener, and unsubscribes with the last.
 */
export function channelListeners(
  emitter: Emitter,
  event: string,
  client: Record<'subscribe' | 'unsubscribe', (channel: string) => Promise<unknown>>,
): Pick<ShardedChannels, 'subscribe' | 'unsubscribe'> {
  const listeners = new Map<string, Set<(payload: string) => void>>()
  let dispatching = false
  const dispatch = (channel: unknown, payload: unknown): void => {
    for (const listener of listeners.get(String(channel)) ?? []) listener(String(payload))
  }
  return {
    async subscribe(channel, onMessage) {
      if (!dispatching) onEvents(emitter, [event], dispatch)
      dispatching = true
      listeners.set(channel, (listeners.get(channel) ?? new Set()).add(onMessage))
      await client.subscribe(channel)
    },
    async unsubscribe(channel, onMessage) {
      const ofChannel = listeners.get(channel)
      if (!ofChannel?.delete(onMessage) || ofChannel.size > 0) return
      listeners.delete(channel)
      await client.unsubscribe(channel)
    },
  }
}
