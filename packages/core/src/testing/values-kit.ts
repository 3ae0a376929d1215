import assert from 'node:assert/strict'
import type { ValueStorage } from '../storage/values.ts'
import { type StorageUnderTest, type TestRunner, freshName, useStorage } from './runner.ts'

/** The guarantees V1 to V5 of `storage/values.ts`. */
export function valuesKit(runner: TestRunner, open: () => Promise<StorageUnderTest>): void {
  const { describe, it } = runner

  describe('values', () => {
    const under = useStorage(runner, open)
    const values = (): ValueStorage => under.storage.values

    it('V1 gives back what was set, until its time is over', async () => {
      const odd = ['', '0', 'null', '\0\r\n', 'ünïcödé 🦊', 'x'.repeat(1 << 20)]
      for (const value of odd) {
        const key = freshName('{odd} key ü')
        assert.equal(await values().get(key), null)
        await values().set(key, value, 60_000)
        assert.equal(await values().get(key), value)
      }
      const short = freshName('short')
      await values().set(short, 'gone soon', 20)
      await under.elapse(30)
      assert.equal(await values().get(short), null)
    })

    it('V2 replaces value and time to live together', async () => {
      const key = freshName('replaced')
      await values().set(key, 'long', 60_000)
      await values().set(key, 'short', 20)
      await under.elapse(30)
      assert.equal(await values().get(key), null)
    })

    it('V3 reserves an absent key for one of many, and tells the others what is there', async () => {
      const key = freshName('reserved')
      const names = Array.from({ length: 50 }, (_, i) => `L${i}`)
      const replies = await Promise.all(names.map((name) => values().reserve(key, name, 60_000)))
      const winners = names.filter((_, i) => replies[i] === null)
      assert.equal(winners.length, 1)
      assert.deepEqual(
        replies.filter((reply) => reply !== null),
        Array.from({ length: 49 }, () => winners[0]),
      )
    })

    it('V3 reserves for a time only', async () => {
      const key = freshName('reserved')
      assert.equal(await values().reserve(key, 'first', 20), null)
      await under.elapse(30)
      assert.equal(await values().reserve(key, 'second', 60_000), null)
    })

    it('V4 fills only while the placeholder is there', async () => {
      const key = freshName('filled')
      await values().reserve(key, 'mine', 60_000)
      assert.equal(await values().replace(key, 'mine', 'value', 60_000), true)
      assert.equal(await values().replace(key, 'mine', 'again', 60_000), false)
      assert.equal(await values().get(key), 'value')
      await values().remove([key])
      assert.equal(await values().replace(key, 'value', 'back from the dead', 60_000), false)
      assert.equal(await values().get(key), null)
    })

    it('V5 removes only what is expected', async () => {
      const key = freshName('removed')
      await values().set(key, 'value', 60_000)
      assert.equal(await values().removeIf(key, 'other'), false)
      assert.equal(await values().get(key), 'value')
      assert.equal(await values().removeIf(key, 'value'), true)
      assert.equal(await values().removeIf(key, 'value'), false)
      assert.equal(await values().get(key), null)
    })

    it('counts what it removes, over any number of keys', async () => {
      const keys = Array.from({ length: 40 }, () => freshName('many'))
      await Promise.all(keys.slice(10).map((key) => values().set(key, 'v', 60_000)))
      assert.equal(await values().remove(keys), 30)
      assert.equal(await values().remove(keys), 0)
    })
  })
}
