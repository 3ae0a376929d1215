import assert from 'node:assert/strict'
import type { ValueStorage } from '../../storage/values.ts'
import { until } from '../patience.ts'
import { type StorageUnderTest, type TestRunner, freshName, useStorage } from '../runner.ts'
import { Followed } from './followed.ts'
import { freshValue } from './open-values.ts'

export { Followed, type Report } from './followed.ts'

const FOREVER = Number.MAX_SAFE_INTEGER
const LIFE = { ttlMs: 60_000, on: 'always' } as const

/** A change of a key: what must be there before, and what changes it. */
interface Change {
  readonly before?: (values: ValueStorage, key: string) => Promise<unknown>
  readonly change: (values: ValueStorage, key: string) => Promise<unknown>
}

const put = (values: ValueStorage, key: string): Promise<unknown> => values.set(key, 'value', 60_000, FOREVER)
const reserve = (values: ValueStorage, key: string): Promise<string> => values.reserve(key, 'Lmine.', 60_000)
const headOf = async (values: ValueStorage, key: string): Promise<string> =>
  (await values.getHead(key, 60)) ?? ''

const changes: Readonly<Record<string, Change>> = {
  'a value that is set': { change: put },
  'the same value, set again': { before: put, change: put },
  'a removal': { before: put, change: (values, key) => values.remove([key]) },
  'a placeholder': { change: reserve },
  'what replaces a placeholder': {
    before: reserve,
    change: async (values, key) =>
      values.replace(key, await headOf(values, key), freshValue('value'), 60_000),
  },
  'a removal by its beginning': {
    before: put,
    change: async (values, key) => values.removeIf(key, await headOf(values, key)),
  },
  'another beginning': {
    before: put,
    change: async (values, key) => values.patch(key, await headOf(values, key), 'X', 60_000),
  },
  'another time to live': {
    before: put,
    change: async (values, key) => values.extend(key, await headOf(values, key), 120_000),
  },
  'a new generation': { change: (values, key) => values.ensure(key, 'G', 60_000) },
  'a generation that lives longer': {
    before: (values, key) => values.ensure(key, 'G', 30_000),
    change: (values, key) => values.ensure(key, 'G', 120_000),
  },
  'a renewed generation': {
    before: (values, key) => values.ensure(key, 'G', 60_000),
    change: (values, key) => values.renew(key, 'G', 60_000),
  },
  'a removal by a pattern': {
    before: put,
    change: (values, key) => values.removeMatching({ prefix: key, glob: '*' }),
  },
  'a field of a hash': {
    before: (values, key) => values.hashes.set(key, [['a', '1']], LIFE, FOREVER),
    change: (values, key) => values.hashes.set(key, [['a', '2']], LIFE, FOREVER),
  },
  'a field less in a hash': {
    before: (values, key) =>
      values.hashes.set(
        key,
        [
          ['a', '1'],
          ['b', '1'],
        ],
        LIFE,
        FOREVER,
      ),
    change: (values, key) => values.hashes.delete(key, ['a']),
  },
  'a counter': { change: (values, key) => values.counters.add(key, 1, freshName('once'), LIFE, FOREVER) },
}

