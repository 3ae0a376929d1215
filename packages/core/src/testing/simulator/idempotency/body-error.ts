const PREFIX = 'the body of'

/** What a body of the workload throws when it is to fail. */
export class BodyError extends Error {
  constructor(executionId: string) {
    super(`${PREFIX} ${executionId} failed`)
  }
}

/** Thrown by a body of the workload, or recorded of one and revived. */
export function isBodyError(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith(PREFIX)
}
