import type { Cache } from '../../../cache/cache.ts'
import { isUnavailable } from '../../../errors.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import type { Call, Judge } from './judge.ts'
import type { CachePlan, Space } from './plan.ts'
import { SLOW_MS } from './prover.ts'
import type { Wire } from './wire.ts'

/** What a process keeps, once all is well again. */
export class NearProver {
  readonly #world: World
  readonly #plan: CachePlan
  readonly #process: SimulatedProcess
  readonly #wire: Wire
  readonly #caches: Readonly<Record<Space, Cache>>
  readonly #values: Judge

  constructor(
    world: World,
    plan: CachePlan,
    process: SimulatedProcess,
    wire: Wire,
    caches: Readonly<Record<Space, Cache>>,
    values: Judge,
  ) {
    this.#world = world
    this.#plan = plan
    this.#process = process
    this.#wire = wire
    this.#caches = caches
    this.#values = values
  }

  async prove(): Promise<void> {
    const { near = { maxStaleMs: 0 } } = this.#plan
    const { totals } = this.#world
    await this.#process.sleep(2 * near.maxStaleMs + 300)
    await this.#proveEqual()
    // What one can, the others can.
    if (this.#process.index === 0) await this.#proveCopies()
    const {
      hits = 0,
      lapsed = 0,
      refused = 0,
      linkLosses = 0,
      invalidated = 0,
    } = this.#caches[''].stats().near ?? {}
    totals.count('near hits', hits)
    totals.count('near lapsed', lapsed)
    totals.count('near refused', refused)
    totals.count('near invalidated', invalidated)
    totals.count('link losses', linkLosses)
  }

  async #proveCopies(): Promise<void> {
    try {
      await this.#proveHot()
      await this.#proveProlonged()
    } catch (error) {
      // Over a slow network a first write has more to ask than 250 ms allow.
      if (!isUnavailable(error) || this.#world.scenario.network.latencyMs < SLOW_MS) throw error
      this.#world.totals.count('proofs over a slow network given up')
    }
  }

  /** When all is quiet, every copy is what the storage has. */
  async #proveEqual(): Promise<void> {
    const { scheduler } = this.#world
    for (const [space, each] of Object.entries(this.#caches) as [Space, Cache][])
      for (const key of this.#plan.keys) {
        const call: Call = { process: this.#process, wire: this.#wire, began: scheduler.now }
        const kept = await each.get<string>(key)
        const stored = await each.get<string>(key, { near: false })
        this.#values.gets(call, space, key, kept, 'get', false)
        if (kept !== undefined && stored !== undefined && kept !== stored)
          this.#violated(
            'When quiet, copies are what is stored',
            `keeps ${kept} of ${space}:${key}, and ${stored} is stored`,
          )
      }
  }

  /** What is always being read is kept. */
  async #proveHot(): Promise<void> {
    const { scheduler } = this.#world
    const cache = this.#caches['']
    const hot = `hot ${this.#process.name}`
    await cache.set(hot, 'v', { ttlMs: 60_000, jitter: 0 })
    let isKept = false
    const reads: Promise<unknown>[] = []
    const until = scheduler.now + 6_000
    while (!isKept && scheduler.now < until) {
      reads.push(cache.get(hot))
      await this.#process.sleep(1)
      isKept = cache.peek(hot) !== undefined
    }
    if (!isKept) this.#violated('A hot key is kept', 'has read it for 6 s without keeping it')
    await Promise.all(reads)
  }

  /** An entry that lives longer prolongs its generation. One read of another entry later, the copies under that count again. */
  async #proveProlonged(): Promise<void> {
    const { scheduler } = this.#world
    const until = scheduler.now + 12_000
    // Another process may invalidate all meanwhile; not each time.
    for (let attempt = 0; scheduler.now < until; attempt += 1)
      if (await this.#isBackAfterOneRead(`prolonged ${attempt} ${this.#process.name}`, until)) return
    this.#violated(
      'A longer life ends no copies',
      'has not got its copies back with the generation that was prolonged',
    )
  }

  async #isBackAfterOneRead(namespace: string, until: number): Promise<boolean> {
    const { scheduler } = this.#world
    const cache = this.#caches[''].namespace(namespace)
    await cache.set('kept', 'v', { ttlMs: 30_000, staleMs: 0, jitter: 0 })
    while (cache.peek('kept') === undefined && scheduler.now < until) {
      await cache.get('kept')
      await this.#process.sleep(1)
    }
    await cache.set('longer', 'v', { ttlMs: 110_000, staleMs: 0, jitter: 0 })
    // The report has come by then.
    await this.#process.sleep(500)
    for (let reads = 0; reads < 5; reads += 1) {
      await cache.get('longer')
      if (cache.peek('kept') !== undefined) return true
      await this.#process.sleep(20)
    }
    return false
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, `${this.#process.name} ${message}`)
  }
}
