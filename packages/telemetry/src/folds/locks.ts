import type { LockEvent } from '@holdfast/core'
import { Counted, InFlight } from '../in-flight.ts'
import { type Fold, type FoldContext, type Measure, seconds } from './fold.ts'

type LossReason = Extract<LockEvent, { type: 'lost' }>['reason']

const LOSSES: Readonly<Record<LossReason, true>> = {
  revoked: true,
  taken: true,
  outage: true,
  expired: true,
  maxHold: true,
}

/** Locks and permits that this process waits for or holds. */
export class LocksFold implements Fold<LockEvent> {
  readonly channel = 'holdfast:locks'
  readonly #context: FoldContext
  readonly #patternOf: (name: string) => string
  readonly #held = new InFlight()
  readonly #waiting: Counted
  readonly #known = new Set<string>()

  constructor(context: FoldContext, patternOf: (name: string) => string) {
    this.#context = context
    this.#patternOf = patternOf
    this.#waiting = new Counted(context.startedAt)
  }

  fold(event: LockEvent, now: number): void {
    const { measure, bounded } = this.#context
    const lock = bounded('lock', this.#patternOf(event.name))
    switch (event.type) {
      case 'waiting':
        return this.#waiting.begin(lock)
      case 'granted':
        this.#startAtZero(lock, measure)
        this.#waited(lock, event, 'granted', now)
        return this.#held.begin(lock, event.token, now)
      case 'gaveUp':
        return this.#waited(lock, event, event.outcome, now)
      case 'released':
        return this.#ended(lock, event, event.outcome)
      case 'releaseFailed':
      case 'abandoned':
        return this.#ended(lock, event, event.type)
      case 'lost':
        this.#startAtZero(lock, measure)
        measure('lockLost', 1, { lock, reason: event.reason })
        return this.#ended(lock, event, 'lost')
      case 'renewed':
        measure('lockRenewalLag', seconds(event.lagMs), { lock })
        return this.#adopt(lock, event, now)
      case 'renewalFailed':
        measure('lockRenewalFailures', 1, { lock })
        return this.#adopt(lock, event, now)
    }
  }

  read(now: number, show: Measure): void {
    for (const { label: lock, count, oldest } of this.#held.read(now)) {
      show('lockHeld', count, { lock })
      show('lockOldestAge', oldest, { lock })
    }
    for (const [lock, count] of this.#waiting.read()) show('lockWaiting', count, { lock })
  }

  #waited(
    lock: string,
    { waitedMs, queuedMs }: { readonly waitedMs: number; readonly queuedMs: number | null },
    outcome: string,
    now: number,
  ): void {
    if (queuedMs !== null) this.#waiting.end(lock, now - queuedMs)
    this.#context.measure('lockWaitDuration', seconds(waitedMs), { lock, outcome })
  }

  /** A lock that was lost is released all the same: that is no second end. */
  #ended(
    lock: string,
    { token, heldMs }: { readonly token: string; readonly heldMs: number },
    outcome: string,
  ): void {
    if (!this.#held.end(lock, token)) return
    this.#context.measure('lockHeldDuration', seconds(heldMs), { lock, outcome })
  }

  /** It was granted before the bridge was started. */
  #adopt(
    lock: string,
    { token, heldMs }: { readonly token: string; readonly heldMs: number },
    now: number,
  ): void {
    if (!this.#held.has(lock, token)) this.#held.begin(lock, token, now - heldMs)
  }

  /** An alert on an increase does not see the step from nothing to 1. */
  #startAtZero(lock: string, measure: Measure): void {
    if (this.#known.has(lock)) return
    this.#known.add(lock)
    for (const reason of Object.keys(LOSSES)) measure('lockLost', 0, { lock, reason })
    measure('lockRenewalFailures', 0, { lock })
  }
}
