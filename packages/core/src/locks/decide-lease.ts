import {
  ENDED_KEPT,
  ENDED_KEPT_MS,
  type AcquireReply,
  type ExtendReply,
  type ExtendRequest,
  type LeaseHolder,
  type LeasePush,
  type LeaseRequest,
  type LeaseView,
  type ReleaseReply,
  type ReleaseRequest,
  type RevokeReply,
  type RevokeRequest,
  type ReapReply,
  attemptOf,
  processOf,
} from '../storage/leases.ts'

/** All that a storage knows of one key. */
export interface LeaseState {
  /** The highest fence that was ever granted; 0 before the first. */
  readonly fence: number
  /** As the last request said; hand-offs go by it. */
  readonly permits: number
  readonly holders: readonly Holder[]
  /** The tokens that wait: first come, first served. */
  readonly queue: readonly string[]
  /** Those of the queue that are not passed over. */
  readonly uncounted: readonly string[]
  /**
   * The last token of each process that ended, and how: a repeated release gets its first answer, and an acquire that
   * comes late, or again, is refused, as is every earlier one of that process which is not in the queue.
   */
  readonly ended: readonly Ended[]
}

interface Holder {
  readonly token: string
  readonly fence: number
  readonly expiresAt: number
  /** False: handed over, and its owner has not come for it yet. */
  readonly claimed: boolean
}

interface Ended {
  readonly token: string
  readonly outcome: ReleaseReply['outcome']
  /** The last millisecond in which it is remembered: an acquire that is not too late yet may come in all of it. */
  readonly until: number
}

export type LeaseCommand =
  | ({ readonly op: 'acquire' } & LeaseRequest)
  | ({ readonly op: 'release' } & ReleaseRequest)
  | ({ readonly op: 'extend' } & ExtendRequest)
  | ({ readonly op: 'revoke' } & RevokeRequest)
  | { readonly op: 'reapExpired'; readonly claimMs: number }
  | { readonly op: 'inspect' }

export interface LeaseReplies {
  readonly acquire: AcquireReply
  readonly release: ReleaseReply
  readonly extend: ExtendReply
  readonly revoke: RevokeReply
  readonly reapExpired: ReapReply
  readonly inspect: LeaseView
}

/** What a decision depends on besides state and command. */
export interface LeaseSurroundings {
  /** The storage's clock in whole microseconds. */
  readonly nowUs: number
  /** Whether a push to the process would reach anybody; undefined where that cannot be known. */
  readonly listens: (process: string) => boolean | undefined
}

export interface LeaseDecision<R> {
  readonly state: LeaseState
  readonly reply: R
  readonly pushes: readonly { readonly process: string; readonly push: LeasePush }[]
}

export const noLease: LeaseState = {
  fence: 0,
  permits: 1,
  holders: [],
  queue: [],
  uncounted: [],
  ended: [],
}

/**
 * The contract of the leases facet as a pure function: what one command does to one key. Memory storage is built on
 * it; the Redis scripts are held against it step by step.
 */
export function decideLease<C extends LeaseCommand>(
  key: string,
  state: LeaseState,
  command: C,
  surroundings: LeaseSurroundings,
): LeaseDecision<LeaseReplies[C['op']]> {
  const step = begin(key, state, surroundings)
  const reply = answer(step, command)
  return { state: step.end(), reply: reply as LeaseReplies[C['op']], pushes: step.pushes }
}

function answer(step: Step, command: LeaseCommand): LeaseReplies[LeaseCommand['op']] {
  switch (command.op) {
    case 'acquire':
      return acquire(step, command)
    case 'release':
      return release(step, command)
    case 'extend':
      return extend(step, command)
    case 'revoke':
      return revoke(step, command)
    case 'reapExpired':
      step.handOver(command.claimMs)
      return { pendingHandOffMs: step.pendingHandOffMs(), now: step.now }
    case 'inspect':
      return {
        holders: step.view(),
        waiting: step.queue.length,
        queue: step.queue.slice(0, 100),
        fence: step.fence,
        now: step.now,
      }
  }
}

function acquire(
  step: Step,
  { token, leaseMs, permits, wait, claimMs, notAfter, uncounted = false }: LeaseRequest,
): AcquireReply {
  const { now } = step
  if (now > notAfter) return { outcome: 'late', now }
  const mine = step.holder(token)
  if (mine !== undefined && mine.expiresAt > now) {
    step.hold({ ...mine, expiresAt: Math.max(mine.expiresAt, now + leaseMs), claimed: true })
    return { outcome: 'granted', fence: mine.fence, acknowledged: 0, now }
  }
  if (!step.queue.includes(token) && step.ending(token) !== undefined) return { outcome: 'ended', now }
  // It ran out before its owner heard of it, or came for it: begin anew.
  if (mine !== undefined) step.drop(token)
  step.evict()
  step.usePermits(permits)
  step.handOver(claimMs, token)
  const first = step.queue[0]
  if (step.holders.length < permits && (first === undefined || first === token)) {
    step.leaveQueue(token)
    const fence = step.nextFence()
    step.hold({ token, fence, expiresAt: now + leaseMs, claimed: true })
    return { outcome: 'granted', fence, acknowledged: 0, now }
  }
  const place = step.queue.indexOf(token)
  const kept = place >= 0
  const ahead = kept ? place : step.queue.length
  if (!wait) step.markEnded(token, 'absent', notAfter)
  else step.wait(token, uncounted)
  return { outcome: wait ? 'queued' : 'busy', kept, ahead, holders: step.view(), now }
}

