import type { Cache } from '../../../cache/cache.ts'
import { entry } from '../../../cache/entry-result.ts'
import { hasCode } from '../../../errors.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'

const OPTIONS = {
  ttlMs: 60_000,
  staleMs: 60_000,
  jitter: 0,
  earlyRefresh: false,
  hardTimeoutMs: 30_000,
  waitMs: 10_000,
}

/** Every operation once, with all well: each must do what it says, whatever has happened before. */
export class EveryOperation {
  readonly #world: World
  readonly #cache: Cache
  readonly #process: SimulatedProcess

  constructor(world: World, cache: Cache, process: SimulatedProcess) {
    this.#world = world
    this.#cache = cache.namespace('all', OPTIONS)
    this.#process = process
  }

  async prove(): Promise<void> {
    await this.#proveWrites()
    await this.#proveInvalidations()
    await this.#proveLoads()
    await this.#proveEnds()
    await this.#proveCounts()
  }

  async #proveWrites(): Promise<void> {
    const cache = this.#cache
    await cache.set('x', 1, { tags: ['t'] })
    await this.#is('a set value', cache.get('x'), 1)
    await this.#is('exists', cache.exists('x'), true)
    await cache.setMany({ y: 2, z: 3 })
    await this.#is(
      'many',
      cache.getMany(['y', 'none', 'x']).then((map) => [...map].join()),
      'y,2,x,1',
    )
    await this.#is(
      'an entry',
      cache.getEntry('x').then((found) => found?.isStale),
      false,
    )
    await this.#is('expire', cache.expire('x'), true)
    await this.#is('an expired value', cache.get('x'), undefined)
    await this.#is(
      'an expired entry',
      cache.getEntry('x').then((found) => found?.isStale),
      true,
    )
    await this.#is('a removal', cache.remove(['x', 'none']), 1)
    await this.#is('a removed value', cache.exists('x'), false)
  }

  async #proveInvalidations(): Promise<void> {
    const cache = this.#cache
    const below = cache.namespace('below')
    const load = (): unknown => entry(5, { tags: ['u'] })
    await this.#is('a load with tags', cache.getOrCreate('tagged', load), 5)
    await cache.set('other', 6, { tags: ['v'] })
    await cache.invalidateTags(['u'])
    await this.#is('a tagged value', cache.get('tagged'), undefined)
    await this.#is('a value with another tag', cache.get('other'), 6)
    const outdated = cache.getOrCreate('raced', async () => {
      await cache.invalidateTags(['w'])
      return entry(1, { tags: ['w'] })
    })
    await this.#is('a load whose tag is invalidated meanwhile', outdated, 1)
    await this.#is('what it would have stored', cache.get('raced'), undefined)
    await below.set('x', 7)
    await this.#is(
      'a pattern',
      cache.removeByPattern('o*').then(({ removed }) => removed),
      1,
    )
    await this.#is('a value that the pattern removed', cache.get('other'), undefined)
    await this.#is('a value in another namespace', below.get('x'), 7)
    await cache.clear()
    await this.#is('a value below what was cleared', below.get('x'), undefined)
    await below.set('x', 8)
    await this.#is('a value set after that', below.get('x'), 8)
  }

  async #proveLoads(): Promise<void> {
    const cache = this.#cache
    const ask = async (value: unknown, options = {}): Promise<unknown> =>
      await cache.getOrCreate('loaded', () => value, options)
    await this.#is('a load', ask(1), 1)
    await this.#is('a hit', ask(2), 1)
    await this.#is('a refresh', ask(3, { refresh: true }), 3)
    const failing = async (): Promise<unknown> => await Promise.reject(new Error('fails'))
    await cache.expire('loaded')
    await this.#is('a stale value', cache.getOrCreate('loaded', failing, { onLoadError: 'stale' }), 3)
    await cache.expire('loaded')
    const removing = async (): Promise<unknown> => {
      await cache.remove('loaded')
      return await failing()
    }
    const removed = cache.getOrCreate('loaded', removing, { onLoadError: 'stale' }).catch(() => 'no value')
    await this.#is('a stale value that was removed during its load', removed, 'no value')
    await this.#is('a load after a failed one', ask(4), 4)
    let missing: readonly string[] = []
    const many = cache.getOrCreateMany(['loaded', 'm1', 'm2'], (keys) => {
      missing = keys.toSorted()
      return new Map([['m1', 1]])
    })
    await this.#is(
      'a load of many',
      many.then((map) => [...map].join()),
      'loaded,4,m1,1',
    )
    if (missing.join() !== 'm1,m2') this.#violated(`what is missing is ${missing.join()}`)
  }

  /** No caller waits for ever, and what is given up is free. */
  async #proveEnds(): Promise<void> {
    const cache = this.#cache
    const never = new Promise<never>(() => {})
    await this.#ends(
      'a load that never settles',
      'LOAD_TIMEOUT',
      200,
      cache.getOrCreate('never', () => never, { hardTimeoutMs: 200 }),
    )
    const controller = new AbortController()
    let isAborted = false
    const waiting = cache.getOrCreate(
      'given up',
      ({ signal }) => {
        signal.addEventListener('abort', () => (isAborted = true))
        return never
      },
      { signal: controller.signal },
    )
    const aborts = this.#ends('a call that was aborted', 'WAIT_ABORTED', 500, waiting)
    await this.#process.sleep(500)
    controller.abort()
    await aborts
    if (!isAborted) this.#violated('the signal of a load that no caller waits for is not aborted')
    await this.#is(
      'a key that was given up',
      cache.getOrCreate('given up', () => 1),
      1,
    )
    const ring = cache.getOrCreate('r1', () =>
      cache.getOrCreate('r2', () => cache.getOrCreate('r1', () => 1)),
    )
    await this.#ends('a ring', 'SELF_DEADLOCK', 0, ring)
  }

  async #proveCounts(): Promise<void> {
    const cache = this.#cache
    await this.#is('a counter', cache.increment('count', 2), 2)
    await this.#is('a counter', cache.decrement('count'), 1)
    await cache.hashSet('hash', { a: 1, b: null })
    await this.#is('a field', cache.hashGet('hash', 'b'), null)
    await this.#is(
      'fields',
      cache.hashGetAll('hash').then((all) => JSON.stringify(all)),
      '{"a":1,"b":null}',
    )
    await this.#is('a deleted field', cache.hashDelete('hash', ['a', 'c']), 1)
  }

  async #is(what: string, answer: Promise<unknown>, expected: unknown): Promise<void> {
    const got = await answer
    if (got !== expected) this.#violated(`${what} is ${JSON.stringify(got)}, not ${JSON.stringify(expected)}`)
  }

  /** By its own error, after that time and what commands take. */
  async #ends(what: string, code: string, afterMs: number, call: Promise<unknown>): Promise<void> {
    const { scheduler } = this.#world
    const began = scheduler.now
    const end = await call.then(
      () => 'a value',
      (error: unknown) => (hasCode(error, code as never) ? code : String(error)),
    )
    const tookMs = scheduler.now - began
    if (end !== code) this.#violated(`${what} ends with ${end}`)
    if (tookMs > afterMs * 1.01 + 1_000) this.#violated(`${what} takes ${tookMs.toFixed(0)} ms`)
  }

  #violated(message: string): void {
    this.#world.violated('Everything works', `${this.#process.name}: ${message}`)
  }
}
