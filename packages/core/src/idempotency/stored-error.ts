import { clip } from './clip.ts'
import type { StoredError } from './record.ts'

const MAX_MESSAGE = 8_192
const MAX_CAUSES = 4

/** What is kept of a thrown value: name, message, code, cause, and the first `maxStackBytes` of the stack. Never throws. */
export function storeError(thrown: unknown, maxStackBytes: number, depth = 0): StoredError {
  try {
    return describe(thrown, maxStackBytes, depth)
  } catch {
    // Getters may throw, and proxies may do anything.
    return { name: 'NonError', message: 'What was thrown could not be described.' }
  }
}

/** The message of a thrown value, whatever that is. */
export function messageOf(thrown: unknown): string {
  return storeError(thrown, 0).message
}

function describe(thrown: unknown, maxStackBytes: number, depth: number): StoredError {
  if (!isErrorLike(thrown)) return { name: 'NonError', message: clip(textOf(thrown), MAX_MESSAGE) }
  const { code, cause, stack } = thrown
  return {
    name: clip(String(thrown.name), 256),
    message: clip(String(thrown.message), MAX_MESSAGE),
    code: typeof code === 'string' ? clip(code, 256) : typeof code === 'number' ? code : undefined,
    stack: maxStackBytes > 0 && typeof stack === 'string' ? clip(stack, maxStackBytes) : undefined,
    cause:
      cause !== undefined && depth < MAX_CAUSES ? storeError(cause, maxStackBytes, depth + 1) : undefined,
  }
}

interface ErrorLike {
  readonly name: unknown
  readonly message: unknown
  readonly code?: unknown
  readonly cause?: unknown
  readonly stack?: unknown
}

/** Errors of another realm (vm contexts, test runners) are no instances of ours. */
function isErrorLike(thrown: unknown): thrown is ErrorLike {
  if (thrown instanceof Error) return true
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'name' in thrown
}

/** An `Error` with the recorded name, message, code, stack and cause. */
export function reviveError(stored: StoredError): Error {
  const options = stored.cause === undefined ? undefined : { cause: reviveError(stored.cause) }
  const error = new Error(stored.message, options)
  Object.defineProperty(error, 'name', { value: stored.name, configurable: true, writable: true })
  if (stored.code !== undefined) Object.assign(error, { code: stored.code })
  // Never the stack of this very place, which would mislead.
  error.stack = stored.stack ?? `${stored.name}: ${stored.message}`
  return error
}

function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  try {
    return JSON.stringify(thrown) ?? String(thrown)
  } catch {
    return String(thrown)
  }
}
