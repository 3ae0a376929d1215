import { hasCode } from '../errors.ts'
import type { Timer } from '../support/runtime.ts'
import type { LeaseHost } from '../storage/storage.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { LeasePush, LeaseStorage } from '../storage/leases.ts'

/** The storage counts who listens at most this often. */
const PAUSE_MS = 1_000

/** What the waiters of a process need to know of its link. */
export interface LinkEvents {
  received(push: LeasePush): void
  /** Pushes may have been missed, and `listening` may have changed: all look for themselves. */
  doubted(): void
}

/**
 * The link on which the storage notifies this process about its leases.
 *
 * That a subscription stands does not say where it leads: after a failover its connection may live on to a server that
 * was demoted. So whenever there is reason to doubt it (a place was lost, the client connected anew, the link was
 * interrupted), the server that keeps the leases counts who listens for this process:
 *
 * ```
 *   stands ──counted 0──► leads elsewhere ──a new link stands, counted──► stands
 *                          (waiters poll)  └──a new link stands, still 0──► uncounted ──a push, then counted──► stands
 * ```
 *
 * `uncounted`: counts on this server are worth nothing (some proxies), so no process that releases passes over the
 * places that this one takes; waiters poll until a push shows that the link is good. A count that cannot be had
 * says nothing against the link.
 */
export class PushLink {
  readonly #calls: StorageClient<LeaseHost>
  readonly #leases: LeaseStorage
  readonly #process: string
  readonly #events: LinkEvents
  #state: 'no' | 'starting' | 'stands' | 'refused' = 'no'
  #stop: (() => Promise<void>) | undefined
  #stopWatching: (() => void) | undefined
  #leadsElsewhere = false
  #uncounted = false
  /** A push has arrived since the last doubt. Only looked at while `uncounted`. */
  #heard = true
  #checking = false
  #checkAgain = false
  /** A second check was requested during a running one: it counts if the running one fails. */
  #checkIfFailed = false
  /** The last check failed: the next one that asks has it made again. */
  #unsure = false
  #checkedAt = -Infinity
  #pause: Timer | undefined
  #closed = false

  constructor(calls: StorageClient<LeaseHost>, leases: LeaseStorage, process: string, events: LinkEvents) {
    this.#calls = calls
    this.#leases = leases
    this.#process = process
    this.#events = events
  }

  /** True: pushes for commands that are sent from now on will arrive, for all that is known. */
  get listening(): boolean {
    return this.#state === 'stands' && !this.#leadsElsewhere && (!this.#uncounted || this.#heard)
  }

  /** True: no step of any process may pass over the places that this one takes. */
  get uncounted(): boolean {
    return this.#uncounted
  }

  /** Starts to listen, unless it does already or was refused. */
  listen(): void {
    if (this.#closed) return
    if (this.#leadsElsewhere || this.#unsure) return this.#check()
    if (this.#state !== 'no') return
    this.#state = 'starting'
    this.#calls
      .call(() => this.#open())
      .catch((error: unknown) => {
        if (this.#state === 'starting') this.#state = hasCode(error, 'STORAGE_REFUSED') ? 'refused' : 'no'
      })
  }

  /** A waiter lost its place, for any reason: an intact link would have reported it. */
  lostPlace(): void {
    if (!this.#uncounted) return this.#check()
    if (!this.#heard) return
    this.#heard = false
    this.#events.doubted()
  }

  /** The client has made a connection to the storage anew: rights may have changed, and the link may lead elsewhere. */
  reconnected(): void {
    if (this.#state === 'refused') this.#state = 'no'
    this.#checkAgain = this.#checking
    this.#check()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#state = 'no'
    this.#pause?.cancel()
    this.#stopWatching?.()
    await this.#stop?.()
  }

  /** The answer may come when its call was given up long ago: it is as good as another one, and must not be left open. */
  async #open(): Promise<void> {
    const stop = await this.#leases.listen(this.#process, (push) => this.#received(push))
    if (this.#closed || this.#stop !== undefined) return await stop()
    this.#stop = stop
    this.#state = 'stands'
    this.#stopWatching = this.#leases.onReconnected?.(() => this.reconnected())
    // Those whose commands left before may have been passed over.
    this.#events.doubted()
  }

  #received(push: LeasePush): void {
    if (this.#closed) return
    if (push.kind === 'gap') this.#check()
    else if (push.kind === 'dropped' || push.kind === 'passed') this.lostPlace()
    else if (this.#uncounted) {
      this.#heard = true
      this.#check()
    }
    this.#events.received(push)
  }

  #check(): void {
    if (this.#state !== 'stands' || this.#leases.countListeners === undefined) return
    if (this.#checking) this.#checkIfFailed = true
    if (this.#checking || this.#pause !== undefined) return
    const { runtime } = this.#calls
    const pauseMs = this.#checkedAt + PAUSE_MS - runtime.monotonicNow()
    if (pauseMs > 0) {
      const check = (): void => {
        this.#pause = undefined
        this.#check()
      }
      this.#pause = runtime.setTimer(pauseMs, check, { background: true })
      return
    }
    this.#checking = true
    this.#checkAgain = false
    this.#checkIfFailed = false
    this.#unsure = false
    const done = (): void => {
      this.#checking = false
      this.#checkedAt = runtime.monotonicNow()
      if (this.#checkAgain && !this.#closed) this.#check()
    }
    // A storage that cannot be reached, or will not listen now: the next waiter that asks, and the next connection, look again.
    const failed = (): void => {
      this.#unsure = true
      this.#checkAgain ||= this.#checkIfFailed
    }
    void this.#findOut().catch(failed).finally(done)
  }

  async #findOut(): Promise<void> {
    if (await this.#isCounted()) {
      const wasDoubted = this.#leadsElsewhere || this.#uncounted
      this.#leadsElsewhere = false
      this.#uncounted = false
      if (wasDoubted) this.#doubted()
      return
    }
    // Where counts are worth nothing, and pushes arrive, a count of 0 is no news.
    if (this.#uncounted && this.#heard) return
    this.#leadsElsewhere = true
    this.#doubted()
    await this.#calls.call(async () => this.#leases.listenAnew?.(this.#process), undefined, {
      background: true,
    })
    this.#uncounted = !(await this.#isCounted())
    this.#heard = false
    this.#leadsElsewhere = false
    this.#doubted()
  }

  /** False only where the count is known, and 0. */
  async #isCounted(): Promise<boolean> {
    const count = async (): Promise<number | undefined> => this.#leases.countListeners?.(this.#process)
    return (await this.#calls.call(count, undefined, { background: true })).reply !== 0
  }

  #doubted(): void {
    if (!this.#closed) this.#events.doubted()
  }
}
