import { describe, expect, it } from 'vitest'
import { type Cache, type Storage, StorageRefusedError, createCache, memoryStorage } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'

/** A load that the test ends. */
function slowLoad<T>(): { load: () => Promise<T>; started: Promise<void>; finish: (value: T) => void } {
  let finish: (value: T) => void = () => undefined
  let start = (): void => undefined
  const loaded = new Promise<T>((resolve) => (finish = resolve))
  const started = new Promise<void>((resolve) => (start = resolve))
  const load = (): Promise<T> => {
    start()
    return loaded
  }
  return { load, started, finish }
}

function twoCaches(): [Cache, Cache] {
  const storage = memoryStorage()
  return [createCache(storage), createCache(storage)]
}

describe('the cache', () => {
  it.each([0, '', false, null, [1], { a: { b: 1 } }, new Date(0), 10n])(
    'returns value %# as it was stored',
    async (value) => {
      const [one, other] = twoCaches()
      await one.set('a', value)
      expect(await other.get('a')).toEqual(value)
      expect(await other.exists('a')).toBe(true)
      expect([await one.remove('a'), await one.remove('a')]).toEqual([1, 0])
      expect(await other.get('a')).toBeUndefined()
    },
  )

  it('loads once for all concurrent callers, in this process and in others', async () => {
    const [one, other] = twoCaches()
    const { load, started, finish } = slowLoad<number>()
    const first = one.getOrCreate('a', load)
    await started
    const others = [one, other, other].map((cache) => cache.getOrCreate('a', () => -1))
    await settle()
    finish(1)
    expect(await Promise.all([first, ...others])).toEqual([1, 1, 1, 1])
    expect(one.stats()).toMatchObject({ loads: 1, joined: 1, misses: 2, hits: 0 })
    expect(other.stats()).toMatchObject({ loads: 0, waits: 2 })
  })

  it.each(['remove', 'set'] as const)(
    'does not share, once a %s has resolved, what began to load while it was on its way',
    async (how) => {
      const storage = memoryStorage()
      let arrive = (): void => undefined
      const held = new Promise<void>((resolve) => (arrive = resolve))
      const { values } = storage
      const cache = createCache({
        ...storage,
        values: {
          ...values,
          remove: async (keys) => (await held, values.remove(keys)),
          set: async (...args) => (await held, values.set(...args)),
        },
      })
      const change = how === 'remove' ? cache.remove('a') : cache.set('a', 'new')
      const { load, started, finish } = slowLoad<string>()
      const before = cache.getOrCreate('a', load)
      await started
      arrive()
      await change
      const after = cache.getOrCreate('a', () => 'new')
      finish('old')
      expect(await Promise.all([before, after])).toEqual(['old', 'new'])
    },
  )

  it.each(['here', 'elsewhere'])(
    'does not store, or share, what was loading when the key was removed %s',
    async (where) => {
      const [one, other] = twoCaches()
      const { load, started, finish } = slowLoad<string>()
      const old = one.getOrCreate('a', load)
      await started
      const remover = where === 'here' ? one : other
      await remover.remove('a')
      const fresh = remover.getOrCreate('a', () => 'fresh')
      finish('old')
      expect([await old, await fresh]).toEqual(['old', 'fresh'])
      expect(await one.get('a')).toBe('fresh')
      expect(one.stats().fillsRefused).toBe(1)
    },
  )

  it('stores nothing of a load that fails, and lets the next one try', async () => {
    const [cache] = twoCaches()
    await expect(cache.getOrCreate('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await cache.getOrCreate('a', () => 2)).toBe(2)
    expect(cache.stats()).toMatchObject({ loads: 2, loadFailures: 1 })
  })

  it('counts hits and loads', async () => {
    const [cache] = twoCaches()
    expect(cache.stats().hitRate).toBeUndefined()
    await cache.set('a', 1)
    await Promise.all([cache.get('a'), cache.get('a'), cache.get('a'), cache.get('b')])
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 1, hitRate: 0.75 })
  })

  it.each([
    ['an empty key', (cache: Cache) => cache.get('')],
    ['undefined', (cache: Cache) => cache.set('a', undefined)],
    ['a time to live of 0', (cache: Cache) => cache.set('a', 1, { ttlMs: 0 })],
    ['a time to live of NaN', (cache: Cache) => cache.getOrCreate('a', () => 1, { ttlMs: Number.NaN })],
  ])('refuses %s', async (_, call) => {
    const [cache] = twoCaches()
    await expect(call(cache)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('a load that reads its own key', () => {
  const deadlock = { code: 'SELF_DEADLOCK' }

  it('is refused, directly, through another key, and through another cache of this process', async () => {
    const [one, other] = twoCaches()
    await expect(one.getOrCreate('a', () => one.getOrCreate('a', () => 1))).rejects.toMatchObject(deadlock)
    const viaB = one.getOrCreate('a', () => one.getOrCreate('b', () => one.getOrCreate('a', () => 1)))
    await expect(viaB).rejects.toMatchObject(deadlock)
    await expect(one.getOrCreate('a', () => other.getOrCreate('a', () => 1))).rejects.toMatchObject(deadlock)
    expect(await other.getOrCreate('a', () => 2)).toBe(2)
  })

  it('may ask for others, and for its own from what it left running', async () => {
    const [cache] = twoCaches()
    const { load, finish } = slowLoad<undefined>()
    let later: Promise<number> | undefined
    const loaded = await cache.getOrCreate('a', async () => {
      later = load().then(() => cache.getOrCreate('a', () => -1))
      return (await cache.getOrCreate('b', () => 1)) + 1
    })
    finish(undefined)
    expect([loaded, await later]).toEqual([2, 2])
  })
})

describe('a storage that refuses', () => {
  const full = (): Promise<never> => Promise.reject(new StorageRefusedError('OOM command not allowed'))
  const refusing = (...commands: (keyof Storage['values'])[]): Storage => {
    const memory = memoryStorage()
    return {
      ...memory,
      values: { ...memory.values, ...Object.fromEntries(commands.map((name) => [name, full])) },
    }
  }

  it.each<[keyof Storage['values']]>([['getMany'], ['reserve'], ['replace']])(
    'at %s does not prevent a load from answering; nothing is stored, and no other caller waits for it',
    async (command) => {
      const storage = refusing(command)
      const cache = createCache(storage)
      expect(await cache.getOrCreate('a', () => 1)).toBe(1)
      expect(await memoryStored(storage)).toBe(0)
      expect(await createCache(storage).getOrCreate('a', () => 2)).toBe(2)
    },
  )

  it('during set and during the removal after a failed load: set rejects, and the load rejects with its own error', async () => {
    const cache = createCache(refusing('set', 'removeIf'))
    await expect(cache.set('a', 1)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    await expect(cache.getOrCreate('a', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  })
})

/** How many values the storage holds of the key `a`, placeholders included. */
async function memoryStored(storage: Storage): Promise<number> {
  return storage.values.remove(['app::a'])
}
