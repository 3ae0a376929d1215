import assert from 'node:assert/strict'
import type { FieldValue, HashSetReply, HashStorage, Life } from '../../storage/hashes.ts'
import {
  LONG_TEXT,
  type StorageUnderTest,
  type TestRunner,
  freshName,
  unhurried,
  useStorage,
} from '../runner.ts'

/** The guarantees H1 to H3 of `storage/hashes.ts`. */
export function hashesKit(runner: TestRunner, open: () => Promise<StorageUnderTest>): void {
  const { describe, it } = runner

  describe('hashes', () => {
    const under = useStorage(runner, open)
    const hashes = (): HashStorage => under.storage.values.hashes
    const set = (
      key: string,
      fields: readonly FieldValue[],
      { ttlMs = 60_000, on = 'create' }: Partial<Life> = {},
    ): Promise<HashSetReply> => hashes().set(key, fields, { ttlMs, on }, Number.MAX_SAFE_INTEGER)
    /** Redis keeps the fields of a large hash in no order. */
    const all = async (key: string): Promise<readonly FieldValue[]> =>
      [...(await hashes().getAll(key))].sort(([one], [other]) => (one < other ? -1 : 1))

    it('H1 sets fields, and leaves the others', async () => {
      const key = freshName('set')
      assert.equal(
        (
          await set(key, [
            ['a', '1'],
            ['b', '2'],
          ])
        ).outcome,
        'written',
      )
      assert.equal(
        (
          await set(key, [
            ['b', '3'],
            ['c', '4'],
          ])
        ).outcome,
        'written',
      )
      assert.deepEqual(await all(key), [
        ['a', '1'],
        ['b', '3'],
        ['c', '4'],
      ])
    })

    it('H1 makes no hash of no fields', async () => {
      const key = freshName('empty')
      assert.equal((await set(key, [])).outcome, 'written')
      assert.equal(await under.storage.values.remove([key]), 0)
    })

    it('H1 sets thousands of fields in one call', async () => {
      const key = freshName('many')
      const fields = Array.from({ length: 5_001 }, (_, i): FieldValue => [`field ${i} ü`, `value ${i} 🦊`])
      await set(key, fields)
      assert.deepEqual(new Map(await hashes().getAll(key)), new Map(fields))
      const names = fields.map(([field]) => field)
      assert.deepEqual(
        await hashes().get(key, names),
        fields.map(([, value]) => value),
      )
      assert.equal(await hashes().delete(key, names), 5_001)
    })

    it(
      'H1 begins the time to live with the hash, or with each write',
      unhurried(async (shortMs) => {
        const [create, always] = [freshName('create'), freshName('always')]
        await set(create, [['a', '1']], { ttlMs: shortMs })
        await set(create, [['b', '2']], { ttlMs: 60_000 })
        await set(always, [['a', '1']], { ttlMs: shortMs })
        await set(always, [['b', '2']], { ttlMs: 60_000, on: 'always' })
        assert.equal((await all(create)).length, 2)
        await under.elapse(shortMs + 10)
        assert.deepEqual(await all(create), [])
        assert.equal((await all(always)).length, 2)
        await set(always, [['c', '3']], { ttlMs: shortMs, on: 'always' })
        await under.elapse(shortMs + 10)
        assert.deepEqual(await all(always), [])
      }),
    )

    it('H1 begins a new time to live with a hash that was gone', async () => {
      const key = freshName('again')
      await set(key, [['a', '1']], { ttlMs: 20 })
      await under.elapse(30)
      await set(key, [['b', '2']])
      assert.deepEqual(await all(key), [['b', '2']])
    })

    it('H1 sets nothing later than it is to', async () => {
      const key = freshName('late')
      const { now } = await set(key, [['a', 'in time']])
      await under.elapse(30)
      const late = await hashes().set(key, [['a', 'late']], { ttlMs: 60_000, on: 'always' }, now)
      assert.equal(late.outcome, 'late')
      assert.ok(late.now > now, `${late.now} is after ${now}`)
      assert.deepEqual(await all(key), [['a', 'in time']])
    })

    it('H2 returns what was set, whatever it is', async () => {
      const texts = ['', '0', '\0\r\n', '12 34', 'ünïcödé 🦊', '__proto__', '{"a":"b"}', LONG_TEXT]
      const fields = texts.map((text, i): FieldValue => [text, texts[texts.length - 1 - i] ?? ''])
      const key = freshName('{odd} key ü')
      await set(key, fields)
      assert.deepEqual(new Map(await hashes().getAll(key)), new Map(fields))
      assert.deepEqual(await hashes().get(key, [...texts, 'none']), [
        ...fields.map(([, value]) => value),
        null,
      ])
    })

    it('H2 returns nothing where nothing is', async () => {
      const key = freshName('none')
      assert.deepEqual(await hashes().get(key, ['a', 'b']), [null, null])
      assert.deepEqual(await hashes().getAll(key), [])
      assert.equal(await hashes().delete(key, ['a']), 0)
    })

    it('counts the fields that it deletes; with the last one the hash is gone', async () => {
      const key = freshName('deleted')
      await set(key, [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ])
      assert.equal(await hashes().delete(key, ['a', 'none', 'b']), 2)
      assert.deepEqual(await all(key), [['c', '3']])
      assert.equal(await under.storage.values.remove([key]), 1)
      await set(key, [['a', '1']])
      assert.equal(await hashes().delete(key, ['a']), 1)
      assert.equal(await under.storage.values.remove([key]), 0)
    })

    it('H3 refuses a key that holds something else, and leaves it', async () => {
      const { values } = under.storage
      const key = freshName('taken')
      await values.set(key, 'a value', 60_000, Number.MAX_SAFE_INTEGER)
      const before = await values.getMany([key])
      const refused = { code: 'STORAGE_REFUSED' }
      await assert.rejects(set(key, [['a', '1']]), refused)
      await assert.rejects(hashes().get(key, ['a']), refused)
      await assert.rejects(hashes().getAll(key), refused)
      await assert.rejects(hashes().delete(key, ['a']), refused)
      assert.deepEqual(await values.getMany([key]), before)
    })
  })
}
