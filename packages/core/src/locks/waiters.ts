import { type TimerEntry, TimerQueue } from '../support/timer-queue.ts'
import type { HoldfastError } from '../errors.ts'
import type { Runtime } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { LeasePush, LeaseStorage } from '../storage/leases.ts'
import { type Doubts, KeyQueue, type Waiter } from './key-queue.ts'
import { PushLink } from './push-link.ts'

/** What concerns one token. */
type TokenPush = Extract<LeasePush, { kind: 'granted' | 'revoked' }>

/** An attempt to acquire, as the waiting room sees it. It rings when its waiting is over, if it waits. */
export interface Waiting extends TimerEntry, Waiter {
  readonly key: string
  /** Gives up, because the instance is closing. */
  closing(error: HoldfastError): void
}

/**
 * Everything that waits in this process: finds the waiter that a push is for, and makes sure that nobody depends on
 * pushes. One waiter of a key asks for all of them when the holder's lease should have ended ({@link KeyQueue}); an
 * interrupted subscription or connection puts all places in doubt.
 */
export class WaitingRoom implements Doubts {
  readonly #runtime: Runtime
  readonly #claimMs: number
  readonly #onOther: (push: TokenPush) => void
  readonly #link: PushLink
  /** Keeps the process alive while somebody waits. */
  readonly #all: TimerQueue<Waiting>
  readonly #queues = new Map<string, KeyQueue>()
  readonly #alarms: TimerQueue<KeyQueue>
  #closed = false
  #moment = 0
  #doubtedAt = 0

  /** `onOther` gets the pushes for tokens that nobody waits with. */
  constructor(
    calls: StorageClient,
    leases: LeaseStorage,
    process: string,
    claimMs: number,
    onOther: (push: TokenPush) => void,
  ) {
    this.#runtime = calls.runtime
    this.#link = new PushLink(calls, leases, process, {
      received: (push) => this.#received(push),
      doubted: () => this.#doubtAll(),
    })
    this.#claimMs = claimMs
    this.#onOther = onOther
    this.#all = new TimerQueue(calls.runtime, { background: false })
    this.#alarms = new TimerQueue(calls.runtime, { background: false })
  }

  /** True: pushes for commands that are sent from now on will arrive. */
  get listening(): boolean {
    return this.#link.listening
  }

  /** True: the places that this process takes are not to be passed over, whatever the storage counts. */
  get uncounted(): boolean {
    return this.#link.uncounted
  }

  get doubtedAt(): number {
    return this.#doubtedAt
  }

  next(): number {
    return (this.#moment += 1)
  }

  /** All who want something, in the queue or on their way to it. */
  get all(): Iterable<Waiting> {
    return this.#all.all
  }

  enter(waiting: Waiting): void {
    this.#all.set(waiting)
  }

  /** The queue of a key as this process sees it, for one who has a place in it. */
  queueOf(key: string): KeyQueue {
    const known = this.#queues.get(key)
    if (known !== undefined) return known
    const queue = new KeyQueue(this.#alarms, this.#runtime, this, this.#claimMs)
    this.#queues.set(key, queue)
    return queue
  }

  /** Takes note of when its waiting ends. */
  watch(waiting: Waiting): void {
    this.#all.set(waiting)
  }

  /** `askedFor`: it got the lock, and not by a push. */
  leave(waiting: Waiting, askedFor: boolean): void {
    this.#all.remove(waiting)
    const queue = this.#queues.size === 0 ? undefined : this.#queues.get(waiting.key)
    if (queue === undefined) return
    // Where pushes arrive, it would have been told: unless the last lease just ran out, it lost its place.
    if (queue.leave(waiting) && askedFor) this.#link.lostPlace()
    if (queue.isEmpty) this.#queues.delete(waiting.key)
    else if (askedFor) queue.askNow()
  }

  /** Pushes may have been missed. */
  #doubtAll(): void {
    this.#doubtedAt = this.next()
    for (const queue of this.#queues.values()) queue.resolveDoubts()
  }

  /** Starts to listen, unless it does already or was refused. */
  listen(): void {
    this.#link.listen()
  }

  lostPlace(): void {
    this.#link.lostPlace()
  }

  /** The connection is back: pushes may have been missed. */
  reconnected(): void {
    this.#link.reconnected()
    if (this.#queues.size > 0) this.listen()
    this.#doubtAll()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#all.close()
    for (const queue of this.#queues.values()) this.#alarms.remove(queue)
    this.#alarms.close()
    this.#queues.clear()
    await this.#link.close()
  }

  #received(push: LeasePush): void {
    if (this.#closed) return
    if (push.kind === 'gap') return this.#doubtAll()
    if (push.kind === 'dropped' || push.kind === 'passed') return this.#queues.get(push.key)?.doubt()
    const waiting = push.kind === 'granted' ? this.#find(push.key, push.token) : undefined
    if (push.kind === 'granted' && waiting !== undefined) waiting.handedOver(push.fence, push.claimMs)
    else this.#onOther(push)
  }

  /** Most have a place already; the answer of others has not come yet. */
  #find(key: string, token: string): Waiter | undefined {
    const placed = this.#queues.get(key)?.find(token)
    if (placed !== undefined) return placed
    for (const waiting of this.all) if (waiting.token === token) return waiting
    return undefined
  }
}
