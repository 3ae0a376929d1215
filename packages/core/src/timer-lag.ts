import type { Runtime } from './runtime.ts'

const REMEMBERED_MS = 60_000

/**
 * How late background timers fire, at worst within the last minute. They renew leases: an event loop that is blocked
 * for most of a lease loses it, and this tells before it comes to that.
 */
export class TimerLag {
  readonly runtime: Runtime
  readonly #original: Runtime
  #worstMs = 0
  #noticedAt = -Infinity

  /** {@link TimerLag.runtime} is the given one, under observation. */
  constructor(original: Runtime) {
    this.#original = original
    this.runtime = {
      monotonicNow: () => original.monotonicNow(),
      wallNow: () => original.wallNow(),
      randomId: () => original.randomId(),
      random: () => original.random(),
      setTimer: (ms, fn, options) => {
        if (!options?.background) return original.setTimer(ms, fn, options)
        const dueAt = original.monotonicNow() + ms
        const ring = (): void => {
          this.#notice(original.monotonicNow() - dueAt)
          fn()
        }
        return original.setTimer(ms, ring, options)
      },
    }
  }

  worstMs(): number {
    const isOld = this.#original.monotonicNow() - this.#noticedAt > REMEMBERED_MS
    return isOld ? 0 : this.#worstMs
  }

  #notice(lateMs: number): void {
    if (lateMs < this.worstMs()) return
    this.#worstMs = lateMs
    this.#noticedAt = this.#original.monotonicNow()
  }
}
