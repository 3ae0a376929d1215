import assert from 'node:assert/strict'
import { until } from '@holdfast/test-support/servers'
import type { MixedCase } from '../deploy.ts'
import type { Space } from '../peer/cache.ts'
import { everything } from './values.ts'

/** As they are, and compressed. */
const both = (name: string): readonly Space[] => [{ name }, { name: `${name} compressed`, compresses: true }]

export const cacheCases: readonly MixedCase[] = [
  {
    name: 'a cold key is loaded once, and all callers of both versions get that value',
    async run({ first, second, name }) {
      for (const space of both(name('cold'))) {
        const key = space.name
        const loading = first.call('getOrCreate', space, key, { value: everything, holds: true })
        await first.heard('loading', key)
        const callers = [first, second, second, first].map(
          async (peer) => await peer.call('getOrCreate', space, key, { value: 'once more' }),
        )
        // It says so only when the other version waits for the end of this very load.
        await until('the other version waits', async () => (await second.call('misses', space)) === 2)
        await first.call('go', key)
        assert.deepEqual(await loading, everything)
        for (const value of await Promise.all(callers)) assert.deepEqual(value, everything)
        assert.deepEqual([first.count('loading', key), second.count('loading', key)], [0, 0])
      }
    },
  },
  {
    name: 'what the one stored is a hit in the other',
    async run({ first, second, name }) {
      for (const space of both(name('hits'))) {
        await first.call('set', space, 'plain', everything)
        await first.call('set', space, 'tagged', everything, { tags: ['a', 'ü,=;%'], staleMs: 60_000 })
        await first.call('getOrCreate', space, 'loaded', { value: everything }, { earlyRefresh: true })
        const keys = ['plain', 'tagged', 'loaded']
        for (const key of keys) {
          assert.deepEqual(await second.call('get', space, key), everything)
          assert.equal(await second.call('exists', space, key), true)
        }
        const found = await second.call('getMany', space, [...keys, 'none'])
        assert.deepEqual(found, new Map(keys.map((key) => [key, everything])))
      }
      const space = { name: name('defined') }
      assert.deepEqual(await first.call('readDefined', space, 7, everything), everything)
      assert.deepEqual(await second.call('readDefined', space, 7, 'once more'), everything)
    },
  },
  {
    name: 'a removal wins over a load of the other version',
    async run({ first, second, name }) {
      const space = { name: name('removed') }
      const ends = {
        remove: async () => await second.call('remove', space, 'remove'),
        expire: async () => await second.call('expire', space, 'expire'),
        tags: async () => await second.call('invalidateTags', space, ['tag']),
        clear: async () => await second.call('clear', space),
        set: async () => await second.call('set', space, 'set', 'newer'),
      }
      for (const [key, end] of Object.entries(ends)) {
        const loading = first.call(
          'getOrCreate',
          space,
          key,
          { value: 'old', holds: true },
          { tags: ['tag'] },
        )
        await first.heard('loading', key)
        await end()
        await first.call('go', key)
        assert.equal(await loading, 'old')
        const now = key === 'set' ? 'newer' : undefined
        assert.equal(await first.call('get', space, key), now, `${key}, as the loading process sees it`)
        assert.equal(await second.call('get', space, key), now, `${key}, as the other process sees it`)
      }
    },
  },
  {
    name: 'tags, a clear, an expiry, a pattern and a removal end what the other version stored',
    async run({ first, second, name }) {
      for (const space of both(name('ended'))) {
        const ends = {
          tags: async () => await second.call('invalidateTags', space, ['b']),
          expire: async () => assert.equal(await second.call('expire', space, 'expire'), true),
          pattern: async () => assert.equal(await second.call('removeByPattern', space, 'patt*'), 1),
          remove: async () => assert.equal(await second.call('remove', space, 'remove'), 1),
          clear: async () => await second.call('clear', space),
        }
        for (const [key, end] of Object.entries(ends)) {
          const tags = key === 'tags' ? ['a', 'b'] : ['c']
          await first.call('set', space, key, everything, { tags, staleMs: 60_000 })
          assert.deepEqual(await first.call('get', space, key), everything)
          await end()
          assert.equal(await first.call('get', space, key), undefined, key)
          assert.equal(await second.call('get', space, key), undefined, key)
        }
      }
    },
  },
  {
    name: 'an entry that the one made stale is loaded anew by the other, once',
    async run({ first, second, name }) {
      const space = { name: name('stale') }
      const key = space.name
      await first.call('set', space, key, 'old', { staleMs: 60_000 })
      assert.equal(await first.call('expire', space, key), true)
      assert.equal(await second.call('getOrCreate', space, key, { value: 'new' }), 'new')
      assert.equal(await first.call('getOrCreate', space, key, { value: 'newer' }), 'new')
    },
  },
  {
    name: 'a counter has every addition of both versions once',
    async run({ first, second, name }) {
      const space = { name: name('counted') }
      const sums = await Promise.all([
        first.call('increment', space, 'n', 2, 50),
        second.call('increment', space, 'n', 2, 50),
      ])
      const expected = Array.from({ length: 100 }, (_, i) => 2 * (i + 1))
      assert.deepEqual(
        sums.flat().toSorted((a, b) => a - b),
        expected,
      )
    },
  },
  {
    name: 'both versions write and read the fields of one hash',
    async run({ first, second, name }) {
      for (const space of both(name('hash'))) {
        await first.call('hashSet', space, 'h', { everything, a: 1 })
        await second.call('hashSet', space, 'h', { a: everything, b: 'x' })
        const fields = { everything, a: everything, b: 'x' }
        for (const peer of [first, second])
          assert.deepEqual(await peer.call('hashGetAll', space, 'h'), fields)
        assert.equal(await second.call('hashDelete', space, 'h', 'everything'), 1)
        assert.deepEqual(await first.call('hashGetAll', space, 'h'), { a: everything, b: 'x' })
      }
    },
  },
]
