import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import type { Places } from './places.ts'

/** What was sent before the faults stopped, and lost, is given up by then. */
const GIVEN_UP_MS = 2_000
/** Timers are late by so much, and a storage that failed is left alone for a while. */
const SLACK_MS = 300

/** A call that has not settled. */
interface Caller {
  readonly process: SimulatedProcess
  readonly key: string
  readonly since: number
}

/**
 * Judges liveness from the caller, who need not be in the storage's queue: when faults have stopped, no caller waits longer
 * than the rest of the last lease, `claimMs` and two round trips for a free lock.
 */
export class Patience {
  readonly #world: World
  readonly #places: Places
  readonly #allowedMs: number
  readonly #callers = new Set<Caller>()

  constructor(world: World, places: Places, claimMs: number) {
    this.#world = world
    this.#places = places
    const { network, incidents, setBackMs, setOnMs } = world.scenario
    // A machine that sleeps hears none of its timers.
    const sleptMs = incidents.reduce((sum, one) => sum + (one.kind === 'sleep' ? one.forMs : 0), 0)
    this.#allowedMs = claimMs + 4 * network.latencyMs + sleptMs + setBackMs + setOnMs + SLACK_MS
  }

  /** A caller waits from now on; returns what ends that. */
  begins(process: SimulatedProcess, key: string): () => void {
    const caller = { process, key, since: this.#world.scheduler.now }
    this.#callers.add(caller)
    this.#watch(caller, this.#latest(caller))
    return () => this.#callers.delete(caller)
  }

  died(process: SimulatedProcess): void {
    for (const caller of this.#callers) if (caller.process === process) this.#callers.delete(caller)
  }

  #watch(caller: Caller, at: number): void {
    const { scheduler } = this.#world
    scheduler.at(Math.max(at, scheduler.now + 1), () => {
      if (!this.#callers.has(caller)) return
      const { process, key } = caller
      const latest = process.state === 'running' ? this.#latest(caller) : scheduler.now + this.#allowedMs
      if (scheduler.now < latest) return this.#watch(caller, latest)
      this.#world.violated(
        'Liveness',
        `${process.name} has waited for ${key} since ${caller.since.toFixed(0)}, and no process holds it`,
      )
    })
  }

  /** When it must have got what it waits for, unless another process takes it before. */
  #latest({ process, key, since }: Caller): number {
    const { endsAt, longestMs, fullUntil } = this.#places.occupation(key)
    const { calmFrom } = this.#world.scenario
    const calm = calmFrom + Math.max(GIVEN_UP_MS, longestMs)
    const from = Math.max(since, calm, fullUntil, endsAt, process.resumedAt)
    return from * 1.001 + longestMs * 0.02 + this.#allowedMs
  }
}
