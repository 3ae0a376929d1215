/** What a process of a mixed deploy says without being asked: a body, a load or a handler has begun, or an owner learns of a loss. */
export interface Event {
  readonly event: string
  /** Which job, lock, value or request it is about. */
  readonly about: string
  readonly detail?: unknown
}

/** An error on its way to another process. */
export interface SaidError {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  /** Of a lost lease. */
  readonly reason?: unknown
  readonly cause?: SaidError | undefined
}

export function say(event: string, about: string, detail?: unknown): void {
  process.send?.({ event, about, detail } satisfies Event)
}

export function sayError(error: unknown): SaidError {
  const { name, message, code, reason, cause } = error as SaidError
  return { name, message, code, reason, cause: cause === undefined ? undefined : sayError(cause) }
}

const held = new Map<string, () => void>()

/** Resolves when the test says `go`, and rejects with the signal's reason. */
export function holding(about: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    held.set(about, resolve)
    signal?.addEventListener('abort', () => reject(signal.reason as Error))
    if (signal?.aborted) reject(signal.reason as Error)
  })
}

export function go(about: string): void {
  const resolve = held.get(about)
  if (resolve === undefined) throw new Error(`Nothing holds ${about}.`)
  held.delete(about)
  resolve()
}
