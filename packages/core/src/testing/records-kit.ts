import assert from 'node:assert/strict'
import type { RecordKey, RecordStorage, RecordWrite } from '../storage/records.ts'
import { type KitOptions, type StorageUnderTest, type TestRunner, freshName, useStorage } from './runner.ts'

/** The guarantees G1 to G13 of `storage/records.ts`, a test or more each. */
export function recordsKit(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  { outOfMemory = false }: KitOptions = {},
): void {
  const { describe, it } = runner

  describe('records', () => {
    const under = useStorage(runner, open)
    const records = (): RecordStorage => under.storage.records
    let writes = 0
    const freshKey = (): RecordKey => ({ collection: freshName('collection'), id: freshName('id') })
    const write = (value: string, more: Partial<RecordWrite> = {}): RecordWrite => ({
      writeId: `w${(writes += 1)}-${Math.random()}`,
      value,
      ttlMs: 60_000,
      notify: false,
      ...more,
    })
    const created = async (key: RecordKey, value: string, more: Partial<RecordWrite> = {}) => {
      const reply = await records().createOrRead(key, write(value, more))
      assert.ok(reply.created, 'the key was expected to be free')
      return reply.entry
    }

    it('G1 lets exactly one of many concurrent creations win', async () => {
      const key = freshKey()
      const replies = await Promise.all(
        Array.from({ length: 50 }, (_, i) => records().createOrRead(key, write(`v${i}`))),
      )
      const winners = replies.filter((reply) => reply.created)
      assert.equal(winners.length, 1)
      for (const reply of replies) assert.deepEqual(reply.entry, winners[0]?.entry)
    })

    it('G2 answers a refused creation and a refused write with what is there', async () => {
      const key = freshKey()
      const entry = await created(key, 'first')
      const again = await records().createOrRead(key, write('second'))
      assert.deepEqual([again.created, again.entry], [false, entry])
      const stale = await records().compareAndSet(key, entry.rev - 1, write('third'))
      assert.deepEqual([stale.ok, stale.entry], [false, entry])
      const absent = await records().compareAndSet(freshKey(), entry.rev, write('fourth'))
      assert.deepEqual([absent.ok, absent.entry], [false, null])
    })

    it('G3 answers a repeated creation like the first', async () => {
      const key = freshKey()
      const same = write('once')
      const first = await records().createOrRead(key, same)
      const second = await records().createOrRead(key, same)
      assert.deepEqual([second.created, second.entry], [true, first.entry])
    })

    it('G3 answers a repeated write like the first, although the revision has moved', async () => {
      const key = freshKey()
      const { rev } = await created(key, 'first')
      const same = write('second')
      const first = await records().compareAndSet(key, rev, same)
      const second = await records().compareAndSet(key, rev, same)
      assert.ok(first.ok && second.ok)
      assert.deepEqual(second.entry, first.entry)
    })

    it('G4 writes only over the given revision, and only one of many', async () => {
      const key = freshKey()
      const { rev } = await created(key, 'first')
      const replies = await Promise.all(
        Array.from({ length: 50 }, (_, i) => records().compareAndSet(key, rev, write(`v${i}`))),
      )
      assert.equal(replies.filter(({ ok }) => ok).length, 1)
      assert.equal((await records().compareAndSet(key, rev, write('late'))).ok, false)
    })

    it('G5 grows the revision over writes, deletion and expiry', async () => {
      const key = freshKey()
      const revs: number[] = []
      let { rev } = await created(key, '0')
      revs.push(rev)
      for (let i = 1; i <= 200; i += 1) {
        const reply = await records().compareAndSet(key, rev, write(`${i}`))
        assert.ok(reply.entry)
        revs.push(({ rev } = reply.entry).rev)
      }
      assert.ok((await records().compareAndDelete(key, { rev })).ok)
      revs.push((await created(key, 'after deletion', { ttlMs: 20 })).rev)
      await under.elapse(30)
      revs.push((await created(key, 'after expiry')).rev)
      assert.deepEqual(
        revs,
        [...new Set(revs)].sort((a, b) => a - b),
      )
      for (const each of revs) assert.ok(Number.isSafeInteger(each), `${each} is a safe integer`)
    })

    it('G5 does not take an old revision for a new one after deletion and creation (ABA)', async () => {
      const key = freshKey()
      const { rev } = await created(key, 'same')
      await records().compareAndDelete(key, { rev })
      await created(key, 'same')
      assert.equal((await records().compareAndSet(key, rev, write('stale'))).ok, false)
    })

    it('G6 takes an expired entry for an absent one', async () => {
      const key = freshKey()
      const { rev } = await created(key, 'short', { ttlMs: 30 })
      await under.elapse(40)
      assert.equal((await records().read(key)).entry, null)
      assert.deepEqual((await records().compareAndSet(key, rev, write('late'))).ok, false)
      await created(key, 'new')
    })

    it('G6 sets the time to live anew with each write, longer and shorter', async () => {
      const longer = freshKey()
      const first = await created(longer, 'short', { ttlMs: 40 })
      await records().compareAndSet(longer, first.rev, write('long', { ttlMs: 60_000 }))
      const shorter = freshKey()
      const second = await created(shorter, 'long')
      await records().compareAndSet(shorter, second.rev, write('short', { ttlMs: 40 }))
      await under.elapse(50)
      assert.equal((await records().read(longer)).entry?.value, 'long')
      assert.equal((await records().read(shorter)).entry, null)
    })

    it('G7 stamps with the clock of the storage and keeps createdAt', async () => {
      const key = freshKey()
      const before = await under.storage.time()
      const entry = await created(key, 'first', { ttlMs: 5_000 })
      await under.elapse(20)
      const reply = await records().compareAndSet(key, entry.rev, write('second'))
      const after = await under.storage.time()
      assert.ok(reply.ok && reply.entry)
      assert.equal(entry.expiresAt - entry.writtenAt, 5_000)
      assert.equal(reply.entry.createdAt, entry.createdAt)
      assert.ok(before <= entry.createdAt && entry.createdAt <= reply.entry.writtenAt)
      assert.ok(reply.entry.writtenAt >= entry.writtenAt + 20)
      assert.ok(reply.entry.writtenAt <= reply.now && reply.now <= after)
    })

    it('G8 does nothing later than notAfter', async () => {
      const key = freshKey()
      const now = await under.storage.time()
      await under.elapse(20)
      const late = await records().createOrRead(key, write('late', { notAfter: now }))
      assert.deepEqual([late.created, late.entry], [false, null])
      const entry = await created(key, 'in time', { notAfter: now + 60_000 })
      const lateWrite = await records().compareAndSet(key, entry.rev, write('late', { notAfter: now }))
      assert.deepEqual([lateWrite.ok, lateWrite.entry], [false, entry])
    })

    it('G9 deletes only the given revision or write', async () => {
      const key = freshKey()
      const entry = await created(key, 'first')
      const other = await records().compareAndDelete(key, { rev: entry.rev - 1 })
      assert.deepEqual([other.ok, other.entry], [false, entry])
      const foreign = await records().compareAndDelete(key, {
        writeId: 'foreign',
        notAfter: entry.writtenAt + 60_000,
      })
      assert.deepEqual([foreign.ok, foreign.entry], [false, entry])
      assert.ok((await records().compareAndDelete(key, { rev: entry.rev })).ok)
      assert.ok(
        (await records().compareAndDelete(key, { rev: entry.rev })).ok,
        'a repeated deletion answers as the first',
      )
      assert.equal((await records().read(key)).entry, null)
    })

    it('G9 keeps a creation from happening that its own deletion has overtaken', async () => {
      const key = freshKey()
      const notAfter = (await under.storage.time()) + 60_000
      const overtaken = write('overtaken', { notAfter })
      await records().compareAndDelete(key, { writeId: overtaken.writeId, notAfter })
      const late = await records().createOrRead(key, overtaken)
      assert.deepEqual([late.created, late.entry], [false, null])
      assert.equal((await records().read(key)).entry, null)
      const other = await created(key, 'another one is free to')
      assert.equal((await records().createOrRead(key, overtaken)).entry?.value, other.value)
    })

    it('G9 keeps a deleted creation from coming back', async () => {
      const key = freshKey()
      const notAfter = (await under.storage.time()) + 60_000
      const repeated = write('once', { notAfter })
      assert.ok((await records().createOrRead(key, repeated)).created)
      assert.ok((await records().compareAndDelete(key, { writeId: repeated.writeId, notAfter })).ok)
      assert.equal((await records().createOrRead(key, repeated)).created, false)
      assert.equal((await records().read(key)).entry, null)
    })

    it('G10 gives values and keys back unchanged', async () => {
      const odd = [
        '',
        ' ',
        '\0\r\n',
        '[]',
        '{}',
        '9007199254740993',
        '1e3',
        'ünïcödé 🦊',
        '"\\',
        'x'.repeat(1 << 20),
      ]
      const collection = freshName('col {x} ü:*?[]')
      for (const [i, value] of odd.entries()) {
        const key = { collection, id: `{a}}${i} "ü" 🦊 *?[${'k'.repeat(200)}` }
        const entry = await created(key, value)
        assert.equal(entry.value, value)
        assert.equal((await records().read(key)).entry?.value, value)
        const next = await records().compareAndSet(key, entry.rev, write(`${value}!`))
        assert.equal(next.entry?.value, `${value}!`)
      }
      assert.notEqual(
        (await records().read({ collection, id: `{a}}0 "ü" 🦊 *?[${'k'.repeat(200)}` })).entry,
        null,
      )
      assert.equal((await records().read({ collection: `${collection} `, id: 'x' })).entry, null)
    })

    it('G10 keeps collections and ids apart that look alike when joined', async () => {
      const collection = freshName('col')
      await created({ collection, id: 'a:b' }, 'one')
      await created({ collection: `${collection}:a`, id: 'b' }, 'two')
      assert.equal((await records().read({ collection, id: 'a:b' })).entry?.value, 'one')
      assert.equal((await records().read({ collection: `${collection}:a`, id: 'b' })).entry?.value, 'two')
    })

    it('G11 hints after a notified write and a deletion, until unsubscribed', async () => {
      const key = freshKey()
      let hints = 0
      let wake = (): void => undefined
      const hinted = async (atLeast: number): Promise<void> => {
        while (hints < atLeast) await new Promise<void>((resolve) => (wake = resolve))
      }
      const unsubscribe = await records().subscribe(key, () => {
        hints += 1
        wake()
      })
      const { rev } = await created(key, 'first', { notify: true })
      await hinted(1)
      const second = await records().compareAndSet(key, rev, write('second', { notify: true }))
      await hinted(2)
      assert.ok(second.entry)
      await records().compareAndDelete(key, { rev: second.entry.rev })
      await hinted(3)
      await unsubscribe()
      const other = freshKey()
      const stop = await records().subscribe(other, () => wake())
      const before = hints
      await created(key, 'unheard', { notify: true })
      const heard = new Promise<void>((resolve) => (wake = resolve))
      await created(other, 'heard', { notify: true })
      await heard
      assert.equal(hints, before)
      await stop()
    })

    it('G12 lists all of a collection in pages and nothing else', async () => {
      const collection = freshName('listed')
      const ids = Array.from({ length: 137 }, (_, i) => `id-${i}`)
      for (const id of ids) await created({ collection, id }, `value of ${id}`)
      await created({ collection: `${collection}x`, id: 'foreign' }, 'foreign')
      const seen: string[] = []
      let cursor: string | undefined
      let pages = 0
      do {
        const page = await records().list(
          collection,
          cursor === undefined ? { limit: 20 } : { limit: 20, cursor },
        )
        assert.ok(page.records.length <= 20)
        for (const { id, entry } of page.records) {
          assert.equal(entry.value, `value of ${id}`)
          seen.push(id)
        }
        ;({ cursor } = page)
        assert.ok((pages += 1) < 100, 'the walk ends')
      } while (cursor !== undefined)
      assert.deepEqual([...new Set(seen)].sort(), ids.sort())
    })

    it('G12 does not list what has expired or was deleted', async () => {
      const collection = freshName('listed')
      await created({ collection, id: 'stays' }, 'stays')
      await created({ collection, id: 'expires' }, 'expires', { ttlMs: 20 })
      const { rev } = await created({ collection, id: 'deleted' }, 'deleted')
      await records().compareAndDelete({ collection, id: 'deleted' }, { rev })
      await under.elapse(30)
      const ids: string[] = []
      let cursor: string | undefined
      do {
        const page = await records().list(
          collection,
          cursor === undefined ? { limit: 10 } : { limit: 10, cursor },
        )
        ids.push(...page.records.map(({ id }) => id))
        ;({ cursor } = page)
      } while (cursor !== undefined)
      assert.deepEqual(ids, ['stays'])
    })

    if (!outOfMemory) return

    it('G13 writes over and deletes what is there when memory is exhausted', async () => {
      const key = freshKey()
      const other = freshKey()
      const { rev } = await created(key, 'first')
      const second = await created(other, 'first')
      const relieve = await under.exhaustMemory()
      try {
        await assert.rejects(records().createOrRead(freshKey(), write('refused')), {
          code: 'STORAGE_REFUSED',
        })
        assert.ok((await records().compareAndSet(key, rev, write('the end is recorded'))).ok)
        assert.ok((await records().compareAndDelete(other, { rev: second.rev })).ok)
      } finally {
        await relieve()
      }
      assert.equal((await records().read(key)).entry?.value, 'the end is recorded')
    })
  })
}
