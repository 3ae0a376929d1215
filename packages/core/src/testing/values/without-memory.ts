import assert from 'node:assert/strict'
import { type TestRunner, freshName } from '../runner.ts'
import { type OpenValues, STAMP, freshValue } from './open-values.ts'

/** V9. */
export function withoutMemory(it: TestRunner['it'], { under, values, set, read }: OpenValues): void {
  it('V9 does what takes no memory when the storage has none, and refuses the rest', async () => {
    const [stored, generation, another, absent] = ['stored', 'generation', 'another', 'absent'].map(
      freshName,
    ) as [string, string, string, string]
    await set(stored, 'value')
    const first = await values().ensure(generation, 'G', 60_000)
    const placeholder = await values().reserve(another, 'Lmine.', 60_000)
    const relax = await under.exhaustMemory()
    try {
      const refused = { code: 'STORAGE_REFUSED' }
      const value = (await read(stored)) ?? ''
      assert.equal(value.slice(STAMP), 'value')
      await assert.rejects(set(stored, 'more'), refused)
      await assert.rejects(values().reserve(absent, 'L', 60_000), refused)
      await assert.rejects(values().ensure(absent, 'G', 60_000), refused)
      await assert.rejects(values().replace(stored, value, freshValue('more'), 60_000), refused)
      assert.equal(await read(stored), value)
      const [none, found] = (await values().reserveMany?.([absent, another], 'Lother.', 60_000)) ?? []
      if (values().reserveMany !== undefined) {
        assert.equal((none as { readonly code?: string }).code, 'STORAGE_REFUSED')
        assert.ok(String(found).startsWith(placeholder))
      }
      assert.equal(await read(absent), null)

      assert.ok((await values().reserve(another, 'Lother.', 60_000)).startsWith(placeholder))
      assert.equal(await values().extend(another, placeholder, 50_000), true)
      assert.equal(await values().removeIf(another, placeholder), true)
      assert.equal(await values().ensure(generation, 'G', 70_000), first)
      const second = await values().renew(generation, 'G', 60_000)
      assert.notEqual(second, first)
      assert.equal(await read(generation), second)
      assert.equal(await values().patch(stored, value, 'x'.repeat(STAMP), 60_000), true)
      assert.equal(await read(stored), `${'x'.repeat(STAMP)}value`)
      assert.equal(await values().remove([stored, generation, another]), 2)
    } finally {
      await relax()
    }
  })
}
