import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeGlob } from '../../src/cache/escape-glob.ts'
import { globToPattern } from '../../src/memory/glob.ts'

/** Redis's own matcher, line by line, but for its limit on stars; bytes as the C compilers of ARM see them. */
function likeRedis(glob: Uint8Array, text: Uint8Array): boolean {
  let p = 0
  let s = 0
  while (p < glob.length && s < text.length) {
    if (glob[p] === 0x2a) {
      while (glob[p + 1] === 0x2a) p += 1
      if (p + 1 === glob.length) return true
      for (; s < text.length; s += 1) if (likeRedis(glob.subarray(p + 1), text.subarray(s))) return true
      return false
    }
    if (glob[p] === 0x5b) {
      p += 1
      const not = glob[p] === 0x5e
      if (not) p += 1
      let match = false
      const c = text[s] ?? 0
      for (;;) {
        if (glob.length - p >= 2 && glob[p] === 0x5c) {
          p += 1
          if (glob[p] === c) match = true
        } else if (glob[p] === 0x5d) break
        else if (p >= glob.length) {
          p -= 1
          break
        } else if (glob.length - p >= 3 && glob[p + 1] === 0x2d) {
          const [from = 0, to = 0] = [glob[p], glob[p + 2]]
          p += 2
          if (c >= Math.min(from, to) && c <= Math.max(from, to)) match = true
        } else if (glob[p] === c) match = true
        p += 1
      }
      if (match === not) return false
    } else if (glob[p] !== 0x3f) {
      if (glob[p] === 0x5c && glob.length - p >= 2) p += 1
      if (glob[p] !== text[s]) return false
    }
    s += 1
    p += 1
    if (s === text.length) {
      while (glob[p] === 0x2a) p += 1
      break
    }
  }
  return p === glob.length && s === text.length
}

const letters = fc.constantFrom('a', 'b', 'c', '-', ']', '[', '^', '\\', '*', '?', 'é', '🦊')
const text = fc.string({ unit: letters, maxLength: 8 })
const glob = fc.oneof(
  text,
  fc
    .array(fc.constantFrom('*', '?', '[a-c]', '[^a]', '[', '[^', ']', '\\', 'a', 'b', 'é', '-', '**'), {
      maxLength: 8,
    })
    .map((parts) => parts.join('')),
)

describe('a glob', () => {
  it.each([
    ['', [''], ['a']],
    ['*', ['', 'a', 'é🦊'], []],
    ['a*b', ['ab', 'axxb', 'abb'], ['a', 'abc', 'b']],
    ['a?c', ['abc', 'a?c'], ['ac', 'abbc', 'aéc']],
    ['a??c', ['aéc', 'abbc'], ['abc']],
    ['[a-c]x', ['ax', 'bx', 'cx'], ['dx', '-x', 'x']],
    ['[c-a]x', ['bx'], ['dx']],
    ['[^a]x', ['bx', '^x'], ['ax']],
    [String.raw`\*`, ['*'], ['a', String.raw`\*`]],
    [String.raw`[a\]]`, ['a', ']'], [String.raw`\]`]],
    [String.raw`[a\-c]`, ['a', '-', 'c'], ['b']],
    ['[]a', [], ['a', ']a', '']],
    ['[^]', ['a', ']'], ['', 'ab']],
    ['[ab', ['a', 'b'], ['ab', '[ab']],
    ['a\\', ['a\\'], ['a']],
  ] as const)('%s', (pattern, matching, others) => {
    const matches = globToPattern(pattern)
    expect(matching.filter((each) => !matches(each))).toEqual([])
    expect(others.filter(matches)).toEqual([])
  })

  it('matches what it matches in Redis', () => {
    fc.assert(
      fc.property(glob, text, (pattern, given) => {
        // Redis sees it after a prefix: alone, its star does not match an empty text.
        const [prefixed, whole] = [Buffer.from(`p:${pattern}`), Buffer.from(`p:${given}`)]
        expect(globToPattern(pattern)(given)).toBe(likeRedis(prefixed, whole))
      }),
      { numRuns: 5_000 },
    )
  })

  it('ends soon, however many stars it has', () => {
    const nested = globToPattern(`${'a*'.repeat(500)}b`)
    expect(nested('a'.repeat(5_000))).toBe(false)
    expect(nested(`${'a'.repeat(5_000)}b`)).toBe(true)
  })

  it('that is escaped matches its text and nothing else, also within brackets', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(globToPattern(escapeGlob(one))(other)).toBe(one === other)
        for (const byte of ['a', 'b', '-', ']', '^', '*']) {
          expect(globToPattern(`[${escapeGlob(`x${one}`)}]`)(byte)).toBe(one.includes(byte))
        }
      }),
    )
  })
})
