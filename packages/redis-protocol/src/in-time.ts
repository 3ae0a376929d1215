/** What rejects a promise that was not settled in time. */
export const tooLate: Error = new Error('Redis did not confirm in time')

/** Waits so long for `reply`, and does not keep the process alive. */
export async function inTime<T>(reply: Promise<T>, patienceMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate), patienceMs).unref()
  })
  try {
    return await Promise.race([reply, late])
  } finally {
    clearTimeout(timer)
  }
}
