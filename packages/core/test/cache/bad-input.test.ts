/** What the cache refuses: as a rejection that names the argument and what is allowed, before it sends anything. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type Cache, type Storage, createCache, entry, escapeGlob, memoryStorage } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'

/** What a caller without the types passes. */
const wrong = (value: unknown): never => value as never

const commands: string[] = []

/** Notes every command, and the reads of the clock. */
function noting<T extends object>(part: T): T {
  return new Proxy(part, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function')
        return member === null || typeof member !== 'object' ? member : noting(member)
      return (...args: unknown[]): unknown => {
        commands.push(String(name))
        return Reflect.apply(member, target, args)
      }
    },
  })
}

const memory = memoryStorage()
const storage: Storage = { ...memory, values: noting(memory.values), time: noting(memory).time }
const cache = createCache(storage, { jitter: 0 })
afterAll(() => cache.close())
beforeEach(() => void (commands.length = 0))

type Call = (on: Cache) => Promise<unknown>

async function refused(call: Call, message: RegExp): Promise<void> {
  let promise: Promise<unknown> | undefined
  expect(() => (promise = call(cache))).not.toThrow()
  await expect(promise).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message) as string,
  })
  await settle()
  expect(commands).toEqual([])
}

const load = (): number => 1
const loadMissing = (): Map<string, number> => new Map()

describe('a key', () => {
  const keys: readonly (readonly [what: string, key: unknown, message: RegExp])[] = [
    ['empty', '', /^key must be a non-empty string; got ""/],
    ['a number', 5, /^key must be a non-empty string; got 5/],
    ['null', null, /^key must be a non-empty string; got null/],
    ['of 1,025 bytes', 'é'.repeat(512) + 'x', /^key takes 1025 bytes; at most 1024 are allowed/],
    ['with a line break', 'a\nb', /^key must be a string without control characters/],
    ['with half of a character', 'a\ud83d', /^key must be a string without control characters and unpaired/],
  ]
  const calls: readonly (readonly [what: string, call: (on: Cache, key: never) => Promise<unknown>])[] = [
    ['get', (on, key) => on.get(key)],
    ['getMany', (on, key) => on.getMany(['a', key])],
    ['getEntry', (on, key) => on.getEntry(key)],
    ['exists', (on, key) => on.exists(key)],
    ['set', (on, key) => on.set(key, 1)],
    [
      'setMany',
      (on, key) =>
        on.setMany(
          new Map([
            ['a', 1],
            [key, 1],
          ]),
        ),
    ],
    ['remove of many', (on, key) => on.remove(['a', key])],
    ['expire', (on, key) => on.expire(key)],
    ['getOrCreate', (on, key) => on.getOrCreate(key, load)],
    ['getOrCreateMany', (on, key) => on.getOrCreateMany(['a', key], loadMissing)],
    ['hashSet', (on, key) => on.hashSet(key, 'f', 1)],
    ['hashGet', (on, key) => on.hashGet(key, 'f')],
    ['hashGetAll', (on, key) => on.hashGetAll(key)],
    ['hashDelete', (on, key) => on.hashDelete(key, 'f')],
    ['increment', (on, key) => on.increment(key)],
    ['decrement', (on, key) => on.decrement(key)],
  ]
  it.each(
    keys.flatMap(([what, key, message]) =>
      calls.map(([name, call]) => [what, name, key, message, call] as const),
    ),
  )('%s is refused by %s', async (_what, _name, key, message, call) => {
    await refused((on) => call(on, wrong(key)), message)
  })

  it.each<[string, RegExp, Call]>([
    ['remove of an empty one', /^key must be/, (on) => on.remove('')],
    ['remove of a number', /^keys must be a key or an array of keys; got 5/, (on) => on.remove(wrong(5))],
    ['getMany of a string', /^keys must be an array of keys; got "a"/, (on) => on.getMany(wrong('a'))],
    ['getMany of a set', /^keys must be an array/, (on) => on.getMany(wrong(new Set(['a'])))],
    [
      'getOrCreateMany of nothing',
      /^keys must be an array/,
      (on) => on.getOrCreateMany(wrong(undefined), loadMissing),
    ],
    [
      'setMany of an array',
      /^values must be a Map or a plain object; got an array/,
      (on) => on.setMany(wrong(['a'])),
    ],
    ['setMany of a set', /^values must be a Map or a plain object/, (on) => on.setMany(wrong(new Set()))],
    ['setMany of a string', /^values must be a Map or a plain object/, (on) => on.setMany(wrong('ab'))],
    ['setMany with an empty one in an object', /^key must be/, (on) => on.setMany({ a: 1, '': 2 })],
  ])('%s is refused', async (_, message, call) => {
    await refused(call, message)
  })

  it('of 1,024 bytes is none of these', async () => {
    await cache.set('é'.repeat(512), 1)
    expect(await cache.get('é'.repeat(512))).toBe(1)
  })
})

