import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUCKETS, bucketOf, createKeys } from '../src/keys.ts'
import { besideKey, keySlot } from '../src/slot.ts'

const keys = createKeys('holdfast')
const name = fc.string({
  unit: fc.oneof(fc.constantFrom('{', '}', ':', '#', '-', '%', '1', '7'), fc.string()),
})

describe('keys', () => {
  it('are laid out as documented', () => {
    expect(keys.record({ collection: 'jobs:import', id: 'order-42' })).toEqual({
      record: '{holdfast:r:jobs:import:0}:order-42',
      index: '{holdfast:r:jobs:import:0}#',
      voided: '{holdfast:r:jobs:import:0}-order-42',
    })
    expect(keys.value('user:{7}')).toBe('holdfast:v:user:{7}')
    expect(keys.leaseTag('stock')).toBe('{holdfast:l:stock}')
  })

  it('keep stored records where they are found: the buckets of some ids never change', () => {
    expect(['', 'a', 'order-42', 'ünïcödé 🦊', 'x'.repeat(300)].map(bucketOf)).toMatchInlineSnapshot(`
      [
        9,
        0,
        0,
        2,
        4,
      ]
    `)
  })

  it('of one record are in one slot', () => {
    fc.assert(
      fc.property(name, name, (collection, id) => {
        const slots = Object.values(keys.record({ collection, id })).map(keySlot)
        expect(new Set(slots).size).toBe(1)
        expect(new Set(slots)).toEqual(new Set([keySlot(keys.index(collection, bucketOf(id)))]))
      }),
    )
  })

  it('of different names are different, for all names', () => {
    const known = new Map<string, string>()
    fc.assert(
      fc.property(name, name, (collection, id) => {
        for (const [part, key] of Object.entries(keys.record({ collection, id }))) {
          const owner = JSON.stringify([part, collection, part === 'index' ? bucketOf(id) : id])
          expect(known.get(key) ?? owner).toBe(owner)
          known.set(key, owner)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('spread over all buckets', () => {
    const buckets = Array.from({ length: 16_000 }, (_, i) => bucketOf(`tenant-${i % 7}:order-${i}`))
    const counts = Array.from(
      { length: BUCKETS },
      (_, bucket) => buckets.filter((each) => each === bucket).length,
    )
    expect(Math.min(...counts)).toBeGreaterThan(700)
    expect(Math.max(...counts)).toBeLessThan(1_300)
  })
})

describe('keySlot', () => {
  it('is what CLUSTER KEYSLOT answers', () => {
    expect(keySlot('123456789')).toBe(12739)
    expect(keySlot('foo')).toBe(12182)
    expect(keySlot('{user1000}.following')).toBe(keySlot('user1000'))
    expect(keySlot('foo{}{bar}')).toBe(8363)
    expect(keySlot('foo{{bar}}zap')).toBe(keySlot('{bar'))
    expect(keySlot('foo{bar}{zap}')).toBe(keySlot('bar'))
    expect(keySlot('ключ')).toBe(10303)
  })
})

describe('besideKey', () => {
  it('lies in the slot of the key, whatever braces that has, and begins with it', () => {
    fc.assert(
      fc.property(name, fc.stringMatching(/^[\w-]{1,22}$/), (key, operation) => {
        const value = keys.value(key)
        const beside = besideKey(value, `\n${operation}`)
        expect(keySlot(beside)).toBe(keySlot(value))
        expect(beside).toMatch(/^[^]*\n[\w-]+(?:|[^{}\n]{3})$/)
        expect(beside.startsWith(`${value}\n${operation}`)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('reaches every slot', () => {
    const slots = new Set<number>()
    for (let i = 0; slots.size < 16_384 && i < 1_000_000; i += 1) {
      const slot = keySlot(`${i}`)
      if (slots.has(slot)) continue
      slots.add(slot)
      if (keySlot(besideKey(`${i}`, '\nx')) !== slot) throw new Error(`no letters for slot ${slot}`)
    }
    expect(slots.size).toBe(16_384)
  })
})
