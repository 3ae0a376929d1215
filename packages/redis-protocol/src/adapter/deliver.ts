import type { DedicatedConnectionEvents } from '../client.ts'

/**
 * Reports a message as a client emits it, in Buffers. Where others send text, the server itself sends an array, or `null`:
 * as text, keys with commas could not be told apart.
 */
export function deliver(events: DedicatedConnectionEvents, channel: unknown, payload: unknown): void {
  if (payload === null) events.invalidated?.(null)
  else if (Array.isArray(payload)) events.invalidated?.(payload.map(textOf))
  else events.message(textOf(channel), textOf(payload))
}

function textOf(sent: unknown): string {
  return Buffer.isBuffer(sent) ? sent.toString() : (sent as string)
}
