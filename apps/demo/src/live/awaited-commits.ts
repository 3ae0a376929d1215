/** What a forge has asked for before its commits are there. */
export interface AwaitedCommits {
  /** It was not there just now. The patience with it begins, unless it has. */
  miss(range: string): void
  /** It is there. */
  arrived(range: string): void
  close(): void
}

/** @param onOver looks once more, and says so when it never came */
export function awaitCommits(patienceMs: number, onOver: (range: string) => void): AwaitedCommits {
  const timers = new Map<string, NodeJS.Timeout>()
  const forget = (range: string): void => {
    clearTimeout(timers.get(range))
    timers.delete(range)
  }
  return {
    miss(range) {
      if (timers.has(range)) return
      const over = (): void => {
        forget(range)
        onOver(range)
      }
      timers.set(range, setTimeout(over, patienceMs))
    },
    arrived: forget,
    close() {
      for (const range of timers.keys()) forget(range)
    },
  }
}
