import type { StoredError } from './record.ts'

/** How long a text may be that every write of an execution carries along and that people read. */
export const MAX_TEXT_BYTES = 1_024
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

/** The message of any thrown value. */
export function messageOf(thrown: unknown): string {
  return storeError(thrown, 0).message
}

function describe(thrown: unknown, maxStackBytes: number, depth: number): StoredError {
  if (!isErrorLike(thrown)) return { name: 'NonError', message: truncateUtf8(textOf(thrown), MAX_MESSAGE) }
  const { code, cause, stack } = thrown
  return {
    name: truncateUtf8(String(thrown.name), 256),
    message: truncateUtf8(String(thrown.message), MAX_MESSAGE),
    code: typeof code === 'string' ? truncateUtf8(code, 256) : typeof code === 'number' ? code : undefined,
    stack: maxStackBytes > 0 && typeof stack === 'string' ? truncateUtf8(stack, maxStackBytes) : undefined,
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
  // The stack of this very place would mislead.
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

/** Cuts to so many bytes of UTF-8, and never through the middle of a character. */
export function truncateUtf8(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  // A byte that continues a character begins with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return `${bytes.toString('utf8', 0, end)}…`
}
