import type { Emitter } from './emitter.ts'

/** The same in every copy of this package. */
const OURS = Symbol.for('holdfast.errors')

/**
 * For a client that emits an error only when it has a listener, and prints it otherwise, as ioredis does. With our
 * listener it always emits, so that a waiter learns why the storage is away; and an error without another listener is
 * printed as the client would have printed it, after `label`.
 */
export function reportErrors(client: Emitter, label: string): () => void {
  const listener = (error: unknown): void => {
    const all = client.listeners('error') as readonly object[]
    const isFirst = all[0] === listener
    if (isFirst && all.every((each) => OURS in each) && error instanceof Error) {
      console.error(label, error.stack)
    }
  }
  client.on('error', Object.assign(listener, { [OURS]: true }))
  return () => void client.off('error', listener)
}
