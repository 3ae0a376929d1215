import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedMemory } from '../../src/cache/bounded-memory.ts'
import { Bounds } from '../../src/cache/bounds.ts'
import { seededInts } from '../../src/testing/runner.ts'

describe('memory within bounds', () => {
  const open = (maxEntries: number, maxBytes = 1_000) => {
    const clock = { now: 0 }
    return {
      clock,
      memory: new BoundedMemory<string>({ bounds: new Bounds(maxEntries, maxBytes), now: () => clock.now }),
    }
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
    // It passed a, and took b. Now it passes c, and takes d.
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

  it('shares its bounds with another memory, which gives up what was not read', () => {
    const bounds = new Bounds(4, 1_000)
    const left: string[] = []
    const of = (name: string): BoundedMemory<string> =>
      new BoundedMemory({
        bounds,
        now: () => 0,
        onLeave: (value, isEvicted) => void left.push(`${name}${value}${isEvicted ? ' evicted' : ''}`),
      })
    const [one, other] = [of('one '), of('other ')]
    fill(one, 'ab')
    fill(other, 'ab')
    held(one, 'ab')
    fill(other, 'cd')
    expect([held(one, 'ab'), held(other, 'abcd'), one.size, other.size]).toEqual(['ab', 'cd', 2, 2])
    other.delete('c')
    one.clear()
    expect(left).toEqual(['other A evicted', 'other B evicted', 'other C', 'one A', 'one B'])
    expect(bounds.size).toBe(1)
  })

  it('remembers the keys of no more values than it holds', () => {
    const bounds = new Bounds(10, 1_000)
    const memory = new BoundedMemory<string>({ bounds, now: () => 0 })
    for (let i = 0; i < 1_000; i += 1) memory.set(`${i}`, 'value', 1, 1_000)
    // Of those that come again, the last that left are known, and stay while others come once.
    for (let i = 985; i < 990; i += 1) memory.set(`${i}`, 'value', 1, 1_000)
    for (let i = 0; i < 100; i += 1) memory.set(`once ${i}`, 'value', 1, 1_000)
    const isKept = (i: number): boolean => memory.get(`${i}`) !== undefined
    expect([985, 986, 987, 988, 989].filter(isKept)).toEqual([985, 986, 987, 988, 989])
    for (let i = 0; i < 5; i += 1) memory.set(`${i}`, 'value', 1, 1_000)
    for (let i = 0; i < 100; i += 1) memory.set(`once more ${i}`, 'value', 1, 1_000)
    expect([0, 1, 2, 3, 4].filter(isKept)).toEqual([])
  })

  it('finds a quarter more of what is asked for than LRU, where scans pass through', () => {
    const CAPACITY = 1_000
    const KEYS = 100_000
    const draw = seededInts(19)
    // Zipf, 0.9: the sum of the weights up to each key.
    const sums = new Float64Array(KEYS)
    for (let i = 0, sum = 0; i < KEYS; i += 1) sums[i] = sum += 1 / (i + 1) ** 0.9
    const zipf = (): number => {
      const wanted = (draw(2 ** 31) / 2 ** 31) * (sums[KEYS - 1] as number)
      let [low, high] = [0, KEYS - 1]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((sums[middle] as number) < wanted) low = middle + 1
        else high = middle
      }
      return low
    }
    const memory = new BoundedMemory<number>({ bounds: new Bounds(CAPACITY, Infinity), now: () => 0 })
    const lru = new Map<string, number>()
    const hits = { memory: 0, lru: 0 }
    const ask = (key: string): void => {
      if (memory.get(key) !== undefined) hits.memory += 1
      else memory.set(key, 1, 1, 1_000)
      if (lru.delete(key)) hits.lru += 1
      else if (lru.size === CAPACITY) lru.delete(lru.keys().next().value as string)
      lru.set(key, 1)
    }
    for (let i = 0; i < 200_000; i += 1) {
      ask(`${zipf()}`)
      if (i % 2_500 === 0) for (let j = 0; j < 1_000; j += 1) ask(`scan ${i} ${j}`)
    }
    expect(hits.memory / hits.lru).toBeGreaterThan(1.25)
  })
})
