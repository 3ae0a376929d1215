import type { Lease, ReleaseOutcome } from '../../../locks/lease.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import type { Places } from './places.ts'
import { LONGEST_EXTENSION_MS, LONGEST_LEASE_MS } from './plan.ts'

/** A lease that a holder learned it holds. */
interface Told {
  readonly lease: Lease
  readonly key: string
  readonly process: SimulatedProcess
  /** The replica has it too. */
  readonly isDurable: boolean
  /** Its holder works, and has not given it back. */
  held: boolean
  /** The signal told its holder to stop. */
  aborted: boolean
  /** It was revoked, evicted, or lost in a failover: others may have it now. */
  gone: boolean
  /** How often the storage lost it, or was asked to forget it. */
  losses: number
}

/** Timers get their turn within so long of running. */
const REACTION_MS = 5

/** Judges what holders believe, and the answers they get, against what the storage was seen to hold. */
export class Holders {
  readonly #world: World
  readonly #places: Places
  readonly #told = new Map<string, Told>()

  constructor(world: World, places: Places) {
    this.#world = world
    this.#places = places
    places.onChange = (key) => {
      for (const told of this.#told.values()) if (told.key === key) this.#mustBeHeld(told)
    }
    places.onRevoked = (token) => {
      const told = this.#told.get(token)
      if (told !== undefined) this.#lose(told)
    }
  }

  /**
   * What a lease was prolonged to may be lost although the lease itself is not. One that the replica has confirmed
   * outlives a failover, for all the time that its holder believes in.
   */
  async forgot(why: 'eviction' | 'failover' | 'queues'): Promise<void> {
    await this.#places.forgot(why)
    if (why === 'queues') return
    for (const told of this.#told.values()) {
      if (why === 'eviction' || !told.isDurable) this.#lose(told)
      else if (!told.gone && isBelieved(told)) this.#world.totals.count('leases kept over failovers')
      this.#mustBeHeld(told)
    }
  }

  died(process: SimulatedProcess): void {
    for (const told of this.#told.values()) if (told.process === process) told.held = false
  }

  resumed(process: SimulatedProcess): void {
    const { scheduler } = this.#world
    scheduler.at(scheduler.now + REACTION_MS, () => {
      for (const told of this.#told.values()) if (told.process === process) this.#mustHaveHeard(told)
    })
  }

  /** A caller got this lease. */
  granted(process: SimulatedProcess, key: string, permits: number, isDurable: boolean, lease: Lease): void {
    const { token, fencingToken } = lease
    this.#world.totals.count('grants told')
    if (this.#told.has(token)) this.#violated('Mutual exclusion', `${token} was given to two callers`)
    if (!this.#places.hasGiven(key, token, fencingToken)) {
      const given = this.#places.fenceOf(token)
      this.#violated('L2', `${token} got fence ${fencingToken}, the storage granted ${given}`)
    }
    const ending = this.#places.endingOf(token)
    if (ending === 'released' || ending === 'expired')
      this.#violated('Mutual exclusion', `${process.name} got ${token}, which had ended before`)
    // Revoked or forgotten while the news of its grant was still on its way.
    const gone = this.#places.isTakenAway(key, token, isDurable)
    const told: Told = { lease, key, process, isDurable, held: true, aborted: false, gone, losses: 0 }
    this.#told.set(token, told)
    lease.signal.addEventListener('abort', () => {
      told.aborted = true
      this.#world.history.add(process.index, () => `${token} aborted`)
      this.#world.totals.count('lost leases told')
    })
    if (lease.remainingMs() === 0)
      this.#violated('Mutual exclusion', `${process.name} was given ${token}, whose time is over`)
    const valid = [...this.#told.values()].filter(
      (other) => other.key === key && isBelieved(other) && !other.gone,
    )
    if (valid.length > permits) {
      const names = valid.map((other) => other.lease.token).join(', ')
      this.#violated(
        'Mutual exclusion',
        `${names} all believe that they hold ${key}, which has ${permits} permits`,
      )
    }
    this.#mustBeHeld(told)
    this.#watch(told)
  }

  /** The holder works no more, or has asked to give it back. */
  finished(lease: Lease): void {
    const told = this.#told.get(lease.token)
    if (told !== undefined) told.held = false
  }

  /** `wasValid`: its holder could be certain of it when it asked to give it back. */
  released(lease: Lease, outcome: ReleaseOutcome, wasValid: boolean): void {
    this.#world.totals.count(outcome)
    const told = this.#told.get(lease.token)
    const truth = this.#places.endingOf(lease.token)
    if (told === undefined || told.gone || truth === undefined || truth === 'forgotten') return
    // A holder that was no longer certain may get less than the truth.
    const isWrong =
      outcome === 'released' ? truth !== 'released' && !wasValid : truth === 'released' && wasValid
    if (isWrong) this.#violated('L7', `${lease.token} got ${outcome}, but it was ${truth}`)
  }

  isTold(token: string): boolean {
    return this.#told.has(token)
  }

  /** The storage has it for at least as long as its holder believes. */
  #mustBeHeld(told: Told): void {
    if (told.gone || !isBelieved(told)) return
    const { scenario } = this.#world
    const { index } = told.process
    const believedMs = told.lease.remainingMs() / (scenario.processes[index]?.rate ?? 1)
    const heldMs = (this.#places.leftMs(told.key, told.lease.token) ?? 0) / scenario.storageClock.rate
    if (believedMs > heldMs + 1) {
      const [believed, held] = [believedMs.toFixed(0), Math.max(0, heldMs).toFixed(0)]
      this.#violated(
        'Mutual exclusion',
        `${told.lease.token} believes in ${believed} ms more, the storage gives it ${held}`,
      )
    }
  }

  /** Looks again when its holder's time must be over, unless it was prolonged by then. */
  #watch(told: Told): void {
    const { scheduler } = this.#world
    scheduler.at(scheduler.now + told.lease.remainingMs() * 1.01 + REACTION_MS, () => {
      if (!told.held) return
      this.#mustBeHeld(told)
      if (isBelieved(told)) return this.#watch(told)
      this.#mustHaveHeard(told)
    })
  }

  /** The storage lost it. Its holder notices when it asks, or when the time is over that it knows of. */
  #lose(told: Told): void {
    told.gone = true
    told.losses += 1
    const { losses } = told
    const { scheduler } = this.#world
    // A renewal that was executed before may be heard of only now.
    const knownBy = scheduler.now + (LONGEST_LEASE_MS + LONGEST_EXTENSION_MS) * 1.02
    scheduler.at(knownBy, () => {
      const isLost = this.#places.leftMs(told.key, told.lease.token) === undefined
      if (told.losses === losses && isLost && isBelieved(told))
        this.#violated(
          'Loss is detected in time',
          `${told.lease.token} still believes in its lease long after the storage lost it`,
        )
    })
  }

  /** Once it is over and its process had time to react, its signal has said so. */
  #mustHaveHeard(told: Told, overSince = Infinity): void {
    const { scheduler } = this.#world
    const { process, lease } = told
    if (!told.held || told.aborted || lease.remainingMs() > 0 || process.state !== 'running') return
    // No timer fires for machine sleep or a wall clock that jumps forward.
    if (scheduler.now < process.clockJumpedAt + LONGEST_LEASE_MS * 2) return
    if (scheduler.now >= overSince + REACTION_MS)
      return this.#violated(
        'Loss is detected in time',
        `the lease of ${lease.token} is over, and its signal does not say so`,
      )
    const since = Math.min(overSince, scheduler.now)
    scheduler.at(since + REACTION_MS, () => this.#mustHaveHeard(told, since))
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, message)
  }
}

function isBelieved({ held, lease }: Told): boolean {
  return held && lease.remainingMs() > 0
}
