import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { readEntry, writeEntry } from '../../src/cache/entry.ts'
import { RememberedTags } from '../../src/cache/remembered-tags.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const GENERATION = 'g'.repeat(22)

/** As a client reads it: one new text. */
function stored(tags: readonly string[], payload: string) {
  const header = { token: 't'.repeat(11), generations: GENERATION, ttlMs: 60_000 }
  const written = writeEntry({ ...header, tags: tags.map((tag) => [tag, GENERATION] as const) }, payload)
  const text = Buffer.from(`1700000000000${String(written)}`).toString('latin1')
  return readEntry(text, 1, undefined) ?? expect.unreachable('it is an entry')
}

describe('the tags that a process remembers', () => {
  it('do not keep the values in memory whose tags they are', () => {
    const remembered = new RememberedTags(() => 0)
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 200; i += 1) {
      remembered.remember(`entry ${i}`, stored([`a tag with a long name ${i}`], 'x'.repeat(100_000)))
    }
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5 * 2 ** 20)
    expect(remembered.of('entry 199')).toEqual(['a tag with a long name 199'])
  })

  it('are those of a bounded number of entries, and take a bounded space', () => {
    const remembered = new RememberedTags(() => 0)
    const known = (count: number): number =>
      Array.from({ length: count }, (_, i) => remembered.of(`entry ${i}`)).filter(Boolean).length
    for (let i = 0; i < 12_000; i += 1) remembered.remember(`entry ${i}`, stored(['t'], ''))
    expect(known(12_000)).toBeGreaterThan(1_000)
    expect(known(12_000)).toBeLessThan(10_001)
    const long = Array.from({ length: 32 }, (_, i) => `${i}`.padEnd(1_024, 'x'))
    for (let i = 0; i < 100; i += 1) remembered.remember(`entry ${i}`, stored(long, ''))
    // Some 30 of these fill it: those that were read stay as long as there is room for them.
    expect(known(12_000)).toBeLessThan(1_000)
  })
})
