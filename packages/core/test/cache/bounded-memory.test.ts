import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedMemory } from '../../src/cache/bounded-memory.ts'

describe('memory within bounds', () => {
  const open = (maxEntries: number, maxBytes = 1_000) => {
    const clock = { now: 0 }
    return { clock, memory: new BoundedMemory<string>({ maxEntries, maxBytes, now: () => clock.now }) }
  }
  const fill = (memory: BoundedMemory<string>, keys: string): void => {
    for (const key of keys) memory.set(key, key.toUpperCase(), 1, 1_000)
  }
  const held = (memory: BoundedMemory<string>, keys: string): string =>
    keys
      .split('')
      .filter((key) => memory.get(key) !== undefined)
      .join('')

  it('keeps what was read, although much else is stored once', () => {
    const { memory } = open(10)
    fill(memory, 'abc')
    for (const once of ['0123456', 'ghijklm', 'nopqrst']) {
      expect(held(memory, 'abc')).toBe('abc')
      fill(memory, once)
    }
    expect(held(memory, 'abc')).toBe('abc')
    expect(memory.size).toBe(10)
  })

  it('evicts the oldest that was not read, and goes on from there', () => {
    const { memory } = open(4)
    fill(memory, 'abcd')
    memory.get('a')
    memory.get('c')
    fill(memory, 'e')
    // Passed a, took b. Now it passes c, takes d, passes nothing else.
    fill(memory, 'f')
    expect(held(memory, 'abcdef')).toBe('acef')
  })

  it('gives up the entry whose time is over before one that is not, even if it was read', () => {
    const { clock, memory } = open(2)
    memory.set('a', 'A', 1, 10)
    memory.get('a')
    fill(memory, 'b')
    clock.now = 10
    fill(memory, 'c')
    expect(held(memory, 'abc')).toBe('bc')
  })

  it('does not keep what is larger than all, nor what that replaces', () => {
    const { memory } = open(10, 100)
    memory.set('a', 'A', 1, 1_000)
    memory.set('a', 'AA', 101, 1_000)
    expect(memory.get('a')).toBeUndefined()
    expect(memory).toMatchObject({ size: 0, bytes: 0 })
    memory.set('a', 'A', 100, 1_000)
    memory.set('b', 'B', 1, 1_000)
    expect(held(memory, 'ab')).toBe('b')
  })

  it('keeps nothing where nothing is allowed', () => {
    const { memory } = open(0)
    fill(memory, 'a')
    expect(memory.size).toBe(0)
  })

  it('never exceeds its bounds, never gives a value that is over or was replaced, and keeps all that fits', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
    const step = fc.oneof(
      {
        weight: 20,
        arbitrary: fc.record({ op: fc.constant('set' as const), key, bytes: fc.nat(12), ttlMs: fc.nat(20) }),
      },
      { weight: 20, arbitrary: fc.record({ op: fc.constant('get' as const), key }) },
      { weight: 5, arbitrary: fc.record({ op: fc.constant('delete' as const), key }) },
      { weight: 5, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.nat(8) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('clear' as const) }) },
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(30),
        (steps, most, maxBytes) => {
          const { clock, memory } = open(most, maxBytes)
          /** What it would hold without bounds. */
          const model = new Map<string, { value: string; bytes: number; endsAt: number }>()
          let values = 0
          let bytesEver = 0
          for (const each of steps) {
            if (each.op === 'wait') clock.now += each.ms
            else if (each.op === 'clear') {
              memory.clear()
              model.clear()
            } else if (each.op === 'delete') {
              const was = memory.delete(each.key)
              if (was) expect(model.has(each.key)).toBe(true)
              model.delete(each.key)
            } else if (each.op === 'set') {
              const value = `${(values += 1)}`
              memory.set(each.key, value, each.bytes, each.ttlMs)
              model.set(each.key, { value, bytes: each.bytes, endsAt: clock.now + each.ttlMs })
              bytesEver += each.bytes
            } else {
              const known = model.get(each.key)
              const expected = known !== undefined && known.endsAt > clock.now ? known.value : undefined
              const got = memory.get(each.key)
              if (got !== undefined || (values <= most && bytesEver <= maxBytes)) expect(got).toBe(expected)
            }
            expect(memory.size).toBeLessThanOrEqual(most)
            expect(memory.bytes).toBeLessThanOrEqual(maxBytes)
            if (memory.size === 0) expect(memory.bytes).toBe(0)
          }
          // What is counted is what is held.
          const bytes = [...model].reduce(
            (sum, [name, entry]) => sum + (memory.delete(name) ? entry.bytes : 0),
            0,
          )
          expect(bytes).toBeLessThanOrEqual(maxBytes)
          expect(memory).toMatchObject({ size: 0, bytes: 0 })
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
