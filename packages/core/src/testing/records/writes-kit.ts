import assert from 'node:assert/strict'
import { type KitOptions, type TestRunner, unhurried } from '../runner.ts'
import type { RecordsUnderTest } from './records-under-test.ts'

/** G1 to G9 and G13: which of many writes is carried out, and what it leaves. */
export function writesKit(
  { it }: TestRunner,
  { records, time, elapse, exhaustMemory, freshKey, write, created }: RecordsUnderTest,
  { outOfMemory = false }: KitOptions,
): void {
  it('G1 lets exactly one of many concurrent creations win', async () => {
    const key = freshKey()
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => records().put(key, null, write(`v${i}`))),
    )
    const winners = replies.filter(({ outcome }) => outcome === 'written')
    assert.equal(winners.length, 1)
    for (const reply of replies) assert.deepEqual(reply.entry, winners[0]?.entry)
  })

  it('G2 answers a refused creation and a refused write with what is there', async () => {
    const key = freshKey()
    const entry = await created(key, 'first')
    const again = await records().put(key, null, write('second'))
    assert.deepEqual([again.outcome, again.entry], ['conflict', entry])
    const stale = await records().put(key, entry.rev - 1, write('third'))
    assert.deepEqual([stale.outcome, stale.entry], ['conflict', entry])
    const absent = await records().put(freshKey(), entry.rev, write('fourth'))
    assert.deepEqual([absent.outcome, absent.entry], ['conflict', null])
  })

  it('G3 answers a repeated creation like the first', async () => {
    const key = freshKey()
    const same = write('once')
    const first = await records().put(key, null, same)
    const second = await records().put(key, null, same)
    assert.deepEqual([second.outcome, second.entry], ['written', first.entry])
  })

  it('G3 answers a repeated write like the first, although the revision has moved', async () => {
    const key = freshKey()
    const { rev } = await created(key, 'first')
    const same = write('second')
    const first = await records().put(key, rev, same)
    const second = await records().put(key, rev, same)
    assert.deepEqual([first.outcome, second.outcome], ['written', 'written'])
    assert.deepEqual(second.entry, first.entry)
  })

  it('G4 writes only over the given revision, and only one of many', async () => {
    const key = freshKey()
    const { rev } = await created(key, 'first')
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => records().put(key, rev, write(`v${i}`))),
    )
    assert.equal(replies.filter(({ outcome }) => outcome === 'written').length, 1)
    assert.equal((await records().put(key, rev, write('late'))).outcome, 'conflict')
  })

  it('G5 grows the revision over writes, deletion and expiry', async () => {
    const key = freshKey()
    const revs: number[] = []
    let { rev } = await created(key, '0')
    revs.push(rev)
    for (let i = 1; i <= 200; i += 1) {
      const reply = await records().put(key, rev, write(`${i}`))
      assert.ok(reply.entry)
      revs.push(({ rev } = reply.entry).rev)
    }
    assert.equal((await records().compareAndDelete(key, { rev })).outcome, 'deleted')
    revs.push((await created(key, 'after deletion', { ttlMs: 20 })).rev)
    await elapse(30)
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
    assert.equal((await records().put(key, rev, write('stale'))).outcome, 'conflict')
  })

  it('G6 takes an expired entry for an absent one', async () => {
    const key = freshKey()
    const { rev } = await created(key, 'short', { ttlMs: 30 })
    await elapse(40)
    assert.equal((await records().read(key)).entry, null)
    assert.equal((await records().put(key, rev, write('late'))).outcome, 'conflict')
    await created(key, 'new')
  })

  it(
    'G6 sets the time to live anew with each write, longer and shorter',
    unhurried(async (shortMs) => {
      const longer = freshKey()
      const first = await created(longer, 'short', { ttlMs: shortMs })
      await records().put(longer, first.rev, write('long', { ttlMs: 60_000 }))
      const shorter = freshKey()
      const second = await created(shorter, 'long')
      await records().put(shorter, second.rev, write('short', { ttlMs: shortMs }))
      await elapse(shortMs + 10)
      assert.equal((await records().read(longer)).entry?.value, 'long')
      assert.equal((await records().read(shorter)).entry, null)
    }),
  )

  it('G7 stamps with the clock of the storage and keeps createdAt', async () => {
    const key = freshKey()
    const before = await time()
    const entry = await created(key, 'first', { ttlMs: 5_000 })
    await elapse(20)
    const reply = await records().put(key, entry.rev, write('second'))
    const after = await time()
    assert.ok(reply.outcome === 'written')
    assert.equal(entry.expiresAt - entry.writtenAt, 5_000)
    assert.equal(reply.entry.createdAt, entry.createdAt)
    assert.ok(before <= entry.createdAt && entry.createdAt <= reply.entry.writtenAt)
    assert.ok(reply.entry.writtenAt >= entry.writtenAt + 20)
    assert.ok(reply.entry.writtenAt <= reply.now && reply.now <= after)
  })

  it('G8 does nothing later than notAfter', async () => {
    const key = freshKey()
    const now = await time()
    await elapse(20)
    const late = await records().put(key, null, write('late', { notAfter: now }))
    assert.deepEqual([late.outcome, late.entry], ['late', null])
    const entry = await created(key, 'in time', { notAfter: now + 60_000 })
    const lateWrite = await records().put(key, entry.rev, write('late', { notAfter: now }))
    assert.deepEqual([lateWrite.outcome, lateWrite.entry], ['late', entry])
  })

  it('G9 deletes only the given revision or write', async () => {
    const key = freshKey()
    const entry = await created(key, 'first')
    const other = await records().compareAndDelete(key, { rev: entry.rev - 1 })
    assert.deepEqual([other.outcome, other.entry], ['conflict', entry])
    const foreign = await records().compareAndDelete(key, {
      writeId: 'foreign',
      notAfter: entry.writtenAt + 60_000,
    })
    assert.deepEqual([foreign.outcome, foreign.entry], ['conflict', entry])
    assert.equal((await records().compareAndDelete(key, { rev: entry.rev })).outcome, 'deleted')
    assert.equal(
      (await records().compareAndDelete(key, { rev: entry.rev })).outcome,
      'deleted',
      'a repeated deletion answers as the first',
    )
    assert.equal((await records().read(key)).entry, null)
  })

  it('G9 keeps a creation from happening that its own deletion has overtaken', async () => {
    const key = freshKey()
    const notAfter = (await time()) + 60_000
    const overtaken = write('overtaken', { notAfter })
    await records().compareAndDelete(key, { writeId: overtaken.writeId, notAfter })
    const late = await records().put(key, null, overtaken)
    assert.deepEqual([late.outcome, late.entry], ['late', null])
    assert.equal((await records().read(key)).entry, null)
    const other = await created(key, 'another one is free to')
    assert.equal((await records().put(key, null, overtaken)).entry?.value, other.value)
  })

  it('G9 keeps a deleted creation from coming back', async () => {
    const key = freshKey()
    const notAfter = (await time()) + 60_000
    const repeated = write('once', { notAfter })
    assert.equal((await records().put(key, null, repeated)).outcome, 'written')
    const deletion = await records().compareAndDelete(key, { writeId: repeated.writeId, notAfter })
    assert.equal(deletion.outcome, 'deleted')
    assert.equal((await records().put(key, null, repeated)).outcome, 'late')
    assert.equal((await records().read(key)).entry, null)
  })

  if (outOfMemory) {
    it('G13 writes over and deletes what is there when memory is exhausted', async () => {
      const key = freshKey()
      const other = freshKey()
      const { rev } = await created(key, 'first')
      const second = await created(other, 'first')
      const relieve = await exhaustMemory()
      try {
        await assert.rejects(records().put(freshKey(), null, write('refused')), {
          code: 'STORAGE_REFUSED',
        })
        assert.equal((await records().put(key, rev, write('the end is recorded'))).outcome, 'written')
        assert.equal((await records().compareAndDelete(other, { rev: second.rev })).outcome, 'deleted')
      } finally {
        await relieve()
      }
      assert.equal((await records().read(key)).entry?.value, 'the end is recorded')
    })
  }
}
