import assert from 'node:assert/strict'
import type { Storage } from '@holdfast/core'
import type { RecordEntry, RecordKey, RecordWrite } from '@holdfast/core/storage'
import { Heard, type TestRunner, freshName } from '@holdfast/core/testing'
import { createKeys } from '../keys.ts'
import type { OpenRedis } from './redis-under-test.ts'

/** Records where commands arrive twice, late or in another order. */
export function redisRecordsKit({ describe, it }: TestRunner, under: () => OpenRedis): void {
  const records = (): Storage['records'] => under().storage.records
  const freshKey = (): RecordKey => ({ collection: freshName('records'), id: freshName('id') })
  let writes = 0
  const write = (more: Partial<RecordWrite> = {}): RecordWrite => ({
    writeId: `w${(writes += 1)}`,
    value: 'v',
    ttlMs: 60_000,
    notify: false,
    ...more,
  })

  describe('records whose commands are sent again', () => {
    it('answer each one of them like the first', async () => {
      const key = freshKey()
      const created = write({ notAfter: (await under().storage.time()) + 60_000 })
      const twice = async <T extends { readonly now: number }>(send: () => Promise<T>): Promise<T> => {
        const [first, second] = await Promise.all([send(), send()])
        assert.deepEqual({ ...second, now: 0 }, { ...first, now: 0 })
        return first
      }
      const { entry } = await twice(() => records().put(key, null, created))
      assert.ok(entry)
      const changed = write({ value: 'w' })
      const next = await twice(() => records().put(key, entry.rev, changed))
      assert.ok(next.outcome === 'written')
      const rev = next.entry.rev
      assert.equal((await twice(() => records().compareAndDelete(key, { rev }))).outcome, 'deleted')
    })

    it('do not take the write for another one when it is the one that made the revision', async () => {
      const key = freshKey()
      const first = write()
      const { entry } = await records().put(key, null, first)
      assert.ok(entry)
      const again = await records().put(key, entry.rev, { ...first, value: 'other' })
      assert.deepEqual([again.outcome, again.entry], ['written', entry])
      const alike = { ...first, writeId: `${first.writeId}${'x'.repeat(30)}`, value: 'other' }
      const next = await records().put(key, entry.rev, alike)
      assert.deepEqual([next.outcome, next.entry?.value], ['written', 'other'])
      assert.ok(next.entry)
      const longer = { ...alike, writeId: `${alike.writeId}y`, value: 'third' }
      assert.equal((await records().put(key, next.entry.rev, longer)).entry?.value, 'third')
    })
  })

  describe('hints of records', () => {
    it('carry what was written, but long records, and in a cluster none', async () => {
      const key = freshKey()
      const { entry } = await records().put(key, null, write())
      assert.ok(entry)
      const hints = new Heard<RecordEntry | undefined>()
      const unsubscribe = await records().subscribe(key, (written) => hints.add(written))
      let { rev } = entry
      const values = ['short', 'x'.repeat(5_000), 'short again']
      const expected: (RecordEntry | undefined)[] = []
      for (const value of values) {
        const changed = await records().put(key, rev, write({ value, notify: true }))
        assert.ok(changed.outcome === 'written')
        ;({ rev } = changed.entry)
        expected.push(under().client.cluster || value.length > 4_000 ? undefined : changed.entry)
      }
      await hints.until(({ length }) => length >= values.length)
      assert.deepEqual(hints.all, expected)
      await unsubscribe()
    })
  })

  describe('what another program has written into the key of a record', () => {
    const real = '1700000000000000 1700000000000 1700000000000 1700000000000000 00000060000 00000060000 w v'
    const strange = [
      'garbage',
      '{"v":1}',
      '9'.repeat(200),
      ' ',
      'ü'.repeat(100),
      real.slice(0, 80),
      `z${real}`,
    ]

    it('is shown as it is, and no call changes it', async () => {
      for (const text of strange) {
        const key = freshKey()
        const { record } = createKeys('kit').record(key)
        await under().client.send(['SET', record, text], record)
        const { entry } = await records().read(key)
        assert.deepEqual([entry?.rev, entry?.value], [0, text])
        assert.equal((await records().put(key, null, write())).outcome, 'conflict')
        assert.equal((await records().put(key, 1, write())).outcome, 'conflict')
        assert.equal((await records().compareAndDelete(key, { rev: 1 })).outcome, 'conflict')
        assert.equal(await under().client.send(['GET', record], record), text)
      }
    })

    it('can be deleted, and nothing else by the same', async () => {
      for (const text of strange) {
        const key = freshKey()
        const { record } = createKeys('kit').record(key)
        await under().client.send(['SET', record, text], record)
        assert.equal((await records().compareAndDelete(key, { rev: 0 })).outcome, 'deleted', text)
        assert.equal((await records().read(key)).entry, null)
        const { outcome, entry } = await records().put(key, null, write())
        assert.ok(outcome === 'written' && entry.rev > 0)
        assert.deepEqual((await records().compareAndDelete(key, { rev: 0 })).entry, entry)
        await under().client.send(['SET', record, real], record)
        const kept = await records().compareAndDelete(key, { rev: 0 })
        assert.deepEqual([kept.outcome, kept.entry?.value], ['conflict', 'v'])
      }
    })
  })

  describe('records that were voided', () => {
    it('stay so while another one comes and goes', async () => {
      const key = freshKey()
      const notAfter = (await under().storage.time()) + 60_000
      const [before, during] = [write({ notAfter }), write({ notAfter })]
      await records().compareAndDelete(key, { writeId: before.writeId, notAfter })
      const other = await records().put(key, null, write())
      assert.ok(other.outcome === 'written')
      const kept = await records().compareAndDelete(key, { writeId: during.writeId, notAfter })
      assert.deepEqual([kept.outcome, kept.entry], ['conflict', other.entry])
      await records().compareAndDelete(key, { rev: other.entry.rev })
      for (const late of [before, during]) {
        const reply = await records().put(key, null, late)
        assert.deepEqual([reply.outcome, reply.entry], ['late', null])
      }
      const next = await records().put(key, null, write())
      assert.ok(next.outcome === 'written' && next.entry.rev > other.entry.rev)
    })

    it('are many at a time', async () => {
      const key = freshKey()
      const notAfter = (await under().storage.time()) + 60_000
      const voided = Array.from({ length: 40 }, () => write({ notAfter }))
      for (const { writeId } of voided) await records().compareAndDelete(key, { writeId, notAfter })
      for (const late of voided) assert.equal((await records().put(key, null, late)).outcome, 'late')
    })
  })

  describe('writes that Redis could not keep', () => {
    it('are refused before they are sent', async () => {
      const key = freshKey()
      const refused = { code: 'INVALID_ARGUMENT' }
      for (const writeId of ['', 'a b', 'a\n', 'x'.repeat(129)]) {
        await assert.rejects(records().put(key, null, write({ writeId })), refused, JSON.stringify(writeId))
        await assert.rejects(records().put(key, 1, write({ writeId })), refused)
        await assert.rejects(records().compareAndDelete(key, { writeId, notAfter: 1 }), refused)
      }
      for (const ttlMs of [0, -1, 1.5, Number.NaN, Infinity, 86_400_000_001]) {
        await assert.rejects(records().put(key, null, write({ ttlMs })), refused, `${ttlMs}`)
        await assert.rejects(records().put(key, 1, write({ ttlMs })), refused)
      }
      for (const limit of [0, -1, 1.5]) await assert.rejects(records().list('c', { limit }), refused)
      for (const cursor of ['', 'x', '16:0', '1:-1']) {
        await assert.rejects(records().list('c', { limit: 1, cursor }), refused, cursor)
      }
      assert.equal((await records().read(key)).entry, null)
    })

    it('last from a millisecond to a thousand days', async () => {
      for (const ttlMs of [1, 86_400_000_000]) {
        const { outcome, entry } = await records().put(freshKey(), null, write({ ttlMs }))
        assert.ok(outcome === 'written')
        assert.equal(entry.expiresAt - entry.writtenAt, ttlMs)
      }
    })
  })
}
