import assert from 'node:assert/strict'
import { LONG_TEXT, type TestRunner, freshName } from '../runner.ts'
import { type OpenValues, STAMP } from './open-values.ts'

/** V1 and V2. */
export function readsAndWrites(it: TestRunner['it'], { under, values, set, read, bytes }: OpenValues): void {
  const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)

  it('V1 returns text behind a stamp, until its time is over', async () => {
    const odd = ['', '0', 'null', '\0\r\n', 'ünïcödé 🦊', LONG_TEXT]
    for (const value of odd) {
      const key = freshName('{odd} key ü')
      assert.equal(await read(key), null)
      const before = await under.storage.time()
      await set(key, value)
      const stored = (await read(key)) ?? ''
      assert.equal(stored.slice(STAMP), value)
      assert.match(stored.slice(0, STAMP), /^\d{13}$/)
      const stamp = Number(stored.slice(0, STAMP))
      assert.ok(stamp >= before && stamp <= (await under.storage.time()), `${stamp} is when it was written`)
    }
    const short = freshName('short')
    await set(short, 'gone soon', 20)
    await under.elapse(30)
    assert.equal(await read(short), null)
    assert.equal(await bytes(short), null)
  })

  it('V1 returns bytes unchanged, and the bytes of text', async () => {
    const within = new Uint8Array([9, ...everyByte, 9]).subarray(1, -1)
    const large = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7919) >> 3)
    for (const value of [new Uint8Array(), everyByte, Buffer.from(everyByte), within, large]) {
      const key = freshName('bytes')
      await set(key, value)
      const stored = await bytes(key)
      assert.ok(stored !== null && Buffer.from(value).equals(stored.subarray(STAMP)), `${value.length} bytes`)
      assert.match(Buffer.from(stored.subarray(0, STAMP)).toString(), /^\d{13}$/)
    }
    const text = freshName('text')
    await set(text, 'ünïcödé 🦊')
    const stored = await bytes(text)
    assert.ok(stored && Buffer.from('ünïcödé 🦊').equals(stored.subarray(STAMP)))
  })

  it('V1 reads any number of keys in their order', async () => {
    const keys = Array.from({ length: 1_300 }, (_, i) => freshName(`many-${i}`))
    await Promise.all(keys.flatMap((key, i) => (i % 3 === 0 ? [] : [set(key, `${i}`)])))
    const expected = keys.map((_, i) => (i % 3 === 0 ? null : `${i}`))
    const texts = await values().getMany(keys)
    assert.deepEqual(
      texts.map((text) => text?.slice(STAMP) ?? null),
      expected,
    )
    const stored = await values().getManyBytes(keys)
    assert.deepEqual(
      stored.map((each) => (each === null ? null : Buffer.from(each.subarray(STAMP)).toString())),
      expected,
    )
    const [, first = '', second = ''] = keys
    const twice = await values().getMany([second, first, second])
    assert.deepEqual(
      twice.map((text) => text?.slice(STAMP)),
      ['2', '1', '2'],
    )
    assert.deepEqual([await values().getMany([]), await values().getManyBytes([])], [[], []])
  })

  it('V1 reads the beginning of a value', async () => {
    const key = freshName('head')
    assert.equal(await values().getHead(key, 20), null)
    await set(key, 'abcdef')
    const stored = (await read(key)) ?? ''
    assert.equal(await values().getHead(key, STAMP + 3), stored.slice(0, STAMP + 3))
    assert.equal(await values().getHead(key, 1), stored.slice(0, 1))
    assert.equal(await values().getHead(key, 1_000), stored)
    await set(key, Buffer.concat([Buffer.from('abc'), everyByte]))
    assert.equal((await values().getHead(key, STAMP + 3))?.slice(STAMP), 'abc')
    await set(key, 'x', 20)
    await under.elapse(30)
    assert.equal(await values().getHead(key, 20), null)
  })

  it('V1 misses a key that holds no string; what acts on a string refuses it, and set takes its place', async () => {
    const key = freshName('hash')
    const refused = { code: 'STORAGE_REFUSED' }
    const fields = [['field', 'value']] as const
    const hash = async (): Promise<unknown> =>
      await values().hashes.set(key, fields, { ttlMs: 60_000, on: 'create' }, Infinity)
    await hash()
    assert.deepEqual([await read(key), await bytes(key), await values().getHead(key, 5)], [null, null, null])
    await assert.rejects(values().reserve(key, 'Lmine.', 60_000), refused)
    await assert.rejects(values().replace(key, 'L', 'value', 60_000), refused)
    await assert.rejects(values().extend(key, 'L', 60_000), refused)
    await assert.rejects(values().patch(key, 'L', 'x', 60_000), refused)
    await assert.rejects(values().removeIf(key, 'L'), refused)
    await assert.rejects(values().ensure(key, 'G', 60_000), refused)
    assert.deepEqual(await values().hashes.getAll(key), fields)
    await set(key, 'value')
    assert.equal((await read(key))?.slice(STAMP), 'value')
    await values().remove([key])
    await hash()
    assert.match(await values().renew(key, 'G', 60_000), /^G/)
    await values().remove([key])
    await hash()
    assert.equal(await values().remove([key]), 1)
  })

  it('V1 removes any number of keys, and counts those that were there', async () => {
    const keys = Array.from({ length: 2_600 }, (_, i) => freshName(`many-${i}`))
    await Promise.all(keys.slice(700).map((key) => set(key, 'v')))
    assert.equal(await values().remove(keys), 1_900)
    assert.equal(await values().remove(keys), 0)
    assert.ok((await values().getMany(keys)).every((each) => each === null))
    assert.equal(await values().remove([]), 0)
  })

  it('V2 replaces value and time to live together', async () => {
    const key = freshName('replaced')
    await set(key, 'long')
    await set(key, Buffer.from('short'), 20)
    await under.elapse(30)
    assert.equal(await read(key), null)
    await set(key, everyByte, 20)
    await set(key, 'long')
    await under.elapse(30)
    assert.equal((await read(key))?.slice(STAMP), 'long')
  })

  it('V2 stores nothing later than it is to', async () => {
    const key = freshName('late')
    const { outcome, now } = await set(key, 'in time')
    assert.equal(outcome, 'written')
    await under.elapse(30)
    const late = await values().set(key, 'late', 60_000, now)
    assert.equal(late.outcome, 'late')
    assert.ok(late.now > now, `${late.now} is after ${now}`)
    assert.equal((await read(key))?.slice(STAMP), 'in time')
    const justInTime = await values().set(key, 'just in time', 60_000, late.now + 60_000)
    assert.equal(justInTime.outcome, 'written')
    assert.equal((await values().set(key, 'for ever', 60_000, Infinity)).outcome, 'written')
    assert.equal((await read(key))?.slice(STAMP), 'for ever')
  })
}
