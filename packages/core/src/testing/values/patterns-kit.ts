import assert from 'node:assert/strict'
import { globToPattern } from '../../memory/glob.ts'
import type { Removed, ValueStorage } from '../../storage/values.ts'
import { type StorageUnderTest, type TestRunner, freshName, seededInts, useStorage } from '../runner.ts'

/** The guarantee V8 of `storage/values.ts`. */
export function patternsKit(runner: TestRunner, open: () => Promise<StorageUnderTest>): void {
  const { describe, it } = runner

  describe('keys that match a pattern', () => {
    const under = useStorage(runner, open)
    const values = (): ValueStorage => under.storage.values
    const put = async (keys: readonly string[]): Promise<void> => {
      for (let i = 0; i < keys.length; i += 500) {
        const chunk = keys.slice(i, i + 500)
        await Promise.all(chunk.map((key) => values().set(key, 'v', 600_000, Number.MAX_SAFE_INTEGER)))
      }
    }
    const left = async (keys: readonly string[]): Promise<string[]> => {
      const found = await values().getMany(keys)
      return keys.filter((_, i) => found[i] !== null)
    }
    const removeAll = async (prefix: string, glob: string): Promise<Removed & { readonly steps: number }> => {
      const sum = { scanned: 0, removed: 0, steps: 0 }
      let position: string | undefined
      do {
        const step: Removed = await values().removeMatching({ prefix, glob }, position)
        ;({ position } = step)
        sum.scanned += step.scanned
        sum.removed += step.removed
        sum.steps += 1
      } while (position !== undefined)
      return sum
    }

    it('V8 are removed, and no others', async () => {
      const prefix = freshName('few:')
      const keys = ['user:1', 'user:22', 'user:1:name', 'users', 'other'].map((rest) => prefix + rest)
      await put(keys)
      const { removed, scanned } = await removeAll(prefix, 'user:?')
      assert.equal(removed, 1)
      assert.ok(scanned >= removed)
      assert.deepEqual(await left(keys), keys.slice(1))
      assert.equal((await removeAll(prefix, 'user:*')).removed, 2)
      assert.deepEqual(await left(keys), keys.slice(3))
      assert.equal((await removeAll(prefix, 'x*')).removed, 0)
      assert.equal((await removeAll(prefix, '*')).removed, 2)
    })

    it('V8 are those that Redis matches, whatever stands in the pattern, the keys and the prefix', async () => {
      const draw = seededInts(7)
      const letters = ['a', 'b', 'c', '*', '?', '[', ']', '^', '-', '\\', 'é', ':']
      const text = (parts: readonly string[], most: number): string =>
        Array.from({ length: draw(most + 1) }, () => parts[draw(parts.length)]).join('')
      const globs = [...letters, '*', '*', '?', '[a-c]', '[^a]', '[c-a]', '[b\\]', '\\']
      for (let round = 0; round < 40; round += 1) {
        const prefix = `${freshName('odd')}${text(letters, 3)}:`
        const keys = [...new Set(Array.from({ length: 25 }, () => prefix + text(letters, 4)))]
        const neighbours = [`${freshName('odd')}${text(letters, 3)}:a`, prefix.slice(0, -1)]
        await put([...keys, ...neighbours])
        for (let i = 0; i < 3; i += 1) {
          const glob = text(globs, 4)
          const matches = globToPattern(glob)
          const before = await left(keys)
          const expected = before.filter((key) => !matches(key.slice(prefix.length)))
          const { removed } = await removeAll(prefix, glob)
          const which = `${JSON.stringify(glob)} after ${JSON.stringify(prefix)}`
          assert.deepEqual(await left(keys), expected, which)
          assert.equal(removed, before.length - expected.length, which)
        }
        assert.deepEqual(await left(neighbours), neighbours)
        await values().remove([...keys, ...neighbours])
      }
    })

    it('V8 are removed as strings, hashes and counters alike', async () => {
      const prefix = freshName('kinds:')
      const life = { ttlMs: 60_000, on: 'create' } as const
      await put([`${prefix}value`])
      await values().hashes.set(`${prefix}hash`, [['a', '1']], life, Number.MAX_SAFE_INTEGER)
      await values().counters.add(`${prefix}counter`, 1, freshName('add'), life, Number.MAX_SAFE_INTEGER)
      assert.equal((await removeAll(prefix, '*')).removed, 3)
      assert.equal(await values().remove(['value', 'hash', 'counter'].map((rest) => prefix + rest)), 0)
    })

    it('V8 are not the answers that a counter remembers', async () => {
      const prefix = freshName('remembered:')
      const [key, operation] = [`${prefix}counter`, freshName('add')]
      const add = async (by: number, of: string): Promise<unknown> => {
        const life = { ttlMs: 60_000, on: 'create' } as const
        const reply = await values().counters.add(key, by, of, life, Number.MAX_SAFE_INTEGER)
        return reply.outcome === 'added' ? reply.sum : reply.outcome
      }
      assert.equal(await add(5, operation), 5)
      assert.equal((await removeAll(prefix, '*')).removed, 1)
      assert.equal(await add(5, operation), 5)
      assert.equal(await add(1, freshName('add')), 1)
    })

    it('V8 are all removed, thousands of them, step by step, while others come and go', async () => {
      const prefix = freshName('many:')
      const [gone, stays] = ['gone', 'stays'].map((what) =>
        Array.from({ length: 4_000 }, (_, i) => `${prefix}${what}:${i}`),
      )
      assert.ok(gone !== undefined && stays !== undefined)
      await put([...gone, ...stays])
      let isOver = false
      const traffic = (async () => {
        for (let i = 0; !isOver; i += 1) {
          const passing = Array.from({ length: 50 }, (_, j) => `${prefix}passing:${i}:${j}`)
          await put(passing)
          await values().remove(passing)
        }
      })()
      const { removed } = await removeAll(prefix, 'gone:*').finally(() => (isOver = true))
      await traffic
      assert.equal(removed, 4_000)
      assert.deepEqual(await left(gone), [])
      assert.equal((await left(stays)).length, 4_000)
      // A step that is repeated finds less, or nothing.
      const first = await values().removeMatching({ prefix, glob: '*' })
      await values().removeMatching({ prefix, glob: '*' })
      let { position } = first
      while (position !== undefined) {
        const at: string = position
        await values().removeMatching({ prefix, glob: '*' }, at)
        ;({ position } = await values().removeMatching({ prefix, glob: '*' }, at))
      }
      assert.deepEqual(await left(stays), [])
    })
  })
}
