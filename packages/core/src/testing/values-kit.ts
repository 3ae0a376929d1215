import assert from 'node:assert/strict'
import type { SetReply, ValueStorage } from '../storage/values.ts'
import { type StorageUnderTest, type TestRunner, freshName, useStorage } from './runner.ts'

/** The guarantees V1 to V5 of `storage/values.ts`. */
export function valuesKit(runner: TestRunner, open: () => Promise<StorageUnderTest>): void {
  const { describe, it } = runner

  describe('values', () => {
    const under = useStorage(runner, open)
    const values = (): ValueStorage => under.storage.values
    const set = (key: string, value: string, ttlMs = 60_000): Promise<SetReply> =>
      values().set(key, value, ttlMs, Number.MAX_SAFE_INTEGER)

    it('V1 gives back what was set, until its time is over', async () => {
      const odd = ['', '0', 'null', '\0\r\n', 'ünïcödé 🦊', 'x'.repeat(1 << 20)]
      for (const value of odd) {
        const key = freshName('{odd} key ü')
        assert.equal(await values().get(key), null)
        await set(key, value)
        assert.equal(await values().get(key), value)
      }
      const short = freshName('short')
      await set(short, 'gone soon', 20)
      await under.elapse(30)
      assert.equal(await values().get(short), null)
    })

    it('V2 replaces value and time to live together', async () => {
      const key = freshName('replaced')
      await set(key, 'long')
      await set(key, 'short', 20)
      await under.elapse(30)
      assert.equal(await values().get(key), null)
    })

    it('V2 stores nothing later than it is to', async () => {
      const key = freshName('late')
      const { outcome, now } = await set(key, 'in time')
      assert.equal(outcome, 'written')
      await under.elapse(30)
      const late = await values().set(key, 'late', 60_000, now)
      assert.equal(late.outcome, 'late')
      assert.ok(late.now > now, `${late.now} is after ${now}`)
      assert.equal(await values().get(key), 'in time')
      const justInTime = await values().set(key, 'just in time', 60_000, late.now + 60_000)
      assert.equal(justInTime.outcome, 'written')
      assert.equal(await values().get(key), 'just in time')
    })

    it('V3 reserves an absent key for one of many, and tells the others what is there', async () => {
      const key = freshName('reserved')
      const marks = Array.from({ length: 50 }, (_, i) => `L${i}.`)
      const replies = await Promise.all(marks.map((mark) => values().reserve(key, mark, 60_000)))
      const winners = marks.filter((mark, i) => replies[i]?.startsWith(mark))
      assert.equal(winners.length, 1)
      assert.equal(new Set(replies).size, 1)
      assert.equal(await values().get(key), replies[0])
    })

    it('V3 reserves for a time only', async () => {
      const key = freshName('reserved')
      assert.match(await values().reserve(key, 'first.', 20), /^first\./)
      await under.elapse(30)
      assert.match(await values().reserve(key, 'second.', 60_000), /^second\./)
    })

    it('V3 gives the same placeholder to a command that is repeated, and another one after a removal', async () => {
      const key = freshName('repeated')
      const first = await values().reserve(key, 'mine.', 60_000)
      assert.equal(await values().reserve(key, 'mine.', 60_000), first)
      await values().remove([key])
      const again = await values().reserve(key, 'mine.', 60_000)
      assert.match(again, /^mine\./)
      assert.notEqual(again, first)
      assert.equal(await values().replace(key, first, 'outdated', 60_000), false)
      assert.equal(await values().replace(key, again, 'fresh', 60_000), true)
    })

    it('V4 fills only while the placeholder is there', async () => {
      const key = freshName('filled')
      const mine = await values().reserve(key, 'mine.', 60_000)
      assert.equal(await values().replace(key, mine, 'value', 60_000), true)
      assert.equal(await values().replace(key, mine, 'again', 60_000), false)
      assert.equal(await values().get(key), 'value')
      await values().remove([key])
      assert.equal(await values().replace(key, 'value', 'back from the dead', 60_000), false)
      assert.equal(await values().get(key), null)
    })

    it('V5 removes only what is expected', async () => {
      const key = freshName('removed')
      await set(key, 'value')
      assert.equal(await values().removeIf(key, 'other'), false)
      assert.equal(await values().get(key), 'value')
      assert.equal(await values().removeIf(key, 'value'), true)
      assert.equal(await values().removeIf(key, 'value'), false)
      assert.equal(await values().get(key), null)
    })

    it('counts what it removes, over any number of keys', async () => {
      const keys = Array.from({ length: 40 }, () => freshName('many'))
      await Promise.all(keys.slice(10).map((key) => set(key, 'v')))
      assert.equal(await values().remove(keys), 30)
      assert.equal(await values().remove(keys), 0)
    })
  })
}
