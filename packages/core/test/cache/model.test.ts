import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cache, HoldfastError, entry } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { type Loaded, Model, type Outcome } from './model.ts'
import { world } from './world.ts'

const HISTORIES = 500
const SPACES = ['', 'n', 'n/m'] as const
const KEYS = ['a', 'b', 'ab'] as const

/** One step: what it does, for a reader; to the model; and to the cache. */
interface Step {
  readonly says: string
  readonly expected: (model: Model) => Outcome
  readonly run: (cache: Cache) => Promise<unknown>
  readonly space: string
  /** Which of the two processes does it. */
  readonly process: number
}

const space = fc.constantFrom(...SPACES)
const key = fc.constantFrom(...KEYS)
const keys = fc.array(fc.constantFrom(...KEYS, 'h', 'c'), { minLength: 1, maxLength: 4 })
// Seldom one that values have as well.
const ofHash = fc.constantFrom('h', 'h', 'h', 'a')
const ofCounter = fc.constantFrom('c', 'c', 'c', 'a')
const tags = fc.subarray(['t', 'u'])
const json = fc.constantFrom<unknown>(null, 0, '', false, 7, 'text', [1, [2]], { a: { b: null } })
// Never the sum of some advances: no storage promises what happens in the very millisecond of an end.
const ttlMs = fc.constantFrom(105, 1_005, 60_005)
const staleMs = fc.constantFrom(0, 0, 1_005, 60_005)
const life = fc.record({ ttlMs, staleMs, tags })
const loaded: fc.Arbitrary<Loaded> = fc.oneof(
  { weight: 4, arbitrary: json.map((value) => ({ value })) },
  { weight: 1, arbitrary: fc.constantFrom<Loaded>('fails', 'nothing') },
)

type Made = Pick<Step, 'says' | 'expected' | 'run' | 'space'>
type Make<T> = (drawn: T & { readonly space: string; readonly key: string }) => Omit<Made, 'space'>

function step<T extends object>(
  weight: number,
  more: { [K in keyof T]: fc.Arbitrary<T[K]> },
  make: Make<T>,
): { weight: number; arbitrary: fc.Arbitrary<Step> } {
  const arbitrary = fc.record({ space, key, process: fc.nat(1), ...more }).map((drawn): Step => {
    const made = make(drawn as never)
    const { space: where, process, key: what, ...rest } = drawn as Record<string, unknown>
    const says = `${made.says} ${String(where)}:${String(what)} ${JSON.stringify(rest)} by ${String(process)}`
    return { ...made, says, space: String(where), process: Number(process) }
  })
  return { weight, arbitrary }
}

async function load(made: Loaded): Promise<unknown> {
  if (made === 'fails') throw new Error('the load failed')
  return made === 'nothing' ? undefined : made.value
}

