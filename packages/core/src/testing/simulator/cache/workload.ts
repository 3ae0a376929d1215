import type { Cache } from '../../../cache/cache.ts'
import { HoldfastError } from '../../../errors.ts'
import { createCache } from '../../../holdfast.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { Random } from '../random.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { App, Feature, Observer, PlannedOperation, Workload, World } from '../workload.ts'

type Operation = PlannedOperation & {
  readonly key: string
  /** The source gets a new version, and the cache removes the old one (`remove`) or gets the new one (`set`). */
  readonly kind: 'getOrCreate' | 'get' | 'remove' | 'set'
  readonly loadMs: number
  readonly fails: boolean
}

/** A cache before a source that changes: readers who load, writers who remove or set. */
export const cacheFeature: Feature = {
  name: 'cache',
  plan(random) {
    const processes = random.int(2, 4)
    const calmFrom = random.between(2_000, 12_000)
    const operations = drawOperations(random, processes, calmFrom)
    return {
      size: { processes, calmFrom, leaseMs: 1_000 },
      operations,
      open: (world) => new CacheWorkload(world, operations),
    }
  },
}

function drawOperations(random: Random, processes: number, calmFrom: number): Operation[] {
  const keys = random.pick([['a'], ['a'], ['a', 'b']]) as [string, ...string[]]
  const crowdAt = random.between(0, calmFrom * 0.6)
  const slowest = random.pick([5, 100, 3_000])
  return Array.from({ length: random.int(12, 40) }, (_, id) => ({
    id,
    at: random.chance(0.5) ? crowdAt + random.between(0, 300) : random.between(0, calmFrom * 0.9),
    process: random.int(0, processes - 1),
    key: random.pick(keys),
    kind: random.pick(['getOrCreate', 'getOrCreate', 'getOrCreate', 'get', 'remove', 'set']),
    loadMs: random.next() ** 2 * slowest,
    fails: random.chance(0.05),
  }))
}

/** What the cache is in front of, as everybody outside of it knows it. */
interface Source {
  version: number
  /** Versions before this one have been removed from the cache, or overwritten, as the storage has acknowledged. */
  removedBefore: number
  /** What was set, and until when the network may execute it again. */
  readonly sets: { readonly version: number; readonly until: number }[]
  loads: number
}

const TTL_MS = 30_000
/** A set takes effect within so long after it was sent, or never. */
const SET_TIMEOUT_MS = 250
const RECOVERS_WITHIN_MS = 10_000
const SOURCE_FAILED = 'the source failed'
const EXPECTED_CODES = new Set(['STORAGE_UNAVAILABLE', SOURCE_FAILED])

/** Judges what callers read: a removal wins over every load that began before it. */
class CacheWorkload implements Workload {
  readonly observer: Observer
  readonly #world: World
  readonly #operations: ReadonlyMap<number, Operation>
  readonly #sources = new Map<string, Source>()
  readonly #calls = new Map<string, Set<{ readonly atLeast: number }>>()
  #forgotten = 0

  constructor(world: World, operations: readonly Operation[]) {
    this.#world = world
    this.#operations = new Map(operations.map((operation) => [operation.id, operation]))
    this.observer = {
      executed: () => undefined,
      died: () => undefined,
      // A lost removal brings back what was removed.
      forgot: async () => {
        this.#forgotten += 1
        for (const source of this.#sources.values()) source.removedBefore = 0
      },
    }
  }

  start(process: SimulatedProcess, storage: Storage): App {
    const cache = createCache(storage, { prefix: 'sim', runtime: process.runtime, ttlMs: TTL_MS })
    return {
      perform: (id) => {
        const operation = this.#operations.get(id)
        if (operation === undefined) throw new TypeError(`there is no operation ${id}`)
        this.#world.history.add(process.index, () => `#${id} ${operation.kind} ${operation.key}`)
        return this.#perform(process, cache, operation)
      },
      proveAlive: () => this.#proveAlive(process, cache),
      close: async () => undefined,
    }
  }

  async #perform(process: SimulatedProcess, cache: Cache, operation: Operation): Promise<void> {
    const { id, key, kind } = operation
    const { history, totals } = this.#world
    const source = this.#source(key)
    try {
      switch (kind) {
        case 'get':
        case 'getOrCreate': {
          const asked = source.removedBefore
          const forgotten = this.#forgotten
          // A caller may join a call in flight in its process, and gets what that one gets.
          const underWay = this.#underWay(process, key)
          const reading = { atLeast: Math.min(asked, ...[...underWay].map(({ atLeast }) => atLeast)) }
          if (kind === 'getOrCreate') underWay.add(reading)
          const version = await this.#read(process, cache, operation).finally(() => underWay.delete(reading))
          history.add(process.index, () => `#${id} got ${version}`)
          totals.count(version === undefined ? 'misses' : 'reads')
          // What was removed when it asked may be there again.
          if (this.#forgotten !== forgotten) return
          const atLeast = Math.min(kind === 'get' ? asked : reading.atLeast, source.removedBefore)
          if (version !== undefined && version < atLeast)
            this.#world.violated(
              'A removal wins',
              `${process.name} got version ${version} of ${key}; all before ${atLeast} had been removed`,
            )
          if (version !== undefined && version < Math.min(asked, source.removedBefore))
            totals.count('joined an older read')
          return
        }
        case 'remove':
        case 'set':
          return await this.#change(process, cache, operation)
      }
    } catch (error) {
      const code = HoldfastError.isInstance(error) ? error.code : (error as Error).message
      history.add(process.index, () => `#${id} ✗ ${code}`)
      totals.count(`told ${code}`)
      if (!EXPECTED_CODES.has(code)) this.#world.violated('No surprise', (error as Error).stack ?? code)
    }
  }

