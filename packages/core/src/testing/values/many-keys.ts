import assert from 'node:assert/strict'
import type { ValueStorage } from '../../storage/values.ts'
import { Heard } from '../patience.ts'
import { type TestRunner, freshName } from '../runner.ts'
import { type OpenValues, STAMP, freshValue } from './open-values.ts'

type Many = Required<Pick<ValueStorage, 'reserveMany' | 'replaceMany'>>

/** V10. */
export function manyKeys(it: TestRunner['it'], { under, values, set, read, bytes }: OpenValues): void {
  /** Runs the case where the storage does many keys in one command; the others must not offer half of it. */
  const offered = (name: string, run: (many: Many) => Promise<void>): void =>
    it(name, async () => {
      const many = values()
      const isOffered = many.reserveMany !== undefined
      assert.equal(many.replaceMany !== undefined, isOffered, 'a storage has both or neither')
      if (isOffered) await run(many as Many)
    })
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => freshName(`many ${i}`))
  const fill = (key: string, value: string | Uint8Array = freshValue(key), ttlMs = 60_000) =>
    ({ key, value, ttlMs }) as const

  offered('V10 reserves what is absent with one placeholder, and shows what else is there', async (many) => {
    const [absent, another, valued, last] = names(4) as [string, string, string, string]
    const others = await values().reserve(another, 'Lother.', 60_000)
    await set(valued, 'value')
    const stored = await read(valued)
    const keys = [absent, another, valued, last]
    const [first, shown, there, fourth] = await many.reserveMany(keys, 'Lmine.', 60_000)
    assert.match(String(first), /^Lmine\.\d{16};$/)
    assert.deepEqual([shown, there, fourth], [others, stored, first])
    assert.deepEqual([await read(absent), await read(last), await read(valued)], [first, first, stored])
    // The other caller is to say when its load has ended.
    const calls = new Heard<'a call'>()
    const stop = await values().subscribe(another, () => calls.add('a call'))
    assert.equal(await values().removeIf(another, others), true)
    await calls.until(({ length }) => length > 0)
    stop()
  })

  offered(
    'V10 reserves each key for one of many, for a time, and finds its own when repeated',
    async (many) => {
      const keys = names(3)
      const marks = Array.from({ length: 10 }, (_, i) => `L${i}.`)
      const replies = await Promise.all(marks.map((mark) => many.reserveMany(keys, mark, 60_000)))
      for (const at of keys.keys())
        assert.equal(marks.filter((mark, i) => String(replies[i]?.[at]).startsWith(mark)).length, 1)
      const short = names(2)
      const first = await many.reserveMany(short, 'Lmine.', 20)
      await under.elapse(30)
      assert.equal(await read(short[0] ?? ''), null)
      const second = await many.reserveMany(short, 'Lmine.', 60_000)
      assert.notDeepEqual(second, first)
      assert.deepEqual(await many.reserveMany(short, 'Lmine.', 60_000), second)
    },
  )

  offered('V10 replaces what begins as expected, and leaves what does not', async (many) => {
    const [kept, removed, overwritten, waited, last] = names(5) as [string, string, string, string, string]
    const keys = [kept, removed, overwritten, waited, last]
    const [expected = ''] = (await many.reserveMany(keys, 'Lmine.', 60_000)) as string[]
    await values().remove([removed])
    await set(overwritten, 'by another')
    const calls = new Heard<string>()
    const stops = await Promise.all(
      [waited, removed].map((key) => values().subscribe(key, () => calls.add(key))),
    )
    assert.ok((await values().reserve(waited, 'Lother.', 60_000)).startsWith(expected))
    const every = Uint8Array.from({ length: 256 }, (_, i) => i)
    const given = Buffer.concat([Buffer.from(freshValue('')), every])
    const text = freshValue('ünï 🦊')
    const fills = [fill(kept, text), fill(removed), fill(overwritten), fill(waited), fill(last, given)]
    const before = await under.storage.time()
    assert.deepEqual(await many.replaceMany(expected, fills), [true, false, false, true, true])
    await calls.until((heard) => heard.includes(waited) && heard.includes(removed))
    for (const stop of stops) stop()
    assert.equal(await read(removed), null)
    assert.equal((await read(overwritten))?.slice(STAMP), 'by another')
    assert.equal((await read(kept))?.slice(STAMP), text)
    const there = (await bytes(last)) ?? assert.fail('nothing is there')
    assert.ok(Buffer.from(there).subarray(STAMP).equals(given))
    const stamp = Number(Buffer.from(there.subarray(0, STAMP)).toString())
    assert.ok(stamp >= before && stamp <= (await under.storage.time()))
    // A repetition is answered as the first one, and stores nothing anew.
    assert.deepEqual(await many.replaceMany(expected, fills), [true, false, false, true, true])
    assert.deepEqual(await bytes(last), there)
    assert.deepEqual(await many.replaceMany('', [fill(removed)]), [false])
    assert.equal(await read(removed), null)
  })

  offered('V10 stores each value for its own time', async (many) => {
    const [short, long] = names(2) as [string, string]
    const [expected = ''] = (await many.reserveMany([short, long], 'Lmine.', 60_000)) as string[]
    await many.replaceMany(expected, [fill(short, freshValue('s'), 20), fill(long)])
    await under.elapse(30)
    assert.deepEqual([await read(short), (await read(long)) === null], [null, false])
  })

  offered('V10 refuses a key that holds no string, and that key alone', async (many) => {
    const [one, hash, two] = names(3) as [string, string, string]
    await values().hashes.set(
      hash,
      [['field', 'value']],
      { ttlMs: 60_000, on: 'create' },
      Number.MAX_SAFE_INTEGER,
    )
    const keys = [one, hash, two]
    const [first, refused, third] = await many.reserveMany(keys, 'Lmine.', 60_000)
    assert.equal((refused as { code?: string }).code, 'STORAGE_REFUSED')
    assert.deepEqual(first, third)
    const done = await many.replaceMany(
      String(first),
      keys.map((key) => fill(key)),
    )
    assert.deepEqual([done[0], (done[1] as { code?: string }).code, done[2]], [true, 'STORAGE_REFUSED', true])
  })
}
