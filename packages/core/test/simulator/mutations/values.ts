import { expiredHead, readEntry } from '../../../src/cache/entry.ts'
import { BoundedMemory } from '../../../src/cache/bounded-memory.ts'
import { LoadTimeoutError } from '../../../src/cache/errors.ts'
import { Flight } from '../../../src/cache/flight.ts'
import { Journal } from '../../../src/cache/journal.ts'
import { manyByOne } from '../../../src/memory/many-by-one.ts'
import { Wait } from '../../../src/cache/waits.ts'
import type { StoredValue, ValueStorage } from '../../../src/storage/values.ts'
import type { Facets } from '../../../src/testing/simulator/simulated-server.ts'
import { replace } from './core.ts'
import type { Mutation } from './mutation.ts'

const values =
  (mutate: (sound: ValueStorage, now: () => number) => Partial<ValueStorage>) =>
  (facets: Facets, now: () => number): Facets => {
    const mutated = { ...facets.values, ...mutate(facets.values, now) }
    return { ...facets, values: { ...mutated, ...manyByOne(mutated) } }
  }

/** What is under a key, as text. */
async function at(sound: ValueStorage, key: string): Promise<string | null> {
  const [stored = null] = await sound.getMany([key])
  return stored
}

const NO_GENERATION = '0'.repeat(22)
const isGeneration = (key: string): boolean => /^[^:]*:#[gct]\//.test(key)

/** The fill of a load, and what else may let it in where it must not be stored. */
const fills: readonly Mutation[] = [
  {
    name: 'no fence',
    like: 'every cache-aside library: a load that began before a removal is stored after it',
    breakStorage: values((sound) => ({ replace: (key, _, value, ttlMs) => put(sound, key, value, ttlMs) })),
  },
  {
    name: 'fence by time',
    like: 'last write wins: what is there is older than the load, and nothing is older than everything',
    breakStorage: values((sound) => ({
      async replace(key, expected, value, ttlMs) {
        const stored = await at(sound, key)
        const began = Number(/\.(\d{13})\d{3};$/.exec(expected)?.[1] ?? 0)
        const isOlder = stored === null || Number(stored.slice(0, 13)) < began
        return isOlder
          ? await put(sound, key, value, ttlMs)
          : await sound.replace(key, expected, value, ttlMs)
      },
    })),
  },
  {
    name: 'removal that spares loads',
    like: 'DEL of the value, while the lock of the load lies under another key',
    breakStorage: values((sound) => ({
      async remove(keys) {
        const stored = await sound.getMany(keys)
        return await sound.remove(keys.filter((_, index) => !stored[index]?.startsWith('L')))
      },
    })),
  },
  {
    name: 'reservation known by its sender alone',
    like: 'SET NX with an id of the loader: executed again after a removal it lets an outdated fill in',
    rates: { duplicated: 0.6 },
    breakStorage: values((sound) => ({
      async reserve(key, mark, ttlMs, instead) {
        const reply = await sound.reserve(key, mark, ttlMs, instead)
        if (!reply.startsWith(mark)) return reply
        const placeholder = `${mark}${'0'.repeat(16)};`
        await sound.patch(key, reply, placeholder, ttlMs)
        return placeholder
      },
    })),
  },
  {
    name: 'reservation that is no claim',
    like: 'GET, then SET: everybody who misses loads',
    breakStorage: values((sound) => ({
      async reserve(key, mark, ttlMs, instead) {
        if ((await at(sound, key))?.startsWith('L') === true) await sound.remove([key])
        return await sound.reserve(key, mark, ttlMs, instead)
      },
    })),
  },
  {
    name: 'set without notAfter',
    like: 'SET from an offline queue: what was given up long ago overwrites what came after',
    breakStorage: values((sound) => ({
      set: (key, value, ttlMs) => sound.set(key, value, ttlMs, Infinity),
    })),
  },
]

const lives: readonly Mutation[] = [
  {
    name: 'time to live that others prolong',
    like: 'sliding expiration: what is read often never ends',
    breakStorage: values((sound) => ({
      replace: (key, expected, value, ttlMs) => sound.replace(key, expected, value, ttlMs * 1_000),
    })),
  },
  {
    name: 'nothing kept in an outage',
    like: 'every library with a breaker: each call of a cut-off process loads',
    rates: { reset: 3 },
    breakCore: () => replace(BoundedMemory.prototype, 'set', () => () => undefined),
  },
]

