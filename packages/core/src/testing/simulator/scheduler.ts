/** Who an event happens to. It takes nothing while it is stopped, and nothing ever again once it is dead. */
export interface Owner {
  readonly state: 'running' | 'stopped' | 'dead'
  /** Keeps an event that came while it was stopped. */
  defer(event: SimulatedEvent): void
}

export interface SimulatedEvent {
  readonly at: number
  readonly order: number
  readonly owner: Owner | undefined
  readonly kind: 'timer' | 'message' | 'other'
  readonly run: () => void
}

/** Events at the same instant beyond this are a loop that time cannot end. */
const MOST_AT_ONCE = 20_000

/**
 * Virtual time: events in order of their instants, one after the other, and everything that a promise sets off by one
 * of them before the next. Nothing waits for real time.
 */
export class Scheduler {
  #now = 0
  #order = 0
  #front = -1e15
  #sameInstant = 0
  #stopped = false
  readonly #heap: SimulatedEvent[] = []
  readonly #ticks: number

  /** `ticks`: how many ticks one event may take before the next, where code under test waits for the next tick. */
  constructor(ticks: number) {
    this.#ticks = ticks
  }

  /** True time, in milliseconds; no clock of the simulation need show it. */
  get now(): number {
    return this.#now
  }

  at(at: number, run: () => void, owner?: Owner, kind: SimulatedEvent['kind'] = 'other'): SimulatedEvent {
    const event = { at: Math.max(at, this.#now), order: (this.#order += 1), owner, kind, run }
    this.#push(event)
    return event
  }

  /** Makes an event happen now, before all that is due, but after others that were put here at this instant. */
  putFirst(event: Omit<SimulatedEvent, 'at' | 'order'>): void {
    const { owner, kind, run } = event
    this.#push({ at: this.#now, order: (this.#front += 1), owner, kind, run })
  }

  stop(): void {
    this.#stopped = true
  }

  /** Runs until nothing is left, `stop` was called, or the next event lies beyond `until`. */
  drive(until: number): Promise<'idle' | 'stopped' | 'late' | 'spinning'> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        if (this.#stopped) return resolve('stopped')
        const event = this.#heap[0]
        if (event === undefined) return resolve('idle')
        if (event.at > until) return resolve('late')
        this.#sameInstant = event.at === this.#now ? this.#sameInstant + 1 : 0
        if (this.#sameInstant > MOST_AT_ONCE) return resolve('spinning')
        this.#pop()
        this.#now = event.at
        const { owner } = event
        try {
          if (owner === undefined || owner.state === 'running') event.run()
          else if (owner.state === 'stopped') owner.defer(event)
        } catch (error) {
          return reject(error as Error)
        }
        queueMicrotask(() => next(this.#ticks))
      }
      // A tick begins when no promise has anything left to do; a turn of the event loop would take four times as long.
      const next = (left: number): void => {
        if (left === 0) process.nextTick(step)
        else process.nextTick(() => queueMicrotask(() => next(left - 1)))
      }
      setImmediate(step)
    })
  }

  #push(event: SimulatedEvent): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, event)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      let child = heap[left]
      if (child === undefined) break
      let below = left
      const right = heap[left + 1]
      if (right !== undefined && isBefore(right, child)) {
        child = right
        below = left + 1
      }
      if (isBefore(last, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
  }
}

function isBefore(a: SimulatedEvent, b: SimulatedEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
