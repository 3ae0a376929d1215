/** The part of Node's response that shows when its connection is over. */
export interface Connected {
  readonly destroyed: boolean
  once(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}

/**
 * Hands in the signal for a request that may have to wait (see `waits`): aborted when its client hangs up, because
 * no client is left that would get the answer, and when `closing` is: a signal with any number of listeners
 * (`setMaxListeners`).
 */
export async function whileConnected<T>(
  response: Connected,
  closing: AbortSignal | undefined,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const abort = (): void => over.abort()
  if (closing?.aborted || response.destroyed) abort()
  else closing?.addEventListener('abort', abort)
  response.once('close', abort)
  try {
    return await body(over.signal)
  } finally {
    response.off('close', abort)
    closing?.removeEventListener('abort', abort)
  }
}
