import type { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'

/** What a bridge listens to, and stops listening to all at once. */
export class Subscriptions {
  readonly #undo: (() => void)[] = []
  #hasWarned = false

  /** What a listener throws would end the process: it becomes a warning, once for each bridge. */
  on<Event>(name: string, listener: (event: Event) => void): void {
    const guarded = (event: unknown): void => {
      this.guard(() => listener(event as Event))
    }
    subscribe(name, guarded)
    this.#undo.push(() => unsubscribe(name, guarded))
  }

  /** While an operation runs that is traced on this channel, `store` has what `frameOf` makes of its context. */
  bind<Traced, Frame>(
    operation: string,
    store: AsyncLocalStorage<Frame | undefined>,
    frameOf: (traced: Traced) => Frame | undefined,
  ): void {
    const start = channel(`tracing:${operation}:start`)
    start.bindStore(store, (traced: unknown) => this.guard(() => frameOf(traced as Traced)))
    this.#undo.push(() => start.unbindStore(store))
  }

  /** Does the same for what is not a subscription. */
  guard<T>(listener: () => T): T | undefined {
    try {
      return listener()
    } catch (error) {
      this.#warn(error)
      return undefined
    }
  }

  /** Also undoes this when it ends. */
  add(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** Calling it again does nothing. */
  end(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
    process.emitWarning(`An event was not measured: ${why}. Further ones are not reported.`, {
      code: 'HOLDFAST_TELEMETRY',
    })
  }
}
