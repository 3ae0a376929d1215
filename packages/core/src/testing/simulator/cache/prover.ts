import type { Cache } from '../../../cache/cache.ts'
import { isUnavailable } from '../../../errors.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import { EveryOperation } from './every-operation.ts'

/** The longest pause of a breaker, and one call that finds the storage well. */
const RECOVERS_WITHIN_MS = 5_000 * 1.012 + 700

/** One way takes as long at most, where a network is slow. */
export const SLOW_MS = 60

const OPTIONS = {
  ttlMs: 60_000,
  staleMs: 60_000,
  jitter: 0,
  waitMs: 10_000,
  hardTimeoutMs: 30_000,
  earlyRefresh: false,
}

/** With all well again, everything must work: the calls of all processes together show that. */
export class Prover {
  readonly #world: World
  readonly #loads = new Map<string, number>()
  readonly #answered: Promise<void>[] = []
  #ripe: Promise<void> | undefined

  constructor(world: World) {
    this.#world = world
  }

  /** `isWhole`: also what does not depend on what came before. */
  async prove(process: SimulatedProcess, cache: Cache, isWhole: boolean): Promise<void> {
    // With its first answer a process executes what it has queued, and that may invalidate what the others do.
    this.#answered.push(this.#untilAnswered(process, cache))
    await Promise.resolve()
    await Promise.all(this.#answered)
    const { queuedRemovals } = cache.stats()
    if (queuedRemovals > 0)
      this.#violated(
        'Journal',
        `${process.name} has ${queuedRemovals} queued removals, and the storage answers`,
      )
    if (!isWhole) return
    await this.#proveOneLoad(process, cache)
    await this.#proveOneRefresh(process, cache)
    if (process.index === 0) await this.#proveEveryOperation(process, cache)
  }

  async #proveEveryOperation(process: SimulatedProcess, cache: Cache): Promise<void> {
    try {
      await new EveryOperation(this.#world, cache, process).prove()
    } catch (error) {
      // Over a slow network some calls have more to ask than 250 ms allow.
      if (!isUnavailable(error) || this.#world.scenario.network.latencyMs < SLOW_MS) throw error
      this.#world.totals.count('proofs over a slow network given up')
    }
  }

  /** A cold key that everybody wants is loaded once, and everybody gets it. */
  async #proveOneLoad(process: SimulatedProcess, cache: Cache): Promise<void> {
    const { scheduler, totals } = this.#world
    const before = scheduler.now
    const values = await Promise.all(
      [1, 2, 3].map(() => cache.getOrCreate('cold', () => this.#load(process, 'cold', 20), OPTIONS)),
    )
    totals.count('cold reads')
    if (values.some((value) => value !== 'cold 1'))
      this.#violated('One load', `a cold key was loaded ${this.#loads.get('cold')} times with all well`)
    const tookMs = scheduler.now - before
    if (tookMs > 1_000)
      this.#violated('Bounded', `${process.name} waited ${tookMs.toFixed(0)} ms for a load of 20 ms`)
  }

  /** A stale value is the answer at once, and loaded anew once. */
  async #proveOneRefresh(process: SimulatedProcess, cache: Cache): Promise<void> {
    const { scheduler, totals } = this.#world
    this.#ripe ??= cache.set('ripe', 'old', { ttlMs: 50, staleMs: 60_000, jitter: 0 })
    await this.#ripe
    await process.sleep(1_500)
    const before = scheduler.now
    const got = await cache.getOrCreate('ripe', () => this.#load(process, 'ripe', 400), OPTIONS)
    totals.count(got === 'old' ? 'stale reads' : 'refreshed reads')
    if (scheduler.now - before > 390)
      this.#violated('Bounded', `${process.name} waited for the load of a stale value`)
    await process.sleep(1_500)
    const loaded = this.#loads.get('ripe') ?? 0
    if (loaded !== 1) this.#violated('One load', `a stale key was loaded ${loaded} times with all well`)
    const now = await cache.get('ripe')
    if (now !== 'ripe 1')
      this.#violated('One load', `a stale value was loaded anew, and ${String(now)} is there`)
  }

  #load(process: SimulatedProcess, key: string, ms: number): Promise<string> {
    const { scheduler, history } = this.#world
    const number = (this.#loads.get(key) ?? 0) + 1
    this.#loads.set(key, number)
    history.add(process.index, () => `loads ${key} ${number}`)
    return new Promise((resolve) => {
      scheduler.at(scheduler.now + ms, () => resolve(`${key} ${number}`), process, 'timer')
    })
  }

  /** A cache that spares a storage which did not answer must ask it again before long. */
  async #untilAnswered(process: SimulatedProcess, cache: Cache): Promise<void> {
    const { scheduler, scenario } = this.#world
    const by = Math.max(scheduler.now, scenario.calmFrom + RECOVERS_WITHIN_MS)
    for (;;) {
      try {
        await cache.get('warm-up')
        return
      } catch (error) {
        if (scheduler.now > by)
          return this.#violated(
            'Recovery',
            `${process.name} does not get at the storage, which is well: ${String(error)}`,
          )
        await process.sleep(50)
      }
    }
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, message)
  }
}
