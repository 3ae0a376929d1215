import { type Alarm, Alarms } from '../alarms.ts'
import { type HoldfastError, hasCode } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import type { StorageCalls } from '../storage-calls.ts'
import type { LeasePush, LeaseStorage } from '../storage/leases.ts'

/** An attempt to acquire, as the waiting room sees it. It rings when its waiting is over, if it waits. */
export interface Waiting extends Alarm {
  readonly key: string
  readonly token: string
  /** Its last acquire left before pushes were certain to arrive, so it may have been passed over. */
  readonly uncertain: boolean
  /** Asks the storage again; finds its grant, keeps its place, or joins the queue anew. */
  ask(): void
  /** The storage handed it over, for `claimMs` from then on. */
  handedOver(fence: number, claimMs: number): void
  /** Gives up, because the instance is closing. */
  closing(error: HoldfastError): void
}

/** Those who wait for one key. It rings when one of them should look for himself. */
interface Line extends Alarm {
  readonly waiting: Set<Waiting>
  dueAt: number
}

/** Where pushes are refused, waiters ask about this often. */
const RETRY_MS = 100

/**
 * Everything that waits in this process: finds the waiter that a push is for, and makes sure that nobody depends on
 * pushes. The first waiter of a key asks for all of them when the holder's lease should have ended; an
 * interrupted subscription or connection makes all of them ask.
 */
export class WaitingRoom {
  readonly #calls: StorageCalls
  readonly #leases: LeaseStorage
  readonly #runtime: Runtime
  readonly #process: string
  readonly #onOther: (push: Exclude<LeasePush, { kind: 'dropped' | 'passed' | 'gap' }>) => void
  /** Keeps the process alive while somebody waits. */
  readonly #all: Alarms<Waiting>
  readonly #lines = new Map<string, Line>()
  readonly #looks: Alarms<Line>
  #listening: 'no' | 'starting' | 'yes' | 'refused' = 'no'
  #stop: (() => Promise<void>) | undefined
  #closed = false

  /** `onOther` gets the pushes for tokens that nobody waits with. */
  constructor(
    calls: StorageCalls,
    leases: LeaseStorage,
    process: string,
    onOther: (push: Exclude<LeasePush, { kind: 'dropped' | 'passed' | 'gap' }>) => void,
  ) {
    this.#calls = calls
    this.#leases = leases
    this.#runtime = calls.runtime
    this.#process = process
    this.#onOther = onOther
    this.#all = new Alarms(calls.runtime, { background: false })
    this.#looks = new Alarms(calls.runtime, { background: false })
  }

  /** True: pushes for commands that are sent from now on will arrive. */
  get listening(): boolean {
    return this.#listening === 'yes'
  }

  /** All who want something, in the queue or on their way to it. */
  get all(): Iterable<Waiting> {
    return this.#all.all
  }

  enter(waiting: Waiting): void {
    this.#all.set(waiting)
  }

  /** It is in the queue of its key; the earliest lease there ends in `remainingMs`, and `ahead` others go first. */
  park(waiting: Waiting, remainingMs: number, ahead: number): void {
    const line = this.#lineOf(waiting.key)
    line.waiting.add(waiting)
    // The first in line asks on time; those behind leave it a moment to repair the lock for all of them.
    const patience = 5 + Math.min(ahead, 100) * 10 * (0.5 + this.#runtime.random())
    const onTime = Math.max(0, remainingMs) + patience
    const delay = this.listening ? onTime : Math.min(onTime, RETRY_MS * (0.5 + this.#runtime.random()))
    const at = this.#runtime.monotonicNow() + delay
    if (at >= line.dueAt) return
    line.dueAt = at
    this.#looks.set(line)
  }

  /** Takes note of when its waiting ends. */
  watch(waiting: Waiting): void {
    this.#all.set(waiting)
  }

  leave(waiting: Waiting): void {
    this.#all.remove(waiting)
    const line = this.#lines.size === 0 ? undefined : this.#lines.get(waiting.key)
    if (line === undefined || !line.waiting.delete(waiting) || line.waiting.size > 0) return
    this.#looks.remove(line)
    this.#lines.delete(waiting.key)
  }

  /** Those of the key may have lost their places: all ask again. */
  askAll(key: string): void {
    for (const waiting of this.#lines.get(key)?.waiting ?? []) waiting.ask()
  }

  /** Pushes may have been missed. */
  askEverybody(): void {
    for (const line of this.#lines.values()) for (const waiting of line.waiting) waiting.ask()
  }

  /** Starts to listen, unless it does already or was refused. */
  listen(): void {
    if (this.#listening !== 'no' || this.#closed) return
    this.#listening = 'starting'
    this.#calls
      .call(() => this.#open())
      .catch((error: unknown) => {
        if (this.listening) return
        const refused = hasCode(error, 'STORAGE_REFUSED')
        this.#listening = refused ? 'refused' : 'no'
      })
  }

  /** The answer may come when its call was given up long ago: it is as good as another one, and must not be left open. */
  async #open(): Promise<void> {
    const stop = await this.#leases.listen(this.#process, (push) => this.#received(push))
    if (this.#closed || this.#stop !== undefined) return await stop()
    this.#stop = stop
    this.#listening = 'yes'
    for (const line of this.#lines.values()) {
      for (const waiting of line.waiting) if (waiting.uncertain) waiting.ask()
    }
  }

  /** The connection is back: rights may have changed, and pushes may have been missed. */
  reconnected(): void {
    if (this.#listening === 'refused') this.#listening = 'no'
    if (this.#lines.size > 0) this.listen()
    this.askEverybody()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#all.close()
    for (const line of this.#lines.values()) this.#looks.remove(line)
    this.#looks.close()
    this.#lines.clear()
    this.#listening = 'no'
    await this.#stop?.()
  }

  #lineOf(key: string): Line {
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const line: Line = {
      waiting: new Set(),
      place: -1,
      dueAt: Infinity,
      ring: () => {
        line.dueAt = Infinity
        // Its reply sets the next time. Without pushes everybody has to look for himself.
        for (const waiting of line.waiting) {
          waiting.ask()
          if (this.listening) break
        }
      },
    }
    this.#lines.set(key, line)
    return line
  }

  #received(push: LeasePush): void {
    if (this.#closed) return
    if (push.kind === 'gap') return this.askEverybody()
    if (push.kind === 'dropped' || push.kind === 'passed') return this.askAll(push.key)
    const waiting = push.kind === 'granted' ? this.#find(push.key, push.token) : undefined
    if (push.kind === 'granted' && waiting !== undefined) waiting.handedOver(push.fence, push.claimMs)
    else this.#onOther(push)
  }

  /** Mostly the first in line; else one whose answer has not come yet. */
  #find(key: string, token: string): Waiting | undefined {
    for (const waiting of this.#lines.get(key)?.waiting ?? []) if (waiting.token === token) return waiting
    for (const waiting of this.all) if (waiting.token === token) return waiting
    return undefined
  }
}