/** The guarantees F1, F2, F5 and F6 of `storage/invalidations.ts`. What needs faults, F3 and F4, is tested where they can be made. */
export function invalidationsKit(runner: TestRunner, open: () => Promise<StorageUnderTest>): void {
  const { describe, it } = runner

  describe('invalidations', () => {
    const under = useStorage(runner, open)
    const values = (): ValueStorage => under.storage.values
    const follow = async (prefix: string, maxStaleMs = 1_000): Promise<Followed> => {
      const followed = new Followed(values(), prefix, maxStaleMs)
      await followed.up()
      return followed
    }

    for (const [what, { before, change }] of Object.entries(changes)) {
      it(`F1 reports ${what}`, async () => {
        const prefix = `${freshName('followed')}:`
        // Several keys of one message must stay several, whatever is in them.
        const key = `${prefix}a,b ünï 🦊`
        await before?.(values(), key)
        const followed = await follow(prefix)
        const heard = followed.times(key)
        await change(values(), key)
        await followed.invalidated(key, heard + 1)
        followed.stop()
      })
    }

    it('F1 reports each of many keys that are removed together', async () => {
      const prefix = `${freshName('followed')}:`
      const keys = Array.from({ length: 50 }, (_, i) => `${prefix}${i},${i + 1}`)
      await Promise.all(keys.map((key) => put(values(), key)))
      const followed = await follow(prefix)
      const heard = keys.map((key) => followed.times(key))
      await values().remove(keys)
      await followed.heard.until(() => keys.every((key, i) => followed.times(key) > (heard[i] as number)))
      followed.stop()
    })

    it('F1 reports the end of a time to live', async () => {
      const prefix = `${freshName('followed')}:`
      const followed = await follow(prefix)
      await values().set(`${prefix}short`, 'value', 50, FOREVER)
      await followed.invalidated(`${prefix}short`)
      const heard = followed.times(`${prefix}short`)
      await under.elapse(60)
      // A storage may notice it when it is asked.
      await until('the end of a time to live is reported', async () => {
        await values().getMany([`${prefix}short`])
        return followed.times(`${prefix}short`) > heard
      })
      followed.stop()
    })

    it('F1 reports nothing of keys with another beginning', async () => {
      const name = freshName('followed')
      const followed = await follow(`${name}:`)
      await put(values(), `${name}other`)
      await put(values(), `${name}:key`)
      await followed.invalidated(`${name}:key`)
      for (const each of followed.heard.all)
        if (each.kind === 'invalidated') assert.ok(each.key.startsWith(`${name}:`), each.key)
      followed.stop()
    })

    it('F2 proves that all was reported that changed before', async () => {
      const prefix = `${freshName('followed')}:`
      const followed = await follow(prefix, 300)
      for (let round = 0; round < 3; round += 1) {
        const key = `${prefix}${round}`
        await put(values(), key)
        const answeredAt = performance.now()
        await followed.proven(answeredAt)
        assert.ok(followed.times(key) > 0, `${key} was not reported, and is proven to be`)
      }
      followed.stop()
    })

    it('F2 proves nothing that is to come, unless it reports before it answers', async () => {
      const followed = await follow(`${freshName('followed')}:`, 300)
      const began = performance.now()
      await followed.proven(began)
      const last = followed.provenUntil
      assert.ok(last <= performance.now() || last === Infinity, `proven until ${last}`)
      followed.stop()
    })

    it('F6 lets several follow, each its own keys, until it stops', async () => {
      const name = freshName('followed')
      const all = await follow(`${name}:`)
      const first = await follow(`${name}:1:`)
      const second = await follow(`${name}:2:`)
      await put(values(), `${name}:1:key`)
      await put(values(), `${name}:2:key`)
      await Promise.all([first.invalidated(`${name}:1:key`), second.invalidated(`${name}:2:key`)])
      await all.invalidated(`${name}:1:key`)
      await all.invalidated(`${name}:2:key`)
      assert.equal(first.times(`${name}:2:key`), 0)
      first.stop()
      const before = first.heard.all.length
      const [allBefore, secondBefore] = [all.times(`${name}:1:key`), second.times(`${name}:2:key`)]
      await put(values(), `${name}:1:key`)
      await put(values(), `${name}:2:key`)
      await all.invalidated(`${name}:1:key`, allBefore + 1)
      await second.invalidated(`${name}:2:key`, secondBefore + 1)
      assert.equal(first.heard.all.length, before)
      second.stop()
      all.stop()
    })

    it('F6 begins anew after all have stopped', async () => {
      const prefix = `${freshName('followed')}:`
      for (let round = 0; round < 2; round += 1) {
        const followed = await follow(prefix)
        await put(values(), `${prefix}${round}`)
        await followed.invalidated(`${prefix}${round}`)
        followed.stop()
      }
    })
  })
}
