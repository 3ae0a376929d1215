import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import type { Executions } from './executions.ts'
import { LONGEST_LEASE_MS } from './plan.ts'
import type { Seen } from './seen.ts'

/** Timers get their turn within so long of running. */
const REACTION_MS = 5

/** Judges how long owners believe in their executions (I1, I5), by what the storage was seen to hold. */
export class Owners {
  readonly #world: World
  readonly #executions: Executions

  constructor(world: World, executions: Executions) {
    this.#world = world
    this.#executions = executions
    executions.onStart = (key, executionId) => {
      for (const seen of executions.all()) {
        if (seen.key === key && seen.id !== executionId) this.#mustNotBelieve(seen)
      }
    }
    executions.onGone = (seen) => this.#mustNotBelieve(seen)
  }

  /** From now on its owner is held to what it believes. */
  believes(seen: Seen): void {
    seen.believed = true
    this.#watch(seen)
  }

  died(process: SimulatedProcess): void {
    for (const seen of this.#executions.all()) if (seen.owner === process) seen.believed = false
  }

  /** A process runs again: what it believes of what it lost is checked after its timers had their turn. */
  resumed(process: SimulatedProcess): void {
    const { scheduler } = this.#world
    scheduler.at(scheduler.now + REACTION_MS, () => {
      for (const seen of this.#executions.all()) if (seen.owner === process) this.#mustNotBelieve(seen)
    })
  }

  /** Looks again when the lease must be over, unless it was renewed by then. */
  #watch(seen: Seen): void {
    if (seen.watched || !seen.believed) return
    seen.watched = true
    const { scheduler } = this.#world
    scheduler.at(scheduler.now + Math.max(1, this.#executions.leftMs(seen)), () => {
      seen.watched = false
      if (!seen.believed || seen.gone) return
      if (this.#executions.leftMs(seen) > 0) return this.#watch(seen)
      this.#mustNotBelieve(seen)
    })
  }

  /**
   * Its owner must know by now, unless its lease is alive. A record that the storage lost is noticed a lease later; and
   * timers do not run while a machine sleeps, so a loss during sleep is noticed a while after it woke.
   */
  #mustNotBelieve(seen: Seen): void {
    const { owner, goneAt } = seen
    if (!seen.believed || owner === undefined || this.#executions.leftMs(seen) > 0) return
    if (seen.gone && this.#executions.isCurrent(seen)) return
    const { scheduler } = this.#world
    const toldBy = Math.max(owner.clockJumpedAt, goneAt) + LONGEST_LEASE_MS * 1.01
    const knownBy = Math.max(toldBy, owner.resumedAt + REACTION_MS)
    if (scheduler.now < knownBy) return void scheduler.at(knownBy, () => this.#mustNotBelieve(seen))
    // Otherwise checked when it runs again.
    if (owner.state === 'running') {
      const what = `${owner.name} still believes that it owns ${seen.key} as ${seen.id}`
      this.#world.violated('I1', `${what}, but its lease is over`)
    }
  }
}
