import { type AbortListener, listenForAbort, stopListening } from '../support/on-abort.ts'
import { isOver } from './decide.ts'
import type { JobKey } from './job-key.ts'
import type { KeyWatchers, StateObserver } from './key-watcher.ts'
import type { ExecutionSnapshot, StoredState } from './record.ts'

/** What to watch, for whom. */
export interface WatchCall {
  readonly watchers: KeyWatchers
  readonly job: JobKey
  readonly signal: AbortSignal | undefined
  readonly toSnapshot: (state: StoredState) => ExecutionSnapshot | null
}

/**
 * The states of a key as an async iterable. Each iteration subscribes by itself, from its first `next()` until the
 * execution ends, the loop is left, or `return` is called, also while a `next()` is pending.
 */
export function watching(call: WatchCall): AsyncIterable<ExecutionSnapshot, undefined> {
  return {
    [Symbol.asyncIterator]() {
      const watch = new Watch(call)
      const states = watch.states()
      return {
        next: () => states.next(),
        return() {
          // A generator would return only after its pending `next()`.
          watch.leave()
          return states.return(undefined)
        },
      }
    },
  }
}

class Watch implements StateObserver, AbortListener {
  readonly #call: WatchCall
  /** Not read yet: at most the newest state of each execution. */
  readonly #unread: ExecutionSnapshot[] = []
  #wake: () => void = () => undefined
  #isEnded = false
  #failure: Error | undefined
  #last: ExecutionSnapshot | undefined
  #lastRev = 0

  constructor(call: WatchCall) {
    this.#call = call
  }

  async *states(): AsyncGenerator<ExecutionSnapshot, undefined> {
    const { watchers, job, signal } = this.#call
    if (signal?.aborted) return
    if (signal !== undefined) listenForAbort(signal, this)
    watchers.subscribe(job, this)
    for (;;) {
      const state = this.#unread.shift()
      if (state !== undefined) yield state
      else if (!this.#isEnded) await new Promise<void>((resolve) => (this.#wake = resolve))
      else if (this.#failure === undefined) return
      else throw this.#failure
    }
  }

  leave(): void {
    this.#unread.length = 0
    this.aborted()
  }

  next(stored: StoredState): void {
    if (this.#isEnded) return
    try {
      const state = this.#call.toSnapshot(stored)
      if (state !== null) this.#show(state, stored.current?.rev ?? 0)
      // Removed, so nothing says how it ended. (Else it has not started yet.)
      else if (this.#last !== undefined) this.aborted()
    } catch (error) {
      this.error(error as Error)
    }
  }

  error(reason: Error): void {
    if (!this.#isEnded) this.#failure = reason
    this.aborted()
  }

  /** Observes no more; states that are not read yet can still be. */
  aborted(): void {
    const { watchers, job, signal } = this.#call
    this.#isEnded = true
    if (signal !== undefined) stopListening(signal, this)
    watchers.unsubscribe(job, this)
    this.#wake()
  }

  #show(state: ExecutionSnapshot, rev: number): void {
    const turnedStalled = state.stalled && this.#last?.stalled === false
    // The revisions of another execution may be smaller after a failover to a clock that is behind.
    const isSame = state.executionId === this.#last?.executionId
    if (isSame && rev <= this.#lastRev && !turnedStalled) return
    if (this.#unread.at(-1)?.executionId === state.executionId) this.#unread.pop()
    this.#unread.push(state)
    this.#last = state
    this.#lastRev = rev
    if (isOver(state)) this.aborted()
    else this.#wake()
  }
}