function release(step: Step, { token, claimMs, notAfter }: ReleaseRequest): ReleaseReply {
  const { now } = step
  const mine = step.holder(token)
  const outcome =
    mine === undefined ? (step.ending(token) ?? 'absent') : mine.expiresAt > now ? 'released' : 'expired'
  step.drop(token)
  step.leaveQueue(token)
  step.markEnded(token, outcome, notAfter)
  step.handOver(claimMs)
  return { outcome, fence: step.fence, pendingHandOffMs: step.pendingHandOffMs(), now }
}

function extend(step: Step, { token, leaseMs }: ExtendRequest): ExtendReply {
  const { now } = step
  const mine = step.holder(token)
  if (mine === undefined || mine.expiresAt <= now)
    return { held: false, remainingMs: 0, acknowledged: 0, now }
  const expiresAt = Math.max(mine.expiresAt, now + leaseMs)
  step.hold({ ...mine, expiresAt, claimed: true })
  return { held: true, remainingMs: expiresAt - now, acknowledged: 0, now }
}

function revoke(step: Step, { token, claimMs }: RevokeRequest): RevokeReply {
  const revoked = step.holders.filter((holder) => token === undefined || holder.token === token)
  for (const holder of revoked) {
    step.drop(holder.token)
    step.markEnded(holder.token, 'lost', 0)
    step.push(holder.token, { kind: 'revoked', key: step.key, token: holder.token })
  }
  step.handOver(claimMs)
  return {
    revoked: revoked.map((holder) => holder.token),
    pendingHandOffMs: step.pendingHandOffMs(),
    now: step.now,
  }
}

type Step = ReturnType<typeof begin>

/** A working copy of the state, and the moves that several commands share. */
function begin(key: string, state: LeaseState, { nowUs, listens }: LeaseSurroundings) {
  const now = Math.floor(nowUs / 1000)
  let { fence, permits } = state
  let holders = [...state.holders]
  let queue = [...state.queue]
  const uncounted = new Set(state.uncounted)
  let ended = [...state.ended]
  const pushes: { process: string; push: LeasePush }[] = []

  const step = {
    key,
    now,
    pushes,
    get fence() {
      return fence
    },
    get holders() {
      return holders
    },
    get queue() {
      return queue
    },
    nextFence(): number {
      fence = Math.max(fence + 1, nowUs)
      return fence
    },
    holder: (token: string) => holders.find((holder) => holder.token === token),
    /** How it ended; `absent` also when a later one of its process did. */
    ending(token: string): Ended['outcome'] | undefined {
      const last = ended.find((ending) => processOf(ending.token) === processOf(token))
      if (last === undefined || last.until < now || attemptOf(last.token) < attemptOf(token)) return undefined
      return last.token === token ? last.outcome : 'absent'
    },
    usePermits(next: number): void {
      permits = next
    },
    hold(next: Holder): void {
      const at = holders.findIndex(({ token }) => token === next.token)
      if (at < 0) holders.push(next)
      else holders[at] = next
    },
    drop(token: string): void {
      holders = holders.filter((holder) => holder.token !== token)
    },
    /** In its place, or behind all others. */
    wait(token: string, isUncounted: boolean): void {
      if (!queue.includes(token)) queue.push(token)
      if (isUncounted) uncounted.add(token)
      else uncounted.delete(token)
    },
    leaveQueue(token: string): void {
      queue = queue.filter((waiting) => waiting !== token)
    },
    markEnded(token: string, outcome: Ended['outcome'], notAfter: number): void {
      const before = ended.find((ending) => processOf(ending.token) === processOf(token))
      const until = Math.max(now + ENDED_KEPT_MS, notAfter, before?.until ?? 0)
      const last =
        before !== undefined && attemptOf(before.token) > attemptOf(token) ? before : { token, outcome }
      ended = ended.filter((ending) => ending !== before)
      ended.push({ token: last.token, outcome: last.outcome, until })
      // Only from the front: what stands further back is looked at when it gets there.
      while (ended.length > ENDED_KEPT || (ended[0] !== undefined && ended[0].until < now)) ended.shift()
    },
    push(token: string, push: LeasePush): void {
      pushes.push({ process: processOf(token), push })
    },
    /** Ends the leases that ran out; one that was never claimed takes its whole process out of the queue. */
    evict(): void {
      for (const holder of holders.filter(({ expiresAt }) => expiresAt <= now)) {
        step.drop(holder.token)
        if (holder.claimed) {
          step.markEnded(holder.token, 'lost', 0)
          continue
        }
        const frozen = processOf(holder.token)
        queue = queue.filter((waiting) => processOf(waiting) !== frozen)
        step.push(holder.token, { kind: 'dropped', key })
      }
    },
    /** Gives free permits to the heads of the queue, up to `self`, who is asking and needs no push. */
    handOver(claimMs: number, self?: string): void {
      if (queue.length === 0) return
      step.evict()
      const passed = new Set<string>()
      for (;;) {
        const head = queue[0]
        if (head === undefined || head === self || holders.length >= permits) return
        queue.shift()
        const process = processOf(head)
        if (!uncounted.has(head) && listens(process) === false) {
          if (!passed.has(process)) step.push(head, { kind: 'passed', key })
          passed.add(process)
          continue
        }
        const next = step.nextFence()
        step.hold({ token: head, fence: next, expiresAt: now + claimMs, claimed: false })
        step.push(head, { kind: 'granted', key, token: head, fence: next, claimMs })
      }
    },
    pendingHandOffMs: () =>
      holders.reduce((most, { claimed, expiresAt }) => (claimed ? most : Math.max(most, expiresAt - now)), 0),
    view: (): LeaseHolder[] =>
      holders.map(({ expiresAt, ...holder }) => ({ ...holder, remainingMs: expiresAt - now })),
    end: (): LeaseState => ({
      fence,
      permits,
      holders,
      queue,
      uncounted: queue.filter((token) => uncounted.has(token)),
      ended,
    }),
  }
  return step
}
