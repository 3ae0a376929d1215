import type { ExceptionInfo } from '../wire/exceptions.ts'

/** What a body threw, as Hangfire's pages show it. */
export interface Thrown extends ExceptionInfo {
  /** Stacks, that of the error first, then those of what caused it. */
  readonly details: string
}

const MOST_CAUSES = 4

/** Of any thrown value. Never throws: getters may, and proxies do anything. */
export function describeThrown(thrown: unknown, depth: number = 0): Thrown {
  try {
    return describe(thrown, depth)
  } catch {
    const message = 'What was thrown could not be described.'
    return { type: 'NonError', message, details: message }
  }
}

function describe(thrown: unknown, depth: number): Thrown {
  if (!isErrorLike(thrown)) {
    const message = typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown))
    return { type: 'NonError', message, details: message }
  }
  const type = String(thrown.name) || 'Error'
  const message = String(thrown.message)
  const { stack, cause } = thrown
  const own = typeof stack === 'string' ? stack : `${type}: ${message}`
  if (cause === undefined || depth >= MOST_CAUSES) return { type, message, details: own }
  const { details, ...inner } = describeThrown(cause, depth + 1)
  return { type, message, inner, details: `${own}\n ---> ${details}` }
}

interface ErrorLike {
  readonly name: unknown
  readonly message: unknown
  readonly stack?: unknown
  readonly cause?: unknown
}

/** Errors of another realm are no instances of ours. */
function isErrorLike(thrown: unknown): thrown is ErrorLike {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'name' in thrown
}