describe('an option', () => {
  const DURATIONS = ['ttlMs', 'softTimeoutMs', 'hardTimeoutMs', 'waitMs']
  const notDurations = [0, 0.5, -1, NaN, Infinity, 86_400_000_001, '60', '1m', null, 5n, {}, new Date(5)]

  it.each(DURATIONS.flatMap((name) => notDurations.map((value, i) => [name, i, value] as const)))(
    '%s that is no duration (%i) is refused',
    async (name, _, value) => {
      const message = new RegExp(`^${name} must be a number of milliseconds from 1 to 86400000000; got`)
      await refused((on) => on.getOrCreate('a', load, { [name]: value }), message)
    },
  )

  it.each(notDurations.filter((value) => value !== 0 && value !== 0.5))(
    'staleMs: %s, that of a definition, of a hash and of a counter are checked like that, too',
    async (value) => {
      const ms = wrong(value)
      const positive = /ttlMs must be a number of milliseconds from 1 to/
      await refused(
        (on) => on.set('a', 1, { staleMs: ms }),
        /staleMs must be a number of milliseconds from 0 to/,
      )
      await refused((on) => on.set('a', 1, { ttlMs: ms }), positive)
      await refused((on) => on.setMany({ a: 1 }, { ttlMs: ms }), positive)
      await refused((on) => on.getOrCreateMany(['a'], loadMissing, { ttlMs: ms }), positive)
      await refused((on) => on.hashSet('a', 'f', 1, { ttlMs: ms }), positive)
      await refused((on) => on.hashSet('a', { f: 1 }, { ttlMs: ms }), positive)
      await refused((on) => on.increment('a', 1, { ttlMs: ms }), positive)
      expect(() => cache.define('d', { ttlMs: ms })).toThrow(positive)
      expect(() => cache.namespace('n', { ttlMs: ms })).toThrow(positive)
      expect(() => createCache(storage, { degraded: { ttlMs: ms } })).toThrow(/degraded.ttlMs must be/)
      expect(() => entry(1, { ttlMs: ms })).toThrow(positive)
    },
  )

  it.each<[string, RegExp, Call]>([
    [
      'jitter above 1',
      /^jitter must be a number from 0 to 1; got 1.1/,
      (on) => on.set('a', 1, { jitter: 1.1 }),
    ],
    [
      'jitter below 0',
      /^jitter must be a number from 0 to 1/,
      (on) => on.getOrCreate('a', load, { jitter: -0.1 }),
    ],
    ['jitter that is NaN', /^jitter must be/, (on) => on.set('a', 1, { jitter: NaN })],
    ['jitter that is a text', /^jitter must be/, (on) => on.set('a', 1, { jitter: wrong('0.5') })],
    ['staleMs: null', /^staleMs must be/, (on) => on.set('a', 1, { staleMs: wrong(null) })],
    [
      'softTimeoutMs as long as hardTimeoutMs',
      /^softTimeoutMs \(50\) must be less than hardTimeoutMs \(50\)/,
      (on) => on.getOrCreate('a', load, { softTimeoutMs: 50, hardTimeoutMs: 50 }),
    ],
    [
      'softTimeoutMs longer than the default of hardTimeoutMs',
      /^softTimeoutMs \(60000\) must be less than hardTimeoutMs \(30000\)/,
      (on) => on.getOrCreateMany(['a'], loadMissing, { softTimeoutMs: 60_000 }),
    ],
    [
      "onLoadError: 'stale' without staleMs",
      /^onLoadError: 'stale' needs staleMs/,
      (on) => on.getOrCreate('a', load, { onLoadError: 'stale' }),
    ],
    [
      'another onLoadError',
      /^onLoadError must be 'throw' or 'stale'/,
      (on) => on.getOrCreate('a', load, { onLoadError: wrong('keep') }),
    ],
    [
      'another onOutage',
      /^onOutage must be 'throw' or 'miss'; got true/,
      (on) => on.get('a', { onOutage: wrong(true) }),
    ],
    [
      'another ttlOn',
      /^ttlOn must be 'create' or 'always'/,
      (on) => on.increment('a', 1, { ttlOn: wrong('write') }),
    ],
    [
      'copy that is a text',
      /^copy must be true or false; got "false"/,
      (on) => on.getOrCreate('a', load, { copy: wrong('false') }),
    ],
    [
      'refresh that is a number',
      /^refresh must be true or false/,
      (on) => on.getOrCreate('a', load, { refresh: wrong(1) }),
    ],
    [
      'signal that is a controller',
      /^signal must be an AbortSignal/,
      (on) => on.getOrCreate('a', load, { signal: wrong(new AbortController()) }),
    ],
    [
      'earlyRefresh that is a number',
      /^earlyRefresh must be true, false or \{ beta \}/,
      (on) => on.getOrCreate('a', load, { earlyRefresh: wrong(1) }),
    ],
    [
      'a beta of 0',
      /^earlyRefresh.beta must be a number/,
      (on) => on.getOrCreate('a', load, { earlyRefresh: { beta: 0 } }),
    ],
    [
      'a misspelt beta',
      /^Unknown option `earlyRefresh.bata`; did you mean `earlyRefresh.beta`/,
      (on) => on.getOrCreate('a', load, { earlyRefresh: wrong({ bata: 1 }) }),
    ],
    [
      'unknown ones of get',
      /^Unknown option `onoutage`; did you mean `onOutage`\?/,
      (on) => on.get('a', wrong({ onoutage: 'miss' })),
    ],
    ['unknown ones of getMany', /`ttlMs`/, (on) => on.getMany(['a'], wrong({ ttlMs: 1 }))],
    ['unknown ones of getEntry', /`x`/, (on) => on.getEntry('a', wrong({ x: 1 }))],
    ['unknown ones of exists', /`x`/, (on) => on.exists('a', wrong({ x: 1 }))],
    ['unknown ones of set', /`ttl`; did you mean `ttlMs`/, (on) => on.set('a', 1, wrong({ ttl: 1 }))],
    ['unknown ones of setMany', /`ttl`; did you mean `ttlMs`/, (on) => on.setMany({}, wrong({ ttl: 1 }))],
    ['unknown ones of getOrCreate', /`grace`/, (on) => on.getOrCreate('a', load, wrong({ grace: 1 }))],
    [
      'unknown ones of getOrCreateMany',
      /`tag`; did you mean `tags`/,
      (on) => on.getOrCreateMany([], loadMissing, wrong({ tag: 'x' })),
    ],
    ['unknown ones of hashSet', /`TTL`; did you mean/, (on) => on.hashSet('a', 'f', 1, wrong({ TTL: 1 }))],
    [
      'unknown ones of increment',
      /`ttl`; did you mean `ttlMs`/,
      (on) => on.increment('a', 1, wrong({ ttl: 1 })),
    ],
    [
      'unknown ones of decrement',
      /`ttl`; did you mean `ttlMs`/,
      (on) => on.decrement('a', 1, wrong({ ttl: 1 })),
    ],
    [
      'unknown ones of removeByPattern',
      /`onprogress`; did you mean `onProgress`/,
      (on) => on.removeByPattern('a*', wrong({ onprogress: load })),
    ],
    [
      'null instead of them',
      /^The options must be an object; got null/,
      (on) => on.getOrCreate('a', load, wrong(null)),
    ],
    [
      'a number instead of them',
      /^The options must be an object; got 5000/,
      (on) => on.set('a', 1, wrong(5_000)),
    ],
  ])('%s is refused', async (_, message, call) => {
    await refused(call, message)
  })

  it.each<[string, RegExp, () => unknown]>([
    [
      'unknown ones of namespace',
      /`ttlms`; did you mean `ttlMs`/,
      () => cache.namespace('n', wrong({ ttlms: 1 })),
    ],
    [
      'unknown ones of define',
      /`loadAll`; did you mean `load/,
      () => cache.define('d', wrong({ loadAll: load })),
    ],
    [
      'unknown ones of degraded',
      /`degraded.maxEntry`/,
      () => createCache(storage, { degraded: wrong({ maxEntry: 1 }) }),
    ],
    [
      'those of reads, of entry()',
      /`onOutage`; the options are/,
      () => entry(1, wrong({ onOutage: 'miss' })),
    ],
    ['unknown ones of entry()', /`ttl`; did you mean `ttlMs`/, () => entry(1, wrong({ ttl: 1 }))],
    [
      'soft time-outs of a namespace that its hard ones end',
      /^softTimeoutMs/,
      () => cache.namespace('n', { softTimeoutMs: 9, hardTimeoutMs: 8 }),
    ],
    [
      'stale ones of a definition that keeps none',
      /needs staleMs/,
      () => cache.define('d', { onLoadError: 'stale' }),
    ],
    [
      'a codec that only encodes',
      /^codec.decode must be a function/,
      () => cache.namespace('n', { codec: wrong({ encode: String }) }),
    ],
    [
      'maxValueBytes of 0',
      /^maxValueBytes must be a whole number from 1/,
      () => cache.namespace('n', { maxValueBytes: 0 }),
    ],
    [
      'maxQueuedRemovals of 0',
      /^maxQueuedRemovals must be/,
      () => createCache(storage, { maxQueuedRemovals: 0 }),
    ],
    ['no options of define', /^The options must be an object/, () => cache.define('d', wrong(undefined))],
    [
      'a key of a definition that is no function',
      /^key must be a function/,
      () => cache.define('d', { key: wrong('id') }),
    ],
    [
      'a load of a definition that is no function',
      /^load must be a function/,
      () => cache.define('d', { load: wrong(5) }),
    ],
    [
      'a loadMany that is no function',
      /^loadMany must be a function/,
      () => cache.define('d', { loadMany: wrong([]) }),
    ],
    [
      'a schema that is none',
      /^schema\['~standard'\].validate must be a function/,
      () => cache.define('d', { schema: wrong({ parse: load }) }),
    ],
    [
      'a schema that is async',
      /validate must not be async/,
      () =>
        cache.define('d', {
          schema: { '~standard': { version: 1, vendor: 'x', validate: async (value) => ({ value }) } },
        }),
    ],
    ['a version that is NaN', /^version must be/, () => cache.define('d', { version: NaN })],
    ['a version that is an object', /^version must be/, () => cache.define('d', { version: wrong({}) })],
    ['an empty version', /^version must be/, () => cache.define('d', { version: '' })],
    ['a version with a line break', /^version must be/, () => cache.define('d', { version: 'a\n' })],
  ])('%s are thrown: these calls send nothing, and return no promise', (_, message, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(call).toThrow(message)
    expect(commands).toEqual([])
  })
})

describe('a name', () => {
  const names: readonly (readonly [what: string, name: unknown, message: string])[] = [
    ['empty', '', 'must be a non-empty string'],
    ['a number', 5, 'must be a non-empty string; got 5'],
    ['of 1,025 bytes', 'x'.repeat(1_025), 'takes 1025 bytes; at most 1024 are allowed'],
    ['with a control character', 'a\u0000', 'must be a string without control characters'],
    [
      'with half of a character',
      '\udc00',
      'must be a string without control characters and unpaired surrogates',
    ],
  ]
  it.each(names)(
    'of a tag, a namespace, a definition or a field that is %s is refused',
    async (_, value, message) => {
      const name = wrong(value)
      const tag = new RegExp(`^a tag ${message}`)
      await refused((on) => on.set('a', 1, { tags: ['x', name] }), tag)
      await refused((on) => on.getOrCreate('a', load, { tags: [name] }), tag)
      await refused((on) => on.getOrCreateMany(['a'], loadMissing, { tags: [name] }), tag)
      await refused((on) => on.invalidateTags(['x', name]), tag)
      expect(() => entry(1, { tags: [name] })).toThrow(tag)
      const field = new RegExp(`^field ${message}`)
      if (typeof value === 'string') await refused((on) => on.hashSet('a', name, 1), field)
      await refused((on) => on.hashGet('a', name), field)
      await refused((on) => on.hashDelete('a', ['x', name]), field)
      if (typeof value === 'string') await refused((on) => on.hashSet('a', { x: 1, [value]: 1 }), field)
      expect(() => cache.namespace(name)).toThrow(new RegExp(`^namespace ${message}`))
      expect(() => cache.define(name, {})).toThrow(new RegExp(`^name ${message}`))
      expect(commands).toEqual([])
    },
  )

  it.each<[string, RegExp, Call]>([
    [
      'one tag that is no array',
      /^tags must be an array of tags; got "x"/,
      (on) => on.set('a', 1, { tags: wrong('x') }),
    ],
    [
      'one tag to invalidate',
      /^tags must be an array of tags; got "x"/,
      (on) => on.invalidateTags(wrong('x')),
    ],
    [
      'a 33rd tag',
      /^tags may be at most 32, and there are 33/,
      (on) => on.set('a', 1, { tags: Array.from({ length: 33 }, (_, i) => `t${i}`) }),
    ],
    [
      'fields in an array',
      /^fields must be the name of a field, or a plain object of fields/,
      (on) => on.hashSet('a', wrong(['f']), 1),
    ],
    ['fields in a map', /^fields must be/, (on) => on.hashSet('a', wrong(new Map([['f', 1]])))],
    ['null as fields', /^fields must be/, (on) => on.hashSet('a', wrong(null))],
    [
      'fields to delete that are a number',
      /^fields must be a field or an array of fields/,
      (on) => on.hashDelete('a', wrong(5)),
    ],
  ])('%s is refused', async (_, message, call) => {
    await refused(call, message)
  })
})

describe('a value', () => {
  it.each<[string, RegExp, Call]>([
    ['set', /^The value of "a" is undefined.*store null instead/, (on) => on.set('a', undefined)],
    ['setMany', /^The value of "b" is undefined/, (on) => on.setMany({ a: 1, b: undefined })],
    ['hashSet of one field', /^The field "f" is undefined/, (on) => on.hashSet('a', 'f', undefined)],
    ['hashSet of many', /^The field "g" is undefined/, (on) => on.hashSet('a', { f: 1, g: undefined })],
  ])('that is undefined is refused by %s', async (_, message, call) => {
    await refused(call, message)
  })

  it('that is undefined is refused by entry()', () => {
    expect(() => entry(undefined)).toThrow(/^entry\(\) needs a value; a load that has none returns undefined/)
  })

  it('that would not come back the same is a TypeError with its path, before anything is sent', async () => {
    const value = { list: [1, () => 1] }
    const says = expect.objectContaining({
      name: 'TypeError',
      message: expect.stringContaining('list[1]') as string,
    }) as Error
    await expect(cache.set('a', value)).rejects.toEqual(says)
    await expect(cache.setMany({ a: 1, b: value })).rejects.toEqual(says)
    await expect(cache.hashSet('a', 'f', value)).rejects.toEqual(says)
    await settle()
    expect(commands).toEqual([])
  })

  it('that a load returns, and would not come back the same, is a TypeError; its key is free', async () => {
    const value = { list: [1, () => 1] }
    await expect(cache.getOrCreate('l', () => value)).rejects.toThrow(TypeError)
    expect(await memory.values.getMany(['app::l'])).toEqual([null])
    expect(await createCache(memory).getOrCreate('l', () => 2)).toBe(2)
  })
})

describe('a load', () => {
  it.each([undefined, null, 5, 'load', Promise.resolve(1)])(
    'that is no function (%s) is refused',
    async (value) => {
      await refused((on) => on.getOrCreate('a', wrong(value)), /^load must be a function; got/)
      await refused((on) => on.getOrCreateMany(['a'], wrong(value)), /^loadMissing must be a function; got/)
    },
  )

  it.each([undefined, null, [], {}, [['m', 1]], 5])(
    'of many that returns no Map (%s) is refused, and its keys are free',
    async (made) => {
      await expect(cache.getOrCreateMany(['m', 'n'], () => wrong(made))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: 'The load of many keys must return a Map, with a value for each key that it found.',
      })
      expect(await memory.values.getMany(['app::m', 'app::n'])).toEqual([null, null])
    },
  )

  it('of many that returns what it was not asked for is refused, and stores nothing', async () => {
    const made = (): Map<string, number> =>
      new Map([
        ['m', 1],
        ['other', 2],
      ])
    await expect(cache.getOrCreateMany(['m', 'n'], made)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'loadMissing returned "other", which it was not asked for.',
    })
    expect(await memory.values.getMany(['app::m', 'app::n', 'app::other'])).toEqual([null, null, null])
    const many = cache.define<string, number>('many', { loadMany: made })
    await expect(many.getMany(['m'])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'loadMany returned "other", which it was not asked for.',
    })
    await expect(many.get('n')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('a definition', () => {
  const users = cache.define<{ id: string }, number>('users', { load })
  const byKey = cache.define<{ id: unknown }, number>('byKey', { key: ({ id }) => id as string, load })

  it.each<[string, (of: typeof users) => Promise<unknown>]>([
    ['get', (of) => of.get({ id: 'a' })],
    ['getMany', (of) => of.getMany([{ id: 'a' }])],
    ['getEntry', (of) => of.getEntry({ id: 'a' })],
    ['exists', (of) => of.exists({ id: 'a' })],
    ['set', (of) => of.set({ id: 'a' }, 1)],
    ['remove', (of) => of.remove({ id: 'a' })],
    ['remove of many', (of) => of.remove([{ id: 'a' }])],
    ['expire', (of) => of.expire({ id: 'a' })],
    ['refresh', (of) => of.refresh({ id: 'a' })],
  ])('refuses %s of an id that makes no key', async (_, call) => {
    await refused(() => call(users), /^An id that is neither a text nor a number needs a key/)
  })

  it('refuses what key() returns when it is no key', async () => {
    await refused(() => byKey.get({ id: 5 }), /^what key\(\) returns must be a string; got 5/)
    await refused(() => byKey.get({ id: '' }), /^key must be a non-empty string/)
    await refused(() => users.getMany(wrong('ids')), /^ids must be an array/)
    await refused(() => cache.define<string, number>('only', {}).refresh('a'), /^refresh\(\) needs the load/)
    await refused(() => users.refresh(wrong(5), wrong(null)), /^The options must be an object/)
    const only = cache.define<string, number>('only', {})
    await refused(() => only.get('a', wrong({ ttl: 1 })), /`ttl`; did you mean `ttlMs`/)
    await refused(() => only.getMany(['a'], wrong({ ttl: 1 })), /`ttl`; did you mean `ttlMs`/)
  })

  it('refuses a schema that answers with a promise', async () => {
    const validate = (value: unknown): Promise<{ value: number }> =>
      Promise.resolve({ value: value as number })
    const lazy = cache.define<string, number>('lazy', {
      load,
      schema: { '~standard': { version: 1, vendor: 'x', validate } },
    })
    await lazy.set('a', 1)
    await expect(lazy.get('a')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'schema must answer at once, and answered with a promise.',
    })
  })
})

describe('a counter', () => {
  it.each([1.5, NaN, Infinity, 2 ** 53, -(2 ** 53), '1', 1n, null, {}])(
    'does not count by %s',
    async (by) => {
      await refused(
        (on) => on.increment('c', wrong(by)),
        /^by must be a whole number from -9007199254740991 to 9007199254740991; got/,
      )
      await refused((on) => on.decrement('c', wrong(by)), /^by must be a whole number/)
    },
  )

  it('refuses to leave the safe integers, and stays as it is', async () => {
    await cache.increment('most', Number.MAX_SAFE_INTEGER)
    await expect(cache.increment('most')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/"most" would leave the safe integers/) as string,
    })
    expect(await cache.decrement('most', 1)).toBe(Number.MAX_SAFE_INTEGER - 1)
  })
})

describe('a pattern', () => {
  it.each([
    ['', /^pattern must be a non-empty string; got ""/],
    [5, /^pattern must be a non-empty string; got 5/],
    [/a/, /^pattern must be a non-empty string; got an object/],
    ['x'.repeat(1_025), /^pattern takes 1025 bytes; at most 1024 are allowed/],
  ])('%s is refused', async (glob, message) => {
    await refused((on) => on.removeByPattern(wrong(glob)), message)
  })

  it('is not asked for with options that are none', async () => {
    await refused((on) => on.removeByPattern('a*', { signal: wrong({}) }), /^signal must be an AbortSignal/)
    await refused(
      (on) => on.removeByPattern('a*', { onProgress: wrong(5) }),
      /^onProgress must be a function/,
    )
    expect(() => escapeGlob(wrong(5))).toThrow(/^text must be a string; got 5/)
  })
})
