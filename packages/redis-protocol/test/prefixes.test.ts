import { describe, expect, it } from 'vitest'
import { canaryKey, isCanary } from '../src/invalidations/canary.ts'
import { covers, mergePrefixes } from '../src/invalidations/prefixes.ts'
import { keySlot } from '../src/index.ts'

describe('prefixes', () => {
  it('of which none begins with another are left', () => {
    expect(mergePrefixes(['b:', 'a:b:', 'a:', 'b:', 'ab', 'a:b'])).toEqual(['a:', 'ab', 'b:'])
    expect(mergePrefixes(['a:', ''])).toEqual([''])
    expect(mergePrefixes([])).toEqual([])
  })

  it('cover what begins with them', () => {
    expect(covers(['a:', 'b:'], 'b:c')).toBe(true)
    expect(covers(['a:b'], 'a:')).toBe(false)
    expect(covers([], '')).toBe(false)
  })
})

describe('the key that proves a link', () => {
  it.each(['app:', 'app:{', 'app:{x', 'app:{}:', 'app:}{x', 'ä{}{b'])(
    'lies in every slot, under %s',
    (prefix) => {
      for (const slot of [0, 1, 5_000, 16_383]) {
        const key = canaryKey(prefix, 'id', slot) ?? ''
        expect(key.startsWith(prefix)).toBe(true)
        expect([keySlot(key), isCanary(key)]).toEqual([slot, true])
      }
    },
  )

  it('lies in the only slot of a prefix that has a hash tag, or there is none', () => {
    const slot = keySlot('app:{tag}:')
    expect(keySlot(canaryKey('app:{tag}:', 'id', slot) ?? '')).toBe(slot)
    expect(canaryKey('app:{tag}:', 'id', slot ^ 1)).toBeUndefined()
  })
})
