import assert from 'node:assert/strict'
import { type TestRunner, freshName } from '../runner.ts'
import type { OpenValues } from './open-values.ts'

/** V3. */
export function placeholders(it: TestRunner['it'], { under, values, set, read, bytes }: OpenValues): void {
  const reserve = (key: string, mark: string, ttlMs = 60_000): Promise<string> =>
    values().reserve(key, mark, ttlMs)
  /** What is there, as a read returns it. */
  const raw = async (key: string): Promise<Uint8Array> =>
    (await bytes(key)) ?? assert.fail('nothing is there')

  it('V3 reserves an absent key for one of many, and shows the others what is there', async () => {
    const key = freshName('reserved')
    const marks = Array.from({ length: 50 }, (_, i) => `L${i}.`)
    const replies = await Promise.all(marks.map((mark) => reserve(key, mark)))
    const winners = marks.filter((mark, i) => replies[i]?.startsWith(mark))
    assert.equal(winners.length, 1)
    const own = replies[marks.indexOf(winners[0] ?? '')] ?? ''
    assert.ok(
      replies.every((reply) => reply.startsWith(own)),
      `all of ${replies.join(' ')} begin with ${own}`,
    )
    assert.ok((await read(key))?.startsWith(own))
  })

  it('V3 puts the mark, the clock in microseconds and a semicolon', async () => {
    const key = freshName('format')
    const before = await under.storage.time()
    const placeholder = await reserve(key, 'Lmine.')
    assert.match(placeholder, /^Lmine\.\d{16};$/)
    assert.equal(await read(key), placeholder)
    const at = Number(placeholder.slice(6, 19))
    assert.ok(at >= before && at <= (await under.storage.time()), `${at} is when it was put`)
  })

  it('V3 reserves nothing where a value is, and leaves it as it is', async () => {
    const [text, odd, empty] = [freshName('text'), freshName('odd'), freshName('empty')]
    for (const [key, value] of [
      [text, 'value'],
      [odd, 'L;'],
      [empty, ''],
    ] as const) {
      await set(key, value)
      const stored = await read(key)
      assert.equal(await reserve(key, 'Lmine.'), stored)
      assert.equal(await read(key), stored)
    }
  })

  it('V3 reserves for a time only', async () => {
    const key = freshName('reserved')
    assert.match(await reserve(key, 'Lfirst.', 20), /^Lfirst\./)
    await under.elapse(30)
    assert.match(await reserve(key, 'Lsecond.'), /^Lsecond\./)
  })

  it('V3 leaves the time of a placeholder as it is when another caller finds it', async () => {
    // Where the second one comes after the first one's end, it finds nothing: then try again.
    for (;;) {
      const key = freshName('found')
      await reserve(key, 'Lfirst.', 20)
      const found = await reserve(key, 'Lsecond.')
      if (!found.startsWith('Lfirst.')) continue
      await under.elapse(30)
      assert.equal(await read(key), null)
      return
    }
  })

  it('V3 finds its own placeholder when it is repeated, and puts another one after a removal', async () => {
    const key = freshName('repeated')
    const first = await reserve(key, 'Lmine.')
    assert.equal(await reserve(key, 'Lmine.'), first)
    await values().remove([key])
    const again = await reserve(key, 'Lmine.')
    assert.match(again, /^Lmine\./)
    assert.notEqual(again, first)
    assert.equal(await values().replace(key, first, 'outdated', 60_000), false)
    assert.equal(await values().replace(key, again, 'fresh', 60_000), true)
  })

  it('V3 takes the place of exactly one value, for one of many', async () => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i)
    for (const value of ['what no codec can decode', '', every]) {
      const key = freshName('instead')
      await set(key, value)
      const there = await raw(key)
      const marks = Array.from({ length: 20 }, (_, i) => `L${i}.`)
      const replies = await Promise.all(marks.map((mark) => values().reserve(key, mark, 60_000, there)))
      assert.equal(marks.filter((mark, i) => replies[i]?.startsWith(mark)).length, 1)
      const winner = marks.find((mark, i) => replies[i]?.startsWith(mark)) ?? '?'
      assert.ok((await read(key))?.startsWith(winner))
    }
  })

  it('V3 takes the place of no other value, and of nothing', async () => {
    const key = freshName('instead')
    await set(key, 'value')
    const there = await raw(key)
    const stored = await read(key)
    const others = [
      there.subarray(0, -1),
      Buffer.concat([there, there]),
      Buffer.alloc(there.length),
      Buffer.alloc(0),
    ]
    for (const other of others) {
      assert.equal(await values().reserve(key, 'Lmine.', 60_000, other), stored)
    }
    await values().remove([key])
    assert.match(await values().reserve(key, 'Lmine.', 60_000, there), /^Lmine\./)
  })

  it('V3 answers with the placeholder that took the place, also when it is repeated', async () => {
    const key = freshName('instead')
    await set(key, 'value')
    const there = await raw(key)
    const first = await values().reserve(key, 'Lmine.', 60_000, there)
    assert.equal(await values().reserve(key, 'Lmine.', 60_000, there), first)
  })
}
