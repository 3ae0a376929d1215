import assert from 'node:assert/strict'
import { type TestRunner, freshName, unhurried } from '../runner.ts'
import { type OpenValues, STAMP } from './open-values.ts'

/** V5 and V6. */
export function endsOfLife(it: TestRunner['it'], { under, values, set, read, bytes }: OpenValues): void {
  it(
    'V5 extend changes the time to live alone',
    unhurried(async (shortMs) => {
      const [longer, shorter] = [freshName('longer'), freshName('shorter')]
      await set(longer, 'value', shortMs)
      const stored = (await read(longer)) ?? ''
      assert.equal(await values().extend(longer, stored.slice(0, STAMP), 60_000), true)
      await set(shorter, 'value')
      const short = (await read(shorter)) ?? ''
      assert.equal(await values().extend(shorter, short, 20), true)
      await under.elapse(shortMs + 30)
      assert.equal(await read(longer), stored)
      assert.equal(await read(shorter), null)
    }),
  )

  it(
    'V5 patch overwrites the beginning and the time to live, and leaves the rest',
    unhurried(async (shortMs) => {
      const key = freshName('patched')
      await set(key, 'ünïcödé 🦊', shortMs)
      const head = (await values().getHead(key, STAMP)) ?? ''
      assert.equal(await values().patch(key, head, 'A'.repeat(STAMP), 60_000), true)
      const every = Uint8Array.from({ length: 256 }, (_, i) => i)
      const odd = freshName('patched bytes')
      await set(odd, every)
      const stamp = (await values().getHead(odd, STAMP)) ?? ''
      assert.equal(await values().patch(odd, stamp.slice(0, 5), 'BCD', 60_000), true)
      await under.elapse(shortMs + 1)
      assert.equal(await read(key), `${'A'.repeat(STAMP)}ünïcödé 🦊`)
      const expected = Buffer.concat([Buffer.from(`BCD${stamp.slice(3)}`), every])
      assert.ok(expected.equals((await bytes(odd)) ?? Buffer.alloc(0)))
      assert.equal(await values().patch(odd, 'BCD', 'EFG', 20), true)
      await under.elapse(30)
      assert.equal(await read(odd), null)
    }),
  )

  it('V6 puts one generation for many, and returns it to all', async () => {
    const key = freshName('generation')
    const before = await under.storage.time()
    const found = await Promise.all(
      Array.from({ length: 50 }, (_, i) => values().ensure(key, `G${i}.`, 60_000)),
    )
    assert.equal(new Set(found).size, 1)
    const [generation = ''] = found
    assert.match(generation, /^G\d+\.\d{16}$/)
    const at = Number(generation.slice(-16, -3))
    assert.ok(at >= before && at <= (await under.storage.time()))
    assert.equal(await read(key), generation)
    assert.equal(await values().ensure(key, 'another', 60_000), generation)
  })

  it('V6 puts another generation after a removal, also for the same mark', async () => {
    const key = freshName('generation')
    const seen = new Set<string>()
    for (let i = 0; i < 20; i += 1) {
      seen.add(await values().ensure(key, 'Gmine.', 60_000))
      await values().remove([key])
    }
    assert.equal(seen.size, 20)
  })

  it(
    'V6 lengthens the life of a generation, and never shortens it',
    unhurried(async (shortMs) => {
      const [longer, kept] = [freshName('longer'), freshName('kept')]
      const first = await values().ensure(longer, 'G', shortMs)
      assert.equal(await values().ensure(longer, 'G', 60_000), first)
      const second = await values().ensure(kept, 'G', 60_000)
      assert.equal(await values().ensure(kept, 'G', shortMs), second)
      await under.elapse(shortMs + 1)
      assert.deepEqual(await values().getMany([longer, kept]), [first, second])
    }),
  )

  it('V6 renew puts another generation whatever is there, for a time', async () => {
    const key = freshName('renewed')
    const seen = [await values().renew(key, 'Gmine.', 60_000), await values().renew(key, 'Gmine.', 60_000)]
    await set(key, Uint8Array.of(255))
    seen.push(await values().renew(key, 'Gmine.', 60_000))
    assert.ok(seen.every((generation) => /^Gmine\.\d{16}$/.test(generation)))
    assert.equal(new Set(seen).size, 3)
    assert.equal(await read(key), seen[2])
    assert.equal(await values().ensure(key, 'G', 60_000), seen[2])
    await values().renew(key, 'Gmine.', 20)
    await under.elapse(30)
    assert.equal(await read(key), null)
  })

  it('V6 lets a generation end', async () => {
    const key = freshName('generation')
    const first = await values().ensure(key, 'G', 20)
    await under.elapse(30)
    assert.equal(await read(key), null)
    assert.notEqual(await values().ensure(key, 'G', 20), first)
  })
}
