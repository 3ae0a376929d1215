import type { Holdfast } from '@holdfast/core'

/** What a log says of the storage's connection. */
export interface ConnectionLog {
  /** The app starts without one. */
  waiting(): void
  lost(): void
  ready(downMs: number): void
}

/** Logs each change of the storage's connection; returns the function that ends it. */
export function logConnection({ connection }: Holdfast, log: ConnectionLog): () => void {
  let lostAt = connection.state === 'ready' ? undefined : performance.now()
  if (lostAt !== undefined) log.waiting()
  return connection.onChange((state) => {
    if (state === 'ready') {
      const downMs = lostAt === undefined ? 0 : Math.round(performance.now() - lostAt)
      lostAt = undefined
      log.ready(downMs)
    } else if (lostAt === undefined) {
      lostAt = performance.now()
      log.lost()
    }
  })
}

/**
 * Ends an app's use of Holdfast within `graceMs`: requests end and are recorded first; `close` gets the time that is left.
 */
export async function closeAfter(
  requests: Promise<void>,
  graceMs: number,
  close: (options: { readonly graceMs: number }) => Promise<void>,
): Promise<void> {
  const closeAt = performance.now() + graceMs
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))
  await Promise.race([requests, grace]).finally(() => clearTimeout(timer))
  await close({ graceMs: Math.max(0, closeAt - performance.now()) })
}
