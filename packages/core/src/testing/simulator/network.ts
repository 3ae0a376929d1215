import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** How often each thing goes wrong with one message, as probabilities. */
export interface MessageFaults {
  /** Never arrives, and no error says so. */
  readonly requestLost: number
  /** Executed, but the answer is lost. */
  readonly replyLost: number
  /** Arrives after everything that was sent later, up to {@link Network.lateMs} after it was sent. */
  readonly requestLate: number
  readonly replyLate: number
  /** Executed twice, the second time late; the first answer comes back. */
  readonly duplicated: number
  /** A push or hint never arrives. */
  readonly pushLost: number
}

export type Fate = 'fine' | 'requestLost' | 'replyLost' | 'requestLate' | 'replyLate' | 'duplicated'

/** Sends it again after the reconnect, rejects it, or forgets it: its promise is never settled. Clients do each. */
export type Unanswered = 'resent' | 'rejected' | 'forgotten'

export interface NetworkPlan {
  readonly faults: MessageFaults
  /** Longest delay of what is late; several leases. */
  readonly lateMs: number
  /** Usual longest delay of one way. */
  readonly latencyMs: number
  /** Connections a process spreads its commands over: with two, commands overtake each other. */
  readonly links: 1 | 2
  /** What the client does with what was not answered when the connection broke. */
  readonly unanswered: Unanswered
  /** Messages whose fate is overruled, when a history is being shrunk. */
  readonly spared: ReadonlySet<string>
}

/** What may happen to messages on their way, until `calm` is called. */
export class Network {
  readonly plan: NetworkPlan
  /** The names of the messages that met a fault. */
  readonly harmed: string[] = []
  readonly #scheduler: Scheduler
  readonly #calmFrom: number

  /** Nothing is harmed, or still on its way, after `calmFrom`. */
  constructor(scheduler: Scheduler, plan: NetworkPlan, calmFrom: number) {
    this.#scheduler = scheduler
    this.plan = plan
    this.#calmFrom = calmFrom
  }

  get isCalm(): boolean {
    return this.#scheduler.now >= this.#calmFrom
  }

  /** Decides over one message. Draws the same numbers in any case, so that sparing one leaves the others alone. */
  fateOf(message: string, random: Random): Fate {
    let drawn = random.next()
    if (this.isCalm || this.plan.spared.has(message)) return 'fine'
    for (const fate of ['requestLost', 'replyLost', 'requestLate', 'replyLate', 'duplicated'] as const) {
      drawn -= this.plan.faults[fate]
      if (drawn < 0) {
        this.harmed.push(message)
        return fate
      }
    }
    return 'fine'
  }

  losesPush(message: string, random: Random): boolean {
    const lost = random.chance(this.plan.faults.pushLost)
    if (!lost || this.isCalm || this.plan.spared.has(message)) return false
    this.harmed.push(message)
    return true
  }

  /** A usual delay: mostly short, sometimes all that is allowed. */
  latency(random: Random): number {
    const drawn = random.next()
    return 0.1 + drawn * drawn * drawn * drawn * this.plan.latencyMs
  }

  lateness(random: Random): number {
    const left = this.#calmFrom - this.#scheduler.now
    return Math.max(0, Math.min(random.between(0, this.plan.lateMs), left))
  }
}
