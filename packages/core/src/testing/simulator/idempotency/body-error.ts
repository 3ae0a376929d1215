const PREFIX = 'the body of'

/** What a body of the workload throws when it is to fail. */
export class BodyError extends Error {
  /** Where it is not to run again at once. */
  readonly retryAfterMs: number | undefined

  constructor(executionId: string, retryAfterMs: number | undefined) {
    super(`${PREFIX} ${executionId} failed`)
    this.retryAfterMs = retryAfterMs
  }
}

/** What the job says of it. */
export function retryOf(error: unknown): { readonly retryAfterMs: number } | undefined {
  if (!(error instanceof BodyError) || error.retryAfterMs === undefined) return undefined
  return { retryAfterMs: error.retryAfterMs }
}

/** Thrown by a body of the workload, or recorded of one and revived. */
export function isBodyError(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith(PREFIX)
}
