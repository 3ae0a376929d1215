/** How long a connection of our own may take until it can be used, handshake included. */
const OPEN_MS = 5_000

/**
 * Waits for `connecting`, or has `end` end the attempt: a server that accepts a connection and says nothing would keep it
 * for good, and what waits for it with it. Does not keep the process alive.
 */
export async function openInTime(
  connecting: Promise<unknown>,
  end: () => unknown,
  timeoutMs: number = OPEN_MS,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The connection was not ready within ${timeoutMs} ms`))
      end()
    }, timeoutMs).unref()
  })
  try {
    await Promise.race([connecting, late])
  } finally {
    clearTimeout(timer)
    connecting.catch(() => {})
  }
}
