import { afterEach, describe, expect, it, vi } from 'vitest'
import { type CacheCodec, createCache, jsonCodec } from '@holdfast/core'
import { waiting, world } from './world.ts'

const deep = (levels: number): unknown => (levels === 0 ? 'bottom' : { below: [deep(levels - 1)] })

const VALUES: readonly (readonly [what: string, value: object])[] = [
  ['plain data', { list: [1, { two: [null, 'three'] }], text: 'x', none: null, is: false }],
  ['a list', [[1], [], {}, 'a']],
  [
    'what only the codec can say',
    { at: new Date(0), ids: new Set([1n]), of: new Map([['a', { b: undefined }]]) },
  ],
  ['a prototype that is data', JSON.parse('{"__proto__":{"isAdmin":true},"b":{"__proto__":[1]}}') as object],
  ['many levels', deep(120) as object],
  ['text that looks like a mark', { note: '$holdfast', of: [{}] }],
]

/** All objects in a value. */
function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  const parts =
    value instanceof Map || value instanceof Set
      ? [...value]
      : Reflect.ownKeys(value).map((key) => Reflect.get(value, key) as unknown)
  return [value, ...parts.flatMap(objectsIn)]
}

function expectApart(values: readonly unknown[], expected: unknown): void {
  for (const value of values) expect(value).toStrictEqual(expected)
  const all = values.flatMap(objectsIn)
  expect(new Set(all).size).toBe(all.length)
}

const CALLERS = [1, 2, 3, 4]

describe.each(VALUES)('callers who get %s at the same time', (_, value) => {
  it('share no part of it when they read it together', async () => {
    const { cache } = world()
    const one = cache()
    await one.set('a', value)
    expectApart(await Promise.all(CALLERS.map(() => one.get('a'))), value)
  })

  it('share no part of it when they join a load, or wait for that of another process', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    let finish!: (value: object) => void
    const loaded = new Promise<object>((resolve) => (finish = resolve))
    const calls = [one, other].flatMap((each) => CALLERS.map(() => each.getOrCreate('a', () => loaded)))
    await waiting(...calls)
    finish(value)
    expectApart(await Promise.all(calls), value)
  })
})

describe('what callers get of one value', () => {
  afterEach(() => void vi.restoreAllMocks())

  it.each([
    ['a plain value', { rows: [{ at: 1 }] }, 2],
    ['an object with many keys', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, i])), 4],
    [
      'a list of such objects',
      [{}, Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, i]))],
      4,
    ],
    ['many levels', deep(60), 4],
  ])(
    'is read from its text as often as that takes less time than to copy it: %s',
    async (_, value, times) => {
      const { cache } = world()
      const one = cache()
      await one.set('a', value)
      const parse = vi.spyOn(JSON, 'parse')
      const values = await Promise.all(CALLERS.map(() => one.get('a')))
      expect(parse).toHaveBeenCalledTimes(times)
      vi.restoreAllMocks()
      expectApart(values, value)
    },
  )

  it('is what a test has jsonCodec make of it', async () => {
    const { cache } = world()
    const one = cache()
    await one.set('a', { at: 0 })
    vi.spyOn(jsonCodec, 'decode').mockImplementation(() => new Date(0))
    expect(await Promise.all(CALLERS.map(() => one.get('a')))).toEqual(CALLERS.map(() => new Date(0)))
  })

  it('has nothing that others put on the prototype of all objects', async () => {
    const { cache } = world()
    const one = cache()
    await one.set('a', { list: [{}] })
    Object.defineProperty(Object.prototype, 'foreign', {
      value: { a: 1 },
      enumerable: true,
      configurable: true,
    })
    const values = await Promise.all(CALLERS.map(() => one.get<object>('a'))).finally(() =>
      Reflect.deleteProperty(Object.prototype, 'foreign'),
    )
    expect(values.map((value) => Object.keys(value ?? {}))).toEqual(CALLERS.map(() => ['list']))
  })

  it('is made by another codec for each of them', async () => {
    const { storage, runtime } = world()
    let made = 0
    const codec: CacheCodec = {
      name: 'counted',
      encode: (value) => jsonCodec.encode(value),
      decode: (data) => ({ made: (made += 1), data }),
    }
    const one = createCache(storage, { runtime, codec })
    await one.set('a', 1)
    const values = await Promise.all(CALLERS.map(() => one.get<{ made: number }>('a')))
    expect(values.map((value) => value?.made)).toEqual(CALLERS)
  })

  it('is not what one of them has changed meanwhile', async () => {
    const { cache } = world()
    const one = cache()
    await one.set('a', { list: [1] })
    const seen: string[] = []
    await Promise.all(
      CALLERS.map(async (caller) => {
        const value = await one.get<{ list: number[] }>('a')
        seen.push(JSON.stringify(value))
        value?.list.push(caller)
      }),
    )
    expect(seen).toEqual(CALLERS.map(() => '{"list":[1]}'))
  })
})
