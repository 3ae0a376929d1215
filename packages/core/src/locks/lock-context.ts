import type { ClosedError, HoldfastError } from '../errors.ts'
import type { LeaseKeeper, LeaseOwner } from '../lease-keeper.ts'
import type { AcquireReply, LeaseStorage, ReleaseReply } from '../storage/leases.ts'
import { DenseSet, type Indexed } from '../support/dense-set.ts'
import type { Runtime, Timer } from '../support/runtime.ts'
import type { LeaseHost } from '../storage/storage.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { TimerQueue } from '../support/timer-queue.ts'
import { within } from '../support/within.ts'
import type { LeaseLoss } from './errors.ts'
import { type LockSettings, type LockTarget, waits } from './options.ts'
import { type TokenPush, WaitQueue } from './wait-queue.ts'

/** A held lease as the connection monitor, `revoke` and `close` see it. */
export interface Held extends LeaseOwner, Indexed {
  readonly token: string
  /** The storage, or an operator, says that it is not ours any more. */
  lose(reason: LeaseLoss): void
  /** Asks the holder to finish, and resolves when it has released. */
  finish(reason: HoldfastError): Promise<void>
  /** Leaves it to run out: it is neither renewed nor watched any more. */
  abandon(): void
}

/** What the parts of one `Locks` instance share. It keeps them in step with the connection. */
export class LockContext {
  readonly calls: StorageClient<LeaseHost>
  readonly leases: LeaseStorage
  readonly runtime: Runtime
  /** The first part of every token, and the address of pushes. */
  readonly process: string
  readonly claimMs: number
  /** The leases that are held now. It does not keep the process alive. */
  readonly held: TimerQueue<LeaseKeeper<Held>>
  /** Leases whose release is in flight. */
  readonly releasing: DenseSet<Held> = new DenseSet()
  readonly waiting: WaitQueue
  /** How often the connection changed: a command that saw a change may have been sent twice by the client. */
  disruptions = 0
  readonly #stopWatching: () => void
  readonly #background = new Set<Promise<unknown>>()
  readonly #reaps = new Map<string, Timer>()
  #tokens = 0
  #isClosed = false

  constructor(calls: StorageClient<LeaseHost>, process: string, claimMs: number) {
    const { runtime, storage } = calls
    this.calls = calls
    this.leases = storage.leases
    this.runtime = runtime
    this.process = process
    this.claimMs = claimMs
    this.held = new TimerQueue(runtime, { background: true, delay: calls.eventLoopDelay })
    this.waiting = new WaitQueue(calls, process, claimMs, (push) => this.#pushed(push))
    const { connection } = storage
    this.#stopWatching = connection.onChange((state) => {
      this.disruptions += 1
      if (state === 'down' && connection.problem === undefined) return
      // What the storage still has is not known: ask for all of it now. Where there will be no connection any more, this
      // is how the owners learn it.
      this.waiting.reconnected()
      for (const keeper of this.held.all) keeper.renewNow()
    })
  }

  nextToken(): string {
    return `${this.process}.${(this.#tokens += 1).toString(36)}`
  }

  acquire(
    { key, permits }: LockTarget,
    token: string,
    settings: LockSettings,
    notAfter: number,
  ): Promise<AcquireReply> {
    const { grantMs: leaseMs, durability } = settings
    const { claimMs } = this
    const { uncounted } = this.waiting
    const wait = waits(settings)
    const request = { token, leaseMs, permits, wait, uncounted, claimMs, notAfter, durability }
    return this.leases.acquire(key, request)
  }

  /**
   * Sends a release that no caller awaits until it is answered or `forMs` is over: what it should end has ended by
   * itself by then.
   */
  releaseInBackground(key: string, token: string, notAfter: number, forMs: number): void {
    const { leases, claimMs } = this
    this.#inBackground(key, () => leases.release(key, { token, claimMs, notAfter }), forMs)
  }

  /**
   * A hand-off that is not claimed in time must go on to the next waiter. One look per key and claim time, no matter what the
   * number of hand-offs: what is claimed in time costs nothing.
   */
  scheduleReap(key: string, pendingHandOffMs: number): void {
    if (pendingHandOffMs <= 0 || this.#isClosed || this.#reaps.has(key)) return
    const reap = (): void => {
      this.#reaps.delete(key)
      this.#inBackground(key, () => this.leases.reapExpired(key, this.claimMs), this.calls.callTimeoutMs)
    }
    this.#reaps.set(key, this.runtime.setTimer(pendingHandOffMs + 5, reap, { background: true }))
  }

  /** Waits up to `graceMs` for the holders to release, and leaves the rest to their leases. */
  async close(error: ClosedError, graceMs: number): Promise<void> {
    const { calls, held, waiting } = this
    for (const waiter of waiting.all) waiter.abort(error)
    await this.#settled(
      graceMs,
      [...held.all].map(({ owner }) => owner.finish(error)),
    )
    this.#isClosed = true
    for (const { owner } of held.all) owner.abandon()
    this.#stopWatching()
    held.close()
    for (const timer of this.#reaps.values()) timer.cancel()
    // What cancelled calls left behind is released, unless the storage cannot be reached anyway.
    await this.#settled(calls.callTimeoutMs, [...this.#background])
    await this.#settled(calls.callTimeoutMs, [waiting.close()])
  }

  /** A push for a token that does not wait. */
  #pushed({ kind, key, token }: TokenPush): void {
    const isIt = (one: Held): boolean => one.token === token
    const lease = [...this.held.all].map(({ owner }) => owner).find(isIt)
    if (kind === 'revoked') lease?.lose('revoked')
    // Handed to a caller that has given up: on to the next waiter, at once. One release is enough: with two, the answer to
    // the first may be that to the second, when the storage no longer knows of either.
    else if (lease === undefined && ![...this.releasing].some(isIt))
      this.releaseInBackground(key, token, 0, this.claimMs)
  }

  #inBackground(
    key: string,
    command: () => Promise<Pick<ReleaseReply, 'pendingHandOffMs'>>,
    forMs: number,
  ): void {
    const call = this.calls.call(command, forMs, { background: true })
    const done: Promise<void> = call
      .then(({ reply }) => this.scheduleReap(key, reply.pendingHandOffMs))
      .catch(ignore)
      .finally(() => this.#background.delete(done))
    this.#background.add(done)
  }

  async #settled(graceMs: number, work: readonly Promise<unknown>[]): Promise<void> {
    if (work.length > 0 && graceMs > 0) await within(this.runtime, Promise.all(work), graceMs)
  }
}

function ignore(): void {}
