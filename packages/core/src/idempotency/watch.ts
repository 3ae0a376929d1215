import { type AbortListener, listenForAbort, stopListening } from '../support/on-abort.ts'
import { isOver } from './decide.ts'
import type { StoredState } from './record.ts'
import type { StopObserving } from './observation.ts'
import type { Observer } from './observer.ts'
import type { ExecutionSnapshot } from './snapshot.ts'

export interface WatchSource {
  /** Begins to observe. */
  readonly observe: (observer: Observer) => StopObserving
  readonly toSnapshot: (view: StoredState) => ExecutionSnapshot | null
  readonly signal: AbortSignal | undefined
}

/**
 * The states of a key as an async iterable. Each iteration observes by itself, from its first `next()` until it ends,
 * is left, or is returned, also while a `next()` is pending.
 */
export function watching(source: WatchSource): AsyncIterable<ExecutionSnapshot> {
  return { [Symbol.asyncIterator]: () => new Watch(source) }
}

type Step = IteratorResult<ExecutionSnapshot, undefined>

interface Waiting {
  readonly resolve: (step: Step) => void
  readonly reject: (error: Error) => void
}

class Watch implements AsyncIterator<ExecutionSnapshot, undefined> {
  readonly #source: WatchSource
  /** Not read yet: at most the newest state of each execution. */
  readonly #states: ExecutionSnapshot[] = []
  readonly #waiting: Waiting[] = []
  #stop: StopObserving | undefined
  #started = false
  #ended = false
  #error: Error | undefined
  #last: ExecutionSnapshot | undefined
  #lastRev = 0
  readonly #listener: AbortListener = { aborted: () => this.#end() }

  constructor(source: WatchSource) {
    this.#source = source
  }

  next(): Promise<Step> {
    if (!this.#started) this.#start()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#serve()
    })
  }

  async return(): Promise<Step> {
    this.#states.length = 0
    this.#end()
    return { done: true, value: undefined }
  }

  #start(): void {
    this.#started = true
    const { observe, signal } = this.#source
    if (this.#ended || signal?.aborted) return this.#end()
    if (signal !== undefined) listenForAbort(signal, this.#listener)
    const stop = observe({ tell: (view) => this.#tell(view), failed: (reason) => this.#fail(reason) })
    if (this.#ended) stop()
    else this.#stop = stop
  }

  #tell(view: StoredState): void {
    if (this.#ended) return
    let state: ExecutionSnapshot | null
    try {
      state = this.#source.toSnapshot(view)
    } catch (error) {
      return this.#fail(error as Error)
    }
    if (state === null) {
      // Not started yet; or removed, and then nobody can say how it ended.
      if (this.#last !== undefined) this.#end()
      return
    }
    const rev = view.current?.rev ?? 0
    const turnedStalled = state.stalled && this.#last?.stalled === false
    // The revisions of another execution may be smaller after a failover to a clock that is behind.
    const isSame = state.executionId === this.#last?.executionId
    if (isSame && rev <= this.#lastRev && !turnedStalled) return
    if (this.#states.at(-1)?.executionId === state.executionId) this.#states.pop()
    this.#states.push(state)
    this.#last = state
    this.#lastRev = rev
    if (isOver(state)) this.#end()
    else this.#serve()
  }

  #fail(error: Error): void {
    if (this.#ended) return
    this.#error = error
    this.#end()
  }

  /** Observes no more; what is not read yet can still be. */
  #end(): void {
    this.#ended = true
    const { signal } = this.#source
    if (signal !== undefined) stopListening(signal, this.#listener)
    this.#stop?.()
    this.#serve()
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const value = this.#states.shift()
      if (value === undefined && !this.#ended) return
      const { resolve, reject } = this.#waiting.shift() as Waiting
      const error = this.#error
      if (value !== undefined) resolve({ done: false, value })
      else if (error !== undefined) {
        this.#error = undefined
        reject(error)
      } else resolve({ done: true, value: undefined })
    }
  }
}
