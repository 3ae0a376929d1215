/** Something that a server does beside its jobs, until it is stopped. */
export interface BackgroundProcess {
  /** Lets the pass that is under way end, and starts no other. Calling it again gives the same promise. It never rejects. */
  stop(): Promise<void>
}

export interface BackgroundOptions {
  /** How long after a pass the next one begins. */
  readonly intervalMs: number
  /**
   * One look. `signal` aborts when the process is stopped: then it ends soon, between two changes.
   *
   * @returns when to look again, in ms, if that is sooner than the interval; undefined: after the interval
   */
  readonly pass: (signal: AbortSignal) => Promise<number | undefined>
  /** Gets what a pass rejected with. The next one begins after a second. */
  readonly onError: (error: unknown) => void
}

/** After what failed, and for what others hold right now. */
export const RETRY_MS = 1_000

/** Passes one after the other, the first at once. What goes wrong in one ends neither the process nor this one. */
export function runInBackground({ intervalMs, pass, onError }: BackgroundOptions): BackgroundProcess {
  const stopping = new AbortController()
  const { signal } = stopping

  async function once(): Promise<number> {
    try {
      const soonerMs = (await pass(signal)) ?? Infinity
      return Math.min(intervalMs, Math.max(0, soonerMs))
    } catch (error) {
      // What ends because it was stopped is no fault.
      if (!signal.aborted) report(error)
      return Math.min(intervalMs, RETRY_MS)
    }
  }

  function report(error: unknown): void {
    try {
      onError(error)
    } catch {
      // A listener that throws is not to stop what it listens to.
    }
  }

  async function passes(): Promise<void> {
    while (!signal.aborted) await pause(await once(), signal)
  }

  const ended = passes()
  return {
    stop() {
      stopping.abort()
      return ended
    },
  }
}

/** Ends early when the signal aborts, or has: its timer is gone then. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