  /** Once it is acknowledged, no later caller may get an older version, except one that was being set meanwhile. */
  async #change(process: SimulatedProcess, cache: Cache, { id, key, kind }: Operation): Promise<void> {
    const { history, totals, scheduler } = this.#world
    const source = this.#source(key)
    const version = (source.version += 1)
    const forgotten = this.#forgotten
    const rivals = source.sets.filter(({ until }) => until >= scheduler.now)
    if (kind === 'set') {
      const setting = { version, until: Infinity }
      source.sets.push(setting)
      await cache.set(key, version).finally(() => (setting.until = scheduler.now + this.#longestSetMs()))
    } else {
      await cache.remove(key)
    }
    totals.count(kind === 'set' ? 'sets' : 'removals')
    history.add(process.index, () => `#${id} replaced all before ${version}`)
    // The storage may have forgotten an answer by the time it arrives.
    if (this.#forgotten !== forgotten) return
    const certain = Math.min(version, ...rivals.map((rival) => rival.version))
    source.removedBefore = Math.max(source.removedBefore, certain)
  }

  /** By the true time: the storage's clock may be set back meanwhile, and is known as well as clocks go. */
  #longestSetMs(): number {
    const { setBackMs, setOnMs, calmFrom } = this.#world.scenario
    return SET_TIMEOUT_MS + setBackMs + setOnMs + (SET_TIMEOUT_MS + calmFrom) * 0.01
  }

  async #load(
    process: SimulatedProcess,
    { key, loadMs, fails }: Pick<Operation, 'key' | 'loadMs' | 'fails'>,
  ): Promise<number> {
    const source = this.#source(key)
    const { version } = source
    source.loads += 1
    this.#world.totals.count('loads')
    this.#world.history.add(process.index, () => `loads version ${version} of ${key}`)
    await process.sleep(loadMs)
    if (fails) throw new Error(SOURCE_FAILED)
    return version
  }

  async #read(process: SimulatedProcess, cache: Cache, operation: Operation): Promise<number | undefined> {
    const { key, kind } = operation
    if (kind === 'get') return await cache.get<number>(key)
    return await cache.getOrCreate(key, () => this.#load(process, operation))
  }

  /** The calls of a process that others may join. */
  #underWay({ name }: SimulatedProcess, key: string): Set<{ readonly atLeast: number }> {
    const text = `${name} ${key}`
    let calls = this.#calls.get(text)
    if (calls === undefined) this.#calls.set(text, (calls = new Set()))
    return calls
  }

  /** With all well again: a cold key that everybody wants is loaded once, and everybody gets it. */
  async #proveAlive(process: SimulatedProcess, cache: Cache): Promise<void> {
    const { scheduler, totals } = this.#world
    await this.#untilAnswered(process, cache)
    const before = scheduler.now
    const load = { key: 'cold', loadMs: 20, fails: false }
    const version = await cache.getOrCreate(load.key, () => this.#load(process, load))
    const source = this.#source(load.key)
    totals.count('cold reads')
    if (version !== source.version)
      this.#world.violated(
        'A removal wins',
        `${process.name} got version ${version} of a key that never changed`,
      )
    if (source.loads > 1)
      this.#world.violated('One loader', `a cold key was loaded ${source.loads} times with all well`)
    if (scheduler.now - before > 1_000)
      this.#world.violated(
        'Bounded',
        `${process.name} waited ${(scheduler.now - before).toFixed(0)} ms for a load of 20 ms`,
      )
  }

  /** A cache that spares a storage which did not answer must ask it again before long. */
  async #untilAnswered(process: SimulatedProcess, cache: Cache): Promise<void> {
    const { scheduler } = this.#world
    const by = scheduler.now + RECOVERS_WITHIN_MS
    for (;;) {
      try {
        await cache.get('warm-up')
        return
      } catch (error) {
        if (scheduler.now > by) {
          this.#world.violated(
            'Recovery',
            `${process.name} does not get at the storage, which is well: ${String(error)}`,
          )
          return
        }
        await process.sleep(100)
      }
    }
  }

  #source(key: string): Source {
    let source = this.#sources.get(key)
    if (source === undefined) {
      source = { version: 1, removedBefore: 0, sets: [], loads: 0 }
      this.#sources.set(key, source)
    }
    return source
  }
}
