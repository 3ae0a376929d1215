/** The part of an event emitter that adapters use. */
export interface Emitter {
  on(event: string | symbol, listener: (...args: unknown[]) => void): unknown
  off(event: string | symbol, listener: (...args: unknown[]) => void): unknown
  listeners(event: string): readonly unknown[]
}

/** Calls `listener` at each of the events, until the returned function is called. */
export function onEvents(
  emitter: Emitter,
  events: readonly (string | symbol)[],
  listener: (...args: unknown[]) => void,
): () => void {
  const heard = (...args: unknown[]): void => listener(...args)
  for (const event of events) emitter.on(event, heard)
  return () => {
    for (const event of events) emitter.off(event, heard)
  }
}
