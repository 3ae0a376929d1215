import type { Emitter } from './emitter.ts'
import { type Attached, oncePerClient } from './once-per-client.ts'

interface ErrorEmitter extends Emitter {
  listeners(event: 'error'): readonly unknown[]
}

interface ErrorListener {
  (error: unknown): void
  readonly [OURS]?: true
}

/** The same in every copy of this package. */
const OURS = Symbol.for('holdfast.errors')

/**
 * For a client that emits an error only when it has a listener, and prints it otherwise, as ioredis does. With our
 * listener it always emits, so that a waiter learns why the storage is away; and an error without another listener is
 * printed as the client would have printed it, after `label`.
 */
export const reportErrors: (client: ErrorEmitter, label: string) => Attached = oncePerClient(attach)

function attach(client: ErrorEmitter, label: string): Attached {
  const listener: ErrorListener = Object.assign(
    (error: unknown) => {
      const all = client.listeners('error') as readonly ErrorListener[]
      const isFirst = all[0] === listener
      if (isFirst && all.every((each) => each[OURS]) && error instanceof Error) {
        console.error(label, error.stack)
      }
    },
    { [OURS]: true } as const,
  )
  client.on('error', listener)
  return { detach: () => void client.off('error', listener) }
}
