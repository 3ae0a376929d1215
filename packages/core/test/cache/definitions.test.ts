import { describe, expect, it } from 'vitest'
import { type DefinitionOptions, entry } from '@holdfast/core'
import { world } from './world.ts'

interface User {
  readonly id: string
  readonly team: string
}

function users(): {
  load: (id: string) => Promise<User>
  loadMany: (ids: readonly string[]) => Promise<Map<string, User>>
  asked: string[][]
} {
  const asked: string[][] = []
  return {
    asked,
    load: async (id) => (asked.push([id]), { id, team: 'blue' }),
    loadMany: async (ids) => {
      asked.push([...ids])
      return new Map(ids.filter((id) => id !== 'none').map((id) => [id, { id, team: 'blue' }]))
    },
  }
}

describe('a definition', () => {
  it('loads one, or many in one load, and shares its values with other processes', async () => {
    const { cache } = world()
    const { loadMany, asked } = users()
    const one = cache().define<string, User>('user', { loadMany })
    const other = cache().define<string, User>('user', { loadMany })
    expect(await one.get('1')).toEqual({ id: '1', team: 'blue' })
    expect([...(await other.getMany(['2', '1', 'none'])).keys()]).toEqual(['2', '1'])
    expect(await one.get('none')).toBeUndefined()
    expect(asked).toEqual([['1'], ['2', 'none'], ['none']])
    expect(await other.exists('2')).toBe(true)
    expect(await one.remove(['1', '2', '3'])).toBe(2)
  })

  it('calls `load` for each of many where there is no `loadMany`', async () => {
    const { load, asked } = users()
    const one = world().cache().define<string, User>('user', { load })
    expect([...(await one.getMany(['1', '2'])).keys()]).toEqual(['1', '2'])
    expect(asked).toEqual([['1'], ['2']])
  })

  it('has keys of objects made by `key`, and gives many by the objects that were asked for', async () => {
    const options: DefinitionOptions<{ id: number }, number> = {
      key: ({ id }) => `${id}`,
      loadMany: (ids) => new Map(ids.map((id) => [{ ...id }, id.id])),
    }
    const squares = world().cache().define('square', options)
    const [a, b] = [{ id: 1 }, { id: 2 }]
    expect(await squares.get(a)).toBe(1)
    expect(await squares.getMany([a, b])).toEqual(
      new Map([
        [a, 1],
        [b, 2],
      ]),
    )
  })

  it('has the tags of its namespace: also those that only the load knows', async () => {
    const { cache } = world()
    const one = cache()
    const space = one.namespace('n')
    const load = async (id: string): Promise<unknown> => entry({ id }, { tags: [`user:${id}`] })
    const known = space.define('known', { load: (id: string) => id, tags: ['all'] })
    const found = space.define('found', { load })
    await Promise.all([known.get('1'), found.get('1'), found.get('2')])
    await cache().namespace('n').invalidateTags(['user:1', 'all'])
    expect([await known.exists('1'), await found.exists('1'), await found.exists('2')]).toEqual([
      false,
      false,
      true,
    ])
    await one.invalidateTags(['user:2'])
    expect(await found.exists('2')).toBe(true)
    await one.clear()
    expect(await found.exists('2')).toBe(false)
  })

  it('without a load only reads, whichever options of a load it is given', async () => {
    const one = world().cache().define<string, number>('x', {})
    expect(await one.get('a', { ttlMs: 1_000, onOutage: 'miss' })).toBeUndefined()
    await one.set('a', 1)
    expect(await one.get('a', { staleMs: 1_000 })).toBe(1)
    expect(await one.getMany(['a', 'b'], { waitMs: 1 })).toEqual(new Map([['a', 1]]))
  })

  it('counts for its namespace', async () => {
    const cache = world().cache()
    const one = cache.define<string, string>('x', { load: (id) => id })
    await one.get('a')
    await one.get('a')
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, loads: 1 })
    expect(cache.namespace('n').stats()).toMatchObject({ hits: 0, misses: 0 })
  })

  it('begins with nothing under another version, and meets no other key', async () => {
    const cache = world().cache()
    await cache.define<string, number>('x', { version: 1 }).set('a', 1)
    await cache.set('a', 0)
    expect(await cache.define<string, number>('x', { version: 1 }).get('a')).toBe(1)
    expect(await cache.define<string, number>('x', { version: 2 }).get('a')).toBeUndefined()
    expect(await cache.define<string, number>('y', { version: 1 }).get('a')).toBeUndefined()
    expect(await cache.namespace('x').define<string, number>('x', { version: 1 }).get('a')).toBeUndefined()
  })

  it('loads anew what its schema refuses, and gives what the schema makes of a hit', async () => {
    const cache = world().cache()
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' ? { value: value * 10 } : { issues: [{ message: 'no number' }] },
      },
    } as const
    const plain = cache.define<string, unknown>('x', {})
    const checked = cache.define<string, number>('x', { schema, load: () => 2 })
    await plain.set('a', 'text')
    expect(await checked.getEntry('a')).toBeUndefined()
    expect(await checked.get('a')).toBe(2)
    expect(await checked.get('a')).toBe(20)
    expect(cache.stats()).toMatchObject({ unreadable: 2, loads: 1 })
  })

  it('loads anew what its schema fails on', async () => {
    const cache = world().cache()
    await cache.define<string, unknown>('x', {}).set('a', 'an older shape')
    const validate = (value: unknown): { readonly value: unknown } => {
      if (typeof value === 'string') throw new TypeError('no member')
      return { value }
    }
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const checked = cache.define<string, unknown>('x', { schema, load: () => ({ member: 1 }) })
    expect(await checked.getEntry('a')).toBeUndefined()
    expect(await checked.get('a')).toEqual({ member: 1 })
    expect(await checked.get('a')).toEqual({ member: 1 })
    expect(cache.stats()).toMatchObject({ unreadable: 2, loads: 1 })
  })

  it('removes ids that are arrays by an array of them', async () => {
    const prices = world()
      .cache()
      .define<readonly [country: string, id: string], number>('x', { key: (id) => id.join(':') })
    await prices.set(['de', '42'], 5)
    // @ts-expect-error: it would remove 'de' and '42'
    const wrong: Parameters<typeof prices.remove> = [['de', '42']]
    expect(wrong).toHaveLength(1)
    expect(await prices.remove([['de', '42']])).toBe(1)
  })

  it('gives each of several ids that have one key its value, and loads that once', async () => {
    const asked: unknown[] = []
    const things = world()
      .cache()
      .define<{ readonly id: string }, string>('x', {
        key: ({ id }) => id,
        loadMany: (ids) => {
          asked.push(...ids)
          return new Map(ids.map((each) => [each, each.id]))
        },
      })
    const [one, same] = [{ id: '1' }, { id: '1' }]
    expect(await things.getMany([one, same])).toEqual(
      new Map([
        [one, '1'],
        [same, '1'],
      ]),
    )
    expect(asked).toHaveLength(1)
  })

  it('refreshes, keeps the value when that fails, and makes stale what is to be loaded anew', async () => {
    let value = 1
    const one = world()
      .cache()
      .define<string, number>('x', {
        staleMs: 60_000,
        load: () => (value === 0 ? Promise.reject(new Error('no')) : value),
      })
    expect([await one.get('a'), (value = 2), await one.get('a'), await one.refresh('a')]).toEqual([
      1, 2, 1, 2,
    ])
    value = 0
    await expect(one.refresh('a')).rejects.toThrow('no')
    expect(await one.get('a')).toBe(2)
    expect(await one.expire('a')).toBe(true)
    expect(await one.getEntry('a')).toMatchObject({ value: 2, isStale: true })
    await expect(one.get('a')).rejects.toThrow('no')
    expect(await one.get('a', { onLoadError: 'stale' })).toBe(2)
  })
})
