import assert from 'node:assert/strict'
import type { ValueStorage } from '../../storage/values.ts'
import { type TestRunner, freshName } from '../runner.ts'
import { type OpenValues, STAMP, freshValue } from './open-values.ts'

/** V4. */
export function guardedWrites(it: TestRunner['it'], { under, values, set, read, bytes }: OpenValues): void {
  const guarded: Record<string, (key: string, expected: string) => ReturnType<ValueStorage['removeIf']>> = {
    replace: (key, expected) => values().replace(key, expected, freshValue('replaced'), 60_000),
    extend: (key, expected) => values().extend(key, expected, 60_000),
    patch: (key, expected) => values().patch(key, expected, 'patched', 60_000),
    removeIf: (key, expected) => values().removeIf(key, expected),
  }
  const reserve = (key: string, ttlMs = 60_000): Promise<string> => values().reserve(key, 'Lmine.', ttlMs)

  for (const [name, act] of Object.entries(guarded)) {
    it(`V4 ${name} acts while the value begins as expected`, async () => {
      const key = freshName(name)
      assert.equal(await act(key, await reserve(key)), true)
      await set(key, 'value')
      const stored = (await read(key)) ?? ''
      assert.equal(await act(key, stored.slice(0, STAMP + 2)), true)
      await set(key, Uint8Array.of(65, 255, 254))
      assert.equal(await act(key, (await values().getHead(key, STAMP + 1)) ?? ''), true)
    })

    it(`V4 ${name} refuses after a removal, an overwrite or an expiry, and changes nothing`, async () => {
      const key = freshName(name)
      const interventions: Record<string, () => Promise<unknown>> = {
        removal: () => values().remove([key]),
        overwrite: () => set(key, 'by another'),
        'overwrite by bytes': () => set(key, Uint8Array.of(255)),
        'another reservation': async () => {
          await values().remove([key])
          await reserve(key)
        },
        'another fill': async () => {
          await values().remove([key])
          await values().replace(key, await reserve(key), freshValue('filled'), 60_000)
        },
      }
      for (const [what, intervene] of Object.entries(interventions)) {
        await values().remove([key])
        const placeholder = await reserve(key)
        await intervene()
        const there = await bytes(key)
        assert.equal(await act(key, placeholder), false, what)
        assert.deepEqual(await bytes(key), there, what)
      }
      await values().remove([key])
      const placeholder = await reserve(key, 20)
      await under.elapse(30)
      assert.equal(await act(key, placeholder), false)
      assert.equal(await read(key), null)
    })

    it(`V4 ${name} takes nothing for what is expected that is longer, or goes on otherwise`, async () => {
      const key = freshName(name)
      await set(key, 'value')
      const stored = (await read(key)) ?? ''
      for (const other of [`${stored}x`, `${stored}+`, stored.slice(1), `${stored.slice(0, -1)}x`, '']) {
        assert.equal(await act(key, other), false, JSON.stringify(other))
      }
      assert.equal(await read(key), stored)
      await values().remove([key])
      assert.equal(await act(key, ''), false)
      assert.equal(await read(key), null)
    })

    it(`V4 ${name} acts on a placeholder that another caller has found`, async () => {
      const key = freshName(name)
      const mine = await reserve(key)
      assert.ok((await values().reserve(key, 'Lother.', 60_000)).startsWith(mine))
      assert.ok((await values().reserve(key, 'Lother.', 60_000)).startsWith(mine))
      // A repetition of the reservation may show that another process has found it.
      assert.ok((await reserve(key)).startsWith(mine))
      assert.equal(await act(key, mine), true)
    })
  }

  it('V4 replace stores text or bytes behind a stamp, with their time to live', async () => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i)
    for (const value of [freshValue('ünïcödé 🦊'), Buffer.concat([Buffer.from(freshValue('')), every])]) {
      const key = freshName('replace')
      const before = await under.storage.time()
      assert.equal(await values().replace(key, await reserve(key), value, 60_000), true)
      const stored = (await bytes(key)) ?? assert.fail('nothing is there')
      assert.ok(Buffer.from(value as string).equals(stored.subarray(STAMP)))
      const stamp = Number(Buffer.from(stored.subarray(0, STAMP)).toString())
      assert.ok(stamp >= before && stamp <= (await under.storage.time()))
      assert.equal(await values().replace(key, `${stamp}`, freshValue('short'), 20), true)
      await under.elapse(30)
      assert.equal(await read(key), null)
    }
  })

  it('V4 answers a repeated replace as the first one, and stores nothing anew', async () => {
    for (const value of [freshValue('text'), Buffer.from(`${freshValue('')}\u{ff}bytes`)]) {
      const key = freshName('repeated')
      const mine = await reserve(key)
      assert.equal(await values().replace(key, mine, value, 60_000), true)
      const stored = await bytes(key)
      assert.equal(await values().replace(key, mine, value, 60_000), true)
      assert.deepEqual(await bytes(key), stored)
      await values().remove([key])
      assert.equal(await values().replace(key, mine, value, 60_000), false)
      assert.equal(await read(key), null)
    }
  })

  it('V4 answers a repeated patch as the first one', async () => {
    const key = freshName('repeated')
    await set(key, 'value')
    const stored = (await read(key)) ?? ''
    const head = stored.slice(0, STAMP)
    assert.equal(await values().patch(key, head, 'x'.repeat(STAMP), 60_000), true)
    assert.equal(await values().patch(key, head, 'x'.repeat(STAMP), 60_000), true)
    assert.equal(await read(key), `${'x'.repeat(STAMP)}value`)
    await values().remove([key])
    assert.equal(await values().patch(key, head, 'x'.repeat(STAMP), 60_000), false)
  })

  it('V4 lets one of many that expect the same replace it', async () => {
    const key = freshName('contended')
    await set(key, 'stale')
    const head = (await values().getHead(key, STAMP + 5)) ?? ''
    const fresh = Array.from({ length: 20 }, (_, i) => freshValue(`${i}`))
    const done = await Promise.all(fresh.map((value) => values().replace(key, head, value, 60_000)))
    assert.equal(done.filter(Boolean).length, 1)
    assert.equal((await read(key))?.slice(STAMP), fresh[done.indexOf(true)])
  })
}
