/** Codes of ends that say nothing of the work: it is another's by now, is let go of, or Redis does not answer. */
const NO_FAILURE: readonly unknown[] = ['LEASE_LOST', 'STALE_WRITER', 'CLOSED', 'STORAGE_UNAVAILABLE']

/** Whether the work itself has failed: what it throws when it is interrupted, or was replaced, is no failure of it. */
export function isFailure(error: unknown, signal: AbortSignal): boolean {
  return (
    !NO_FAILURE.includes(codeOf(error)) && !(signal.aborted && NO_FAILURE.includes(codeOf(signal.reason)))
  )
}

/** For people: what a job says that was asked to stop is the reason of who asked. */
export function reasonOf(error: unknown): string {
  const { name, cause } = error as { readonly name?: unknown; readonly cause?: unknown }
  if (name === 'AbortError' && cause instanceof Error) return cause.message
  return error instanceof Error ? error.message : String(error)
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code
}
