import type { StoredError } from './record.ts'

const MAX_MESSAGE = 8_192
const MAX_CAUSES = 4

/** What is kept of a thrown value: name, message, code, cause, and the first `maxStackBytes` of the stack. */
export function storeError(thrown: unknown, maxStackBytes: number, depth = 0): StoredError {
  if (!(thrown instanceof Error)) return { name: 'NonError', message: clip(describe(thrown), MAX_MESSAGE) }
  const { code } = thrown as { code?: unknown }
  const hasCause = thrown.cause !== undefined && depth < MAX_CAUSES
  return {
    name: clip(String(thrown.name), 256),
    message: clip(String(thrown.message), MAX_MESSAGE),
    code: typeof code === 'string' || typeof code === 'number' ? clip(String(code), 256) : undefined,
    stack: maxStackBytes > 0 && thrown.stack !== undefined ? clip(thrown.stack, maxStackBytes) : undefined,
    cause: hasCause ? storeError(thrown.cause, maxStackBytes, depth + 1) : undefined,
  }
}

/** An `Error` with the recorded name, message, code, stack and cause. */
export function reviveError(stored: StoredError): Error {
  const options = stored.cause === undefined ? undefined : { cause: reviveError(stored.cause) }
  const error = new Error(stored.message, options)
  Object.defineProperty(error, 'name', { value: stored.name, configurable: true, writable: true })
  if (stored.code !== undefined) Object.assign(error, { code: stored.code })
  if (stored.stack !== undefined) error.stack = stored.stack
  return error
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown))
  } catch {
    return String(thrown)
  }
}

/** Cuts by characters, and never through the middle of one. */
function clip(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')}…`
}
