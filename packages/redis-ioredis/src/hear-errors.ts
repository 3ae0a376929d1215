import { type Attached, oncePerClient } from '@holdfast/redis-protocol'
import type { IoredisClient } from './ioredis-types.ts'

/** The same in every copy of this package. */
const OURS = Symbol.for('holdfast.ioredis.errors')

interface ErrorListener {
  (error: unknown): void
  readonly [OURS]?: true
}

/**
 * ioredis emits an error only where somebody listens, and otherwise prints it. With a listener of ours it always emits,
 * so that who waits for the storage can be told why it is away; and what it would have printed without us is printed
 * all the same.
 */
export const hearErrors: (client: IoredisClient) => Attached = oncePerClient(attach)

function attach(client: IoredisClient): Attached {
  const listener: ErrorListener = Object.assign(
    (error: unknown) => {
      const all = client.listeners('error') as readonly ErrorListener[]
      const isFirst = all[0] === listener
      if (isFirst && all.every((each) => each[OURS]) && error instanceof Error) {
        console.error('[ioredis] Unhandled error event:', error.stack)
      }
    },
    { [OURS]: true } as const,
  )
  client.on('error', listener)
  return { detach: () => void client.off('error', listener) }
}
