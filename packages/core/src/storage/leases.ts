import type { Unsubscribe } from './records.ts'

/**
 * **leases**: named, first-in-first-out leases with fencing tokens, handed over directly. A lock has one permit, a
 * semaphore several. `decideLease()` in core is this contract as a pure function: storages are held against it.
 *
 * ```
 *            acquire, free                       release, no waiters
 *   free ───────────────────► held, fence f ───────────────────────────► free
 *                              │   ▲   │ release or expiry, waiters
 *     acquire, taken:          │   │   ▼
 *     joins the queue          │   └── unclaimed, fence f' > f ──► claim time over: its process leaves the queue,
 *                              ▼  claim (extend, or acquire again)  the next one is asked
 *                            extend
 * ```
 *
 * A token names one attempt to acquire and is never used twice: the name of its process (`A-Za-z0-9_~-`), a dot, and a
 * number in base 36 that grows with every attempt of that process ({@link processOf}, {@link attemptOf}). All durations
 * are milliseconds, all instants are the storage's clock.
 *
 * Guarantees, each with a test of the same number in the conformance kit:
 *
 * - **L1** At most `permits` unexpired leases of a key exist, no matter what the lease times of their owners are. (Requests of one
 *   key should agree on `permits`; where they do not, a grant goes by the request's, a hand-off by the last request's.)
 * - **L2** Fences of one key grow strictly with every grant, over release, expiry and the loss of the key:
 *   `max(previous + 1, storage µs)`, a safe integer. The same token keeps its fence. A fence that has left the storage,
 *   in an answer or a push, belongs to that token alone.
 * - **L3** `acquire` grants, or with `wait` joins the queue, in one atomic step; a token in the queue keeps its place.
 * - **L4** `release` passes ownership to the head of the queue in the same step and pushes `granted` to its process.
 *   A process that does not listen is passed over at once: its place is gone, and the storage sends it `passed`.
 * - **L5** Grants follow the order of the queue among processes that listen. No process overtakes a waiter, not even when
 *   the holder's lease ran out: the next command of any process gives it to the head first.
 * - **L6** What was handed over lasts `claimMs` from then on, until its owner extends it or acquires again, which claims
 *   it and gives it the full lease. One hand-off left unclaimed drops every entry of that process from the queue, and
 *   informs it (`dropped`).
 * - **L7** A repeated command has the effect and the answer of one: an `acquire` of a token that holds gives the same
 *   fence; a `release` of the latest token of a process that ended gives its first answer for at least 10 seconds.
 * - **L8** An `acquire` later than its `notAfter` does nothing. Until the `notAfter` given to a `release`, and until its
 *   own when it was answered `busy`, a late `acquire` of that token is refused (`ended`), whether the release found a
 *   lease, a place in the queue or nothing. So is one of an earlier token of that process, unless it holds or waits.
 *   (For the last {@link ENDED_KEPT} processes that ended anything.)
 * - **L9** `release`, `extend` and `revoke` affect only the given token's lease.
 * - **L10** `extend` never shortens and never revives: a lease that ran out stays lost.
 * - **L11** `revoke` ends leases at once, notifies their processes (`revoked`), and hands over like a release.
 * - **L12** `release`, `extend` and `revoke` work when the storage is out of memory.
 * - **L13** Nothing lives for ever: an unused key is gone {@link RETENTION_MS} after its last lease ended.
 * - **L14** Nothing says `granted` that the same atomic step has not stored before: a step counts who listens, stores
 *   all that it changes, and pushes last. A push may reach more connections than the storage can count (those to a server
 *   that was demoted, and follows), so a count of 0 is no proof that a message is not heard.
 * - **L15** Only who is counted, and counted 0, is passed over. Not who cannot be counted, and, in the step of any
 *   process, not a place that was taken as `uncounted`.
 * - **L16** `countListeners` counts as the steps do that pass over: on the server that keeps the leases, no matter which server
 *   the listener's link leads to.
 * - **L17** `listenAnew` loses nothing: what is pushed while it is in flight arrives as it would have without, maybe twice.
 */
export interface LeaseStorage {
  acquire(key: string, request: LeaseRequest): Promise<AcquireReply>
  /** Ends a lease, leaves the queue, or keeps an acquire that is still in flight from happening, as the token needs. */
  release(key: string, request: ReleaseRequest): Promise<ReleaseReply>
  extend(key: string, request: ExtendRequest): Promise<ExtendReply>
  /** Ends the leases that ran out and hands over, on behalf of the waiters. */
  reapExpired(key: string, claimMs: number): Promise<ReapReply>
  /** Ends the lease of `token`, or all of the key. */
  revoke(key: string, request: RevokeRequest): Promise<RevokeReply>
  inspect(key: string): Promise<LeaseView>
  /**
   * Resolves when pushes for the process will arrive. Rejects with `StorageRefusedError` where pushes are not
   * permitted; waiters then ask from time to time.
   */
  listen(process: string, onPush: (push: LeasePush) => void): Promise<Unsubscribe>
  /**
   * How many listen for the process, as its steps count them; undefined where that cannot be known. Absent where a
   * listener cannot be elsewhere than the storage, such as in memory.
   */
  countListeners?(process: string): Promise<number | undefined>
  /**
   * Listens on another link, for the process and all who share its link, and says `gap`. The old link is kept until
   * the new one stands, which is when this resolves, and until what was on its way over it has arrived. Where `countListeners` is, this is.
   */
  listenAnew?(process: string): Promise<void>
  /**
   * Calls when one of several connections may have been made anew, which the state of the storage's connection does not
   * show; returns the function that stops it.
   */
  onReconnected?(listener: () => void): () => void
}