const steps = fc.oneof(
  step(3, {}, ({ space: s, key: k }) => ({
    says: 'get',
    expected: (model) => model.get(s, k),
    run: (cache) => cache.get(k),
  })),
  step(1, { keys }, ({ space: s, keys: some }) => ({
    says: 'getMany',
    expected: (model) => model.getMany(s, some),
    run: async (cache) => [...(await cache.getMany(some))],
  })),
  step(2, {}, ({ space: s, key: k }) => ({
    says: 'getEntry',
    expected: (model) => model.getEntry(s, k),
    run: (cache) => cache.getEntry(k),
  })),
  step(1, {}, ({ space: s, key: k }) => ({
    says: 'exists',
    expected: (model) => model.exists(s, k),
    run: (cache) => cache.exists(k),
  })),
  step(4, { value: json, life }, ({ space: s, key: k, value, life: how }) => ({
    says: 'set',
    expected: (model) => model.set(s, k, value, how),
    run: (cache) => cache.set(k, value, how),
  })),
  step(1, { value: json, keys, life }, ({ space: s, value, keys: some, life: how }) => ({
    says: 'setMany',
    expected: (model) => {
      for (const each of some) model.set(s, each, value, how)
      return { is: undefined }
    },
    run: (cache) => cache.setMany(new Map(some.map((each) => [each, value])), how),
  })),
  step(2, { keys }, ({ space: s, keys: some }) => ({
    says: 'remove',
    expected: (model) => model.remove(s, some),
    run: (cache) => cache.remove(some),
  })),
  step(2, {}, ({ space: s, key: k }) => ({
    says: 'expire',
    expected: (model) => model.expire(s, k),
    run: (cache) => cache.expire(k),
  })),
  step(1, {}, ({ space: s }) => ({
    says: 'clear',
    expected: (model) => model.clear(s),
    run: (cache) => cache.clear(),
  })),
  step(1, { tags }, ({ space: s, tags: some }) => ({
    says: 'invalidateTags',
    expected: (model) => model.invalidateTags(s, some),
    run: (cache) => cache.invalidateTags(some),
  })),
  step(1, {}, ({ space: s, key: k }) => ({
    says: 'removeByPattern',
    expected: (model) => model.removeBeginning(s, k),
    run: async (cache) => (await cache.removeByPattern(`${k}*`)).removed,
  })),
  step(
    6,
    { made: loaded, life, refresh: fc.boolean(), orStale: fc.boolean(), byEntry: fc.boolean() },
    ({ space: s, key: k, made, life: how, refresh, orStale, byEntry }) => ({
      says: 'getOrCreate',
      expected: (model) =>
        model.getOrCreate(s, k, made, { ...how, refresh, orStale: orStale && how.staleMs > 0 }),
      run: (cache) =>
        cache.getOrCreate(
          k,
          async () => {
            const value = await load(made)
            return byEntry && value !== undefined ? entry(value, how) : value
          },
          {
            ...(byEntry && !(orStale && how.staleMs > 0) ? {} : how),
            refresh,
            onLoadError: orStale && how.staleMs > 0 ? 'stale' : 'throw',
          },
        ),
    }),
  ),
  step(
    3,
    { key: ofHash, value: json, ttlMs, always: fc.boolean() },
    ({ space: s, key: k, value, ttlMs: ms, always }) => ({
      says: 'hashSet',
      expected: (model) => model.hashSet(s, k, 'f', value, ms, always),
      run: (cache) => cache.hashSet(k, 'f', value, { ttlMs: ms, ttlOn: always ? 'always' : 'create' }),
    }),
  ),
  step(2, { key: ofHash }, ({ space: s, key: k }) => ({
    says: 'hashGet',
    expected: (model) => model.hashGet(s, k, 'f'),
    run: (cache) => cache.hashGet(k, 'f'),
  })),
  step(1, { key: ofHash }, ({ space: s, key: k }) => ({
    says: 'hashGetAll',
    expected: (model) => model.hashGetAll(s, k),
    run: (cache) => cache.hashGetAll(k),
  })),
  step(1, { key: ofHash }, ({ space: s, key: k }) => ({
    says: 'hashDelete',
    expected: (model) => model.hashDelete(s, k, ['f', 'g']),
    run: (cache) => cache.hashDelete(k, ['f', 'g']),
  })),
  step(
    4,
    { key: ofCounter, by: fc.integer({ min: -9, max: 9 }), ttlMs, always: fc.boolean() },
    ({ space: s, key: k, by, ttlMs: ms, always }) => ({
      says: 'increment',
      expected: (model) => model.increment(s, k, by, ms, always),
      run: (cache) => cache.increment(k, by, { ttlMs: ms, ttlOn: always ? 'always' : 'create' }),
    }),
  ),
)

const pause = fc.constantFrom(30, 70, 990, 5_010)
const histories = fc.array(fc.oneof({ weight: 4, arbitrary: steps }, { weight: 1, arbitrary: pause }), {
  minLength: 5,
  maxLength: 60,
  size: 'max',
})

async function outcome(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { is: await call }
  } catch (error) {
    return { failed: HoldfastError.isInstance(error) ? error.code : (error as Error).message }
  }
}

describe('the cache, one call after the other', () => {
  it('does what a map does, for two processes over one storage', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const model = new Model()
        const { cache, runtime } = world()
        const processes = [cache(), cache()]
        const spaces = processes.map((root) => {
          const n = root.namespace('n')
          return { '': root, n, 'n/m': n.namespace('m') } as Record<string, Cache>
        })
        const soFar: string[] = []
        for (const each of history) {
          if (typeof each === 'number') {
            soFar.push(`${each} ms pass`)
            model.advance(each)
            await runtime.advance(each)
            continue
          }
          soFar.push(each.says)
          const { [each.space]: of } = spaces[each.process] ?? {}
          if (of === undefined) throw new TypeError(`there is no ${each.space}`)
          const got = await outcome(each.run(of))
          // What goes on behind the call.
          await settle()
          expect(got, soFar.join('\n')).toEqual(each.expected(model))
        }
        for (const root of processes) await root.close()
        expect(runtime.timers).toBe(0)
      }),
      { numRuns: HISTORIES },
    )
  })
})
