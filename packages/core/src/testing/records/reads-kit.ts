import assert from 'node:assert/strict'
import type { RecordEntry } from '../../storage/records.ts'
import { Heard } from '../patience.ts'
import { LONG_TEXT, type TestRunner, freshName } from '../runner.ts'
import type { RecordsUnderTest } from './records-under-test.ts'

/** G10 to G12: what was written comes back unchanged, is hinted at, and is listed. */
export function readsKit(
  { it }: TestRunner,
  { records, elapse, freshKey, write, created, listed }: RecordsUnderTest,
): void {
  it('G10 gives values and keys back unchanged', async () => {
    const odd = ['', ' ', '\0\r\n', '[]', '{}', '9007199254740993', '1e3', 'ünïcödé 🦊', '"\\', LONG_TEXT]
    const collection = freshName('col {x} ü:*?[]')
    for (const [i, value] of odd.entries()) {
      const key = { collection, id: `{a}}${i} "ü" 🦊 *?[${'k'.repeat(200)}` }
      const entry = await created(key, value)
      assert.equal(entry.value, value)
      assert.equal((await records().read(key)).entry?.value, value)
      const next = await records().put(key, entry.rev, write(`${value}!`))
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
    const hints = new Heard<RecordEntry | undefined>()
    const hinted = async (atLeast: number): Promise<RecordEntry | undefined> => {
      await hints.until(({ length }) => length >= atLeast)
      return hints.all.at(-1)
    }
    const unsubscribe = await records().subscribe(key, (written) => hints.add(written))
    const first = await created(key, 'first', { notify: true })
    assert.deepEqual((await hinted(1)) ?? first, first)
    const { entry: second } = await records().put(key, first.rev, write('second', { notify: true }))
    assert.ok(second)
    assert.deepEqual((await hinted(2)) ?? second, second)
    await records().compareAndDelete(key, { rev: second.rev })
    assert.equal(await hinted(3), undefined)
    await unsubscribe()
    const other = freshKey()
    const heard = new Heard<RecordEntry | undefined>()
    const stop = await records().subscribe(other, (written) => heard.add(written))
    const before = hints.all.length
    await created(key, 'unheard', { notify: true })
    await created(other, 'heard', { notify: true })
    await heard.until(({ length }) => length > 0)
    assert.equal(hints.all.length, before)
    await stop()
  })

  it('G12 lists all of a collection in pages and nothing else', async () => {
    const collection = freshName('listed')
    const ids = Array.from({ length: 137 }, (_, i) => `id-${i}`)
    for (const id of ids) await created({ collection, id }, `value of ${id}`)
    await created({ collection: `${collection}x`, id: 'foreign' }, 'foreign')
    const pages = await listed(collection, 20)
    for (const page of pages) assert.ok(page.length <= 20)
    for (const { id, entry } of pages.flat()) assert.equal(entry.value, `value of ${id}`)
    assert.deepEqual(new Set(pages.flat().map(({ id }) => id)), new Set(ids))
  })

  it('G12 does not list what has expired or was deleted', async () => {
    const collection = freshName('listed')
    await created({ collection, id: 'stays' }, 'stays')
    await created({ collection, id: 'expires' }, 'expires', { ttlMs: 20 })
    const { rev } = await created({ collection, id: 'deleted' }, 'deleted')
    await records().compareAndDelete({ collection, id: 'deleted' }, { rev })
    await elapse(30)
    const pages = await listed(collection, 10)
    assert.deepEqual(
      pages.flat().map(({ id }) => id),
      ['stays'],
    )
  })
}