const generations: readonly Mutation[] = [
  {
    name: 'generation by clock',
    like: 'tags as timestamps (bentocache, HybridCache): two in one tick of the clock are the same',
    breakStorage: values((sound, now) => {
      const generation = (): string => String(Math.floor(now() / 1_000)).padStart(22, '0')
      const store = async (key: string, ttlMs: number): Promise<string> => {
        await sound.remove([key])
        const stored = await sound.ensure(key, generation(), ttlMs)
        return stored.slice(0, 22)
      }
      return {
        getMany: async (keys) =>
          (await sound.getMany(keys)).map((stored, i) =>
            stored !== null && isGeneration(keys[i] ?? '') ? stored.slice(0, 22) : stored,
          ),
        async ensure(key, _, ttlMs) {
          const stored = await at(sound, key)
          return stored === null ? await store(key, ttlMs) : (await sound.ensure(key, '', ttlMs)).slice(0, 22)
        },
        renew: (key, _, ttlMs) => store(key, ttlMs),
      }
    }),
  },
  {
    name: 'missing generation = 0',
    like: 'async-cache-dedupe: a tag that nobody has invalidated has no key, so its loss brings back what was stored before',
    breakStorage: values((sound) => ({
      getMany: async (keys) =>
        (await sound.getMany(keys)).map((stored, i) =>
          stored === null && isGeneration(keys[i] ?? '') ? NO_GENERATION : stored,
        ),
      ensure: async (key, mark, ttlMs) =>
        (await at(sound, key)) === null ? NO_GENERATION : await sound.ensure(key, mark, ttlMs),
    })),
  },
]

const invalidations: readonly Mutation[] = [
  {
    name: 'generation of a tag that is remembered, not read',
    like: 'HybridCache: each process keeps the time stamps of tags, so others invalidate in vain (dotnet/extensions #7411)',
    breakStorage: values((sound) => {
      const remembered = new Map<string, string>()
      return {
        getMany: async (keys) =>
          (await sound.getMany(keys)).map((stored, i) => {
            const key = keys[i] ?? ''
            // What is read on its own is read: only what goes along with entries is taken from memory.
            const isGuess = key.includes(':#t/') && keys.length > 2
            if (stored !== null && key.includes(':#t/') && !remembered.has(key)) remembered.set(key, stored)
            return isGuess ? (remembered.get(key) ?? stored) : stored
          }),
      }
    }),
  },
  {
    name: 'journal lost',
    like: 'every library: a removal that Redis did not acknowledge is an error in a log',
    breakCore: () => replace(Journal.prototype, 'add', () => () => undefined),
  },
  {
    name: 'removal that leaves a stale value',
    like: 'FusionCache with fail-safe: what was removed is what a failed load answers with',
    breakStorage: values((sound) => ({
      async remove(keys) {
        const [key = ''] = keys
        const stored = await at(sound, key)
        const levels = key.startsWith('sim::') ? 1 : key.startsWith('sim:n:') ? 2 : 3
        const entry = stored === null ? undefined : readEntry(stored, levels, undefined)
        if (keys.length !== 1 || entry === undefined || entry.staleMs === 0) return await sound.remove(keys)
        await sound.patch(key, entry.head, expiredHead(entry, 'removed-----'.slice(0, 11)), entry.staleMs)
        return 1
      },
    })),
  },
  {
    name: 'join without a look',
    like: 'every in-process single flight: who comes after a removal elsewhere shares the load that began before it',
    breakCore: () =>
      replace(
        Flight.prototype,
        'enter',
        (entered) =>
          function (this: Flight) {
            Object.defineProperty(this, 'began', {
              get: () => undefined,
              set() {},
              configurable: true,
            })
            entered.call(this)
          },
      ),
  },
  {
    name: 'degraded memory after recovery',
    like: 'a memory layer with a time to live: what was kept in an outage is given in the next, whatever came between',
    breakCore: () => replace(BoundedMemory.prototype, 'clear', () => () => undefined),
  },
  {
    name: 'degraded memory after a removal',
    like: 'a memory layer that a removal reaches only when Redis does',
    breakCore: () => replace(BoundedMemory.prototype, 'delete', () => () => undefined),
  },
]

const endless: readonly Mutation[] = [
  {
    name: 'renewal without end',
    like: 'ours, in its first form: a load that never settles pinned its key in every process',
    breakCore: () =>
      replace(
        Flight.prototype,
        'abort',
        (abort) =>
          function (this: Flight, reason: unknown) {
            if (!(reason instanceof LoadTimeoutError)) abort.call(this, reason)
          },
      ),
  },
  {
    name: 'waits without push and without poll',
    like: 'BLPOP on a list that a dead loader never fills',
    breakCore: () => replace(Wait.prototype, 'wake', () => () => undefined),
  },
  {
    name: 'each whose wait is over loads',
    like: 'bentocache with a lock timeout: each who waited in vain for the lock loads for itself',
    breakCore: () =>
      replace(
        Wait.prototype,
        'enter',
        (enter) =>
          function (this: Wait) {
            Object.defineProperty(this, 'alone', { get: () => undefined, set() {}, configurable: true })
            enter.call(this)
          },
      ),
  },
  {
    name: 'addition without memory',
    like: 'INCR over a client that repeats what was not answered',
    breakStorage: values((sound) => {
      let count = 0
      const { counters } = sound
      return {
        counters: {
          add: (key, by, operation, life, notAfter) =>
            counters.add(key, by, `${operation} ${(count += 1)}`, life, notAfter),
        },
      }
    }),
  },
]

export const cacheMutations: readonly Mutation[] = [
  ...fills,
  ...lives,
  ...generations,
  ...invalidations,
  ...endless,
]

async function put(sound: ValueStorage, key: string, value: StoredValue, ttlMs: number): Promise<true> {
  await sound.set(key, value, ttlMs, Infinity)
  return true
}
