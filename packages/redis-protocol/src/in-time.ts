/** What rejects a promise that was not settled in time. */
export const tooLate: Error = new Error('Redis did not confirm in time')

/** Waits that long for `reply`, and does not keep the process alive. */
export async function inTime<T>(reply: Promise<T>, patienceMs: number, late: Error = tooLate): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), patienceMs).unref()
  })
  try {
    return await Promise.race([reply, timeout])
  } finally {
    clearTimeout(timer)
  }
}
