import type { LeasePush } from '../storage/leases.ts'
import type { Runtime } from '../support/runtime.ts'
import type { LeaseHost } from '../storage/storage.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { TimerQueue } from '../support/timer-queue.ts'
import { type Doubts, KeyQueue, type Waiter } from './key-queue.ts'
import { PushLink } from './push-link.ts'

/** What concerns one token. */
export type TokenPush = Extract<LeasePush, { kind: 'granted' | 'revoked' }>

/**
 * All that wait in this process: finds the waiter that a push is for, and makes sure that none depends on pushes. One
 * waiter of a key asks for all of them when the holder's lease should have ended ({@link KeyQueue}); an interrupted
 * subscription or connection puts all places in doubt.
 */
export class WaitQueue implements Doubts {
  /** When pushes for any key may have been missed. */
  doubtedAt = 0
  readonly #runtime: Runtime
  readonly #claimMs: number
  readonly #onOther: (push: TokenPush) => void
  readonly #link: PushLink
  /** All that ask or wait; those that wait are due when their time is over. It keeps the process alive. */
  readonly #waiters: TimerQueue<Waiter>
  readonly #queues = new Map<string, KeyQueue>()
  readonly #timers: TimerQueue<KeyQueue>
  #isClosed = false
  #moment = 0

  /** `onOther` gets the pushes for tokens that do not wait. */
  constructor(
    calls: StorageClient<LeaseHost>,
    process: string,
    claimMs: number,
    onOther: (push: TokenPush) => void,
  ) {
    this.#runtime = calls.runtime
    this.#link = new PushLink(calls, calls.storage.leases, process, {
      received: (push) => this.#received(push),
      doubted: () => this.#doubtAll(),
    })
    this.#claimMs = claimMs
    this.#onOther = onOther
    this.#waiters = new TimerQueue(calls.runtime, { background: false })
    this.#timers = new TimerQueue(calls.runtime, { background: false })
  }

  /** True: pushes for commands that are sent from now on will arrive. */
  get listening(): boolean {
    return this.#link.listening
  }

  /** True: the places that this process takes are not to be passed over, no matter what the storage counts. */
  get uncounted(): boolean {
    return this.#link.uncounted
  }

  next(): number {
    return (this.#moment += 1)
  }

  get all(): Iterable<Waiter> {
    return this.#waiters.all
  }

  /** Adds a waiter, or notes that its `dueAt` changed. */
  enqueue(waiter: Waiter): void {
    this.#waiters.set(waiter)
  }

  /** The queue of a key as this process sees it, for a waiter that has a place in it. */
  queueOf(key: string): KeyQueue {
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = new KeyQueue(this.#timers, this.#runtime, this, this.#claimMs)
      this.#queues.set(key, queue)
    }
    return queue
  }

  /** `askedFor`: it got the lock, and not by a push. */
  leave(waiter: Waiter, askedFor: boolean): void {
    this.#waiters.remove(waiter)
    const queue = this.#queues.size === 0 ? undefined : this.#queues.get(waiter.key)
    if (queue === undefined) return
    // Where pushes arrive, one would have come: unless the last lease just ran out, the waiter lost its place.
    if (queue.leave(waiter) && askedFor) this.#link.lostPlace()
    if (queue.isEmpty) this.#queues.delete(waiter.key)
    else if (askedFor) queue.askNow()
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
    this.#isClosed = true
    this.#waiters.close()
    for (const queue of this.#queues.values()) this.#timers.remove(queue)
    this.#timers.close()
    this.#queues.clear()
    await this.#link.close()
  }

  /** Pushes may have been missed. */
  #doubtAll(): void {
    this.doubtedAt = this.next()
    for (const queue of this.#queues.values()) queue.resolveDoubts()
  }

  #received(push: LeasePush): void {
    if (this.#isClosed) return
    if (push.kind === 'gap') return this.#doubtAll()
    if (push.kind === 'dropped' || push.kind === 'passed') return this.#queues.get(push.key)?.doubt()
    const waiter = push.kind === 'granted' ? this.#find(push) : undefined
    if (push.kind === 'granted' && waiter !== undefined) waiter.handedOver(push.fence, push.claimMs)
    else this.#onOther(push)
  }

  /** Most have a place already; the answer of others has not come yet. */
  #find({ key, token }: TokenPush): Waiter | undefined {
    const placed = this.#queues.get(key)?.find(token)
    return placed ?? [...this.all].find((waiter) => waiter.token === token)
  }
}