/** How long a key, and with it the memory of its last fence, outlives its last lease. */
export const RETENTION_MS = 60_000
/** Of how many processes a key remembers the last ending. */
export const ENDED_KEPT = 64
/** How long an ending is remembered at least, and longer when `notAfter` says so. */
export const ENDED_KEPT_MS = 10_000

/** The process that a token belongs to: all before its last dot. */
export function processOf(token: string): string {
  return token.slice(0, token.lastIndexOf('.'))
}

/** Which attempt of its process a token is: the later one is greater. */
export function attemptOf(token: string): number {
  return Number.parseInt(token.slice(token.lastIndexOf('.') + 1), 36)
}

/** Asks for a lease, or for a place in the queue. */
export interface LeaseRequest {
  readonly token: string
  readonly leaseMs: number
  /** How many leases of the key may live at a time. */
  readonly permits: number
  /** Join the queue when the key is taken. */
  readonly wait: boolean
  readonly claimMs: number
  /** Do nothing later than this instant. */
  readonly notAfter: number
  readonly durability?: Durability | undefined
  /** Its place in the queue is not passed over, however few listen. Every acquire says it anew. Default false. */
  readonly uncounted?: boolean
}

/** How many replicas must have the write before it is answered, and how long to wait for them. */
export interface Durability {
  readonly replicas: number
  readonly timeoutMs: number
}

/** What became of a request for a lease. */
export type AcquireReply =
  | {
      readonly outcome: 'granted'
      readonly fence: number
      /** How many replicas confirmed; 0 unless asked for. */
      readonly acknowledged: number
      readonly now: number
    }
  | {
      /** `queued`: will be handed over. `busy`: taken, and `wait` was false. */
      readonly outcome: 'queued' | 'busy'
      /** False: the token was not in the queue before. */
      readonly kept: boolean
      /** How many wait before this one. */
      readonly ahead: number
      readonly holders: readonly LeaseHolder[]
      readonly now: number
    }
  /** `late`: after its `notAfter`. `ended`: the token was released or lost before; use a new one. */
  | { readonly outcome: 'late' | 'ended'; readonly now: number }

/** A lease of a key, as an operator sees it. */
export interface LeaseHolder {
  readonly token: string
  readonly fence: number
  /** May be negative: it ran out, and no other holder took it yet. */
  readonly remainingMs: number
  /** False: handed over, and its owner has not come for it yet. */
  readonly claimed: boolean
}

/** Ends a lease, or a place in the queue. */
export interface ReleaseRequest {
  readonly token: string
  readonly claimMs: number
  /** The `notAfter` of the last acquire that was sent with this token. */
  readonly notAfter: number
}

/** How a released lease ended. */
export interface ReleaseReply {
  /**
   * `released`: ended while it was held. `expired`: it had run out and no other holder had taken it. `lost`: another holder had, or it
   * was revoked. `absent`: not held, and from now on it cannot be (or it is forgotten how it ended).
   */
  readonly outcome: 'released' | 'expired' | 'lost' | 'absent'
  /** The highest fence of the key. */
  readonly fence: number
  /** The longest time for which a hand-off may stay unclaimed; 0 when there is none. */
  readonly pendingHandOffMs: number
  readonly now: number
}

/** Renews a lease. */
export interface ExtendRequest {
  readonly token: string
  /** The lease lasts at least this long from now on. */
  readonly leaseMs: number
  readonly durability?: Durability | undefined
}

/** Whether the lease is still held, and for how long from `now` on. */
export interface ExtendReply {
  readonly held: boolean
  readonly remainingMs: number
  readonly acknowledged: number
  readonly now: number
}

/** What is left to claim after leases that have ended were cleared away. */
export interface ReapReply {
  readonly pendingHandOffMs: number
  readonly now: number
}

/** Takes leases away, for operators. */
export interface RevokeRequest {
  /** Absent: every lease of the key. */
  readonly token?: string
  readonly claimMs: number
}

/** The tokens that lost their leases. */
export interface RevokeReply {
  readonly revoked: readonly string[]
  readonly pendingHandOffMs: number
  readonly now: number
}

/** The holders and the queue of a key. */
export interface LeaseView {
  readonly holders: readonly LeaseHolder[]
  /** How many wait. */
  readonly waiting: number
  /** The tokens of the first of them, at most 100. */
  readonly queue: readonly string[]
  /** The highest fence of the key; 0 when nothing is known of it. */
  readonly fence: number
  readonly now: number
}

/** What the storage tells a process that waits or holds. */
export type LeasePush =
  | {
      /** It was handed over. A push may be late or come twice: the claim time may have passed since. */
      readonly kind: 'granted'
      readonly key: string
      readonly token: string
      readonly fence: number
      /** For how long, counted from when it was handed over. */
      readonly claimMs: number
    }
  | { readonly kind: 'revoked'; readonly key: string; readonly token: string }
  /** The process lost its places in the key's queue, because it left a hand-off unclaimed. */
  | { readonly kind: 'dropped'; readonly key: string }
  /** The process was passed over, because the storage counted no listener for it. Its turn is gone. */
  | { readonly kind: 'passed'; readonly key: string }
  /** Pushes may have been missed: the subscription was interrupted. */
  | { readonly kind: 'gap' }
