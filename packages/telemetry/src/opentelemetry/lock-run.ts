import { type Context, type Span, trace } from '@opentelemetry/api'

/**
 * A call of `locks.run`. Its context is what was active around the call until the lock is granted, and from then on has the
 * span of the lock held, so that what the body does is below that. The channel binds one context to the whole call, before
 * that span can begin; so it is the context that changes.
 */
export class LockRun {
  #current: Context
  #isGranted = false

  /** `around`: what is active around the call. */
  constructor(around: Context) {
    this.#current = around
  }

  /** The first grant in the call is its own; later ones are of what the body acquires. */
  granted(held: Span): void {
    if (this.#isGranted) return
    this.#isGranted = true
    this.#current = trace.setSpan(this.#current, held)
  }

  readonly context: Context = {
    getValue: (key) => this.#current.getValue(key),
    setValue: (key, value) => this.#current.setValue(key, value),
    deleteValue: (key) => this.#current.deleteValue(key),
  }
}
