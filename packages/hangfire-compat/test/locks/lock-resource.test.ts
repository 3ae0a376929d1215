import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type HangfireLockResource, hangfireLockResource } from '../../src/index.ts'

const LIST = 'System.Collections.Generic.List`1'

/** Names that .NET was seen to use, or that its own tests have. */
const seen = [
  ['Acme.Reviews.AiReviewJobs, Acme.Reviews', 'Exclusive', 'AiReviewJobs.Exclusive'],
  ['Acme.Reviews.AiReviewJobs, Acme.Reviews', 'ProcessReviewAsync', 'AiReviewJobs.ProcessReviewAsync'],
  [
    `Acme.Reviews.Batch\`1+Step[[${LIST}[[System.Guid, mscorlib]], mscorlib]], Acme.Reviews`,
    'Run',
    'Batch<List<Guid>>.Step.Run',
  ],
  [
    `X.NonGenericClass+NestedGenericClass\`2[[Xunit.Assert, xunit.assert],[${LIST}[[Xunit.Assert, xunit.assert]], mscorlib]], X`,
    'M',
    'NonGenericClass.NestedGenericClass<Assert,List<Assert>>.M',
  ],
  ['X.NonGenericClass+NestedNonGenericClass, X', 'M', 'NonGenericClass.NestedNonGenericClass.M'],
  ['X.GenericClass`1[[Xunit.Assert, xunit.assert]], X', 'M', 'GenericClass<Assert>.M'],
  [
    'A.Outer`1+Inner`1[[System.Int32, mscorlib],[System.Byte[], mscorlib]], A',
    'M',
    'Outer<Int32>.Inner<Byte[]>.M',
  ],
  ['NoNamespace, A', 'M', 'NoNamespace.M'],
] as const

describe('the resource of a lock', () => {
  it.each(seen)('of %s', (type, method, name) => {
    expect(hangfireLockResource({ type, method })).toBe(name)
  })

  it('is the one in the recordings of .NET', () => {
    const folder = join(import.meta.dirname, '../fixtures')
    const locks = new Set<string>()
    for (const file of globSync('*/exclusive.*.monitor.txt', { cwd: folder })) {
      const text = readFileSync(join(folder, file), 'utf8')
      for (const [, key = ''] of text.matchAll(/"SET" "\{hangfire\}:([^"]+)" "[^"]+" "EX" "30" "NX"/g)) {
        if (!/^job:|^lock|^queue:|^recurring/.test(key)) locks.add(key)
      }
    }
    const type = 'Acme.Reviews.AiReviewJobs, Acme.Reviews'
    expect(locks).toEqual(
      new Set([
        hangfireLockResource({ type, method: 'Exclusive' }),
        hangfireLockResource({ format: 'account:{0}', args: ['A1'] }),
      ]),
    )
  })

  it.each([
    ['account:{0}', ['A1'], 'account:a1'],
    ['AI:{0}', [42], 'ai:42'],
    ['{1}-{0}-{1}', ['A', 7n], '7-a-7'],
    ['Nothing', [], 'nothing'],
    ['{{{0}}}', [true], '{true}'],
    ['[{0,5}|{1,-5}|{2}]', ['ab', -12, null], '[   ab|-12  |]'],
    ['{0:X}', ['AbC'], 'abc'],
    ['{0 ,5}|{0, 5 }|{0,5:X}|{00}|{0:a:b}', ['Ab'], '   ab|   ab|   ab|ab|ab'],
    // .NET 10, without a culture.
    ['ΟΔΟΣ İI ẞ \u212A Ǆ ÄÖ 𐐀', [], 'οδοσ İi ß k ǆ äö 𐐨'],
  ] as const)('of the format %s with %s', (format, args, name) => {
    expect(hangfireLockResource({ format, args })).toBe(name)
  })

  it.each<[string, unknown]>([
    ['a type without assembly', { type: 'AiReviewJobs', method: 'Run' }],
    ['no method', { type: 'A.B, A', method: '' }],
    ['a signature', { type: 'A.B, A', method: 'Run(int)' }],
    ['nothing', {}],
    ['no object', 'AiReviewJobs.Run'],
    ['too few arguments', { format: '{1}', args: ['a'] }],
    ['a brace alone', { format: 'a{b', args: [] }],
    ...['}', '{ 0}', '{0:{{}}}', '{0:}}', '{0,+5}', '{-1}', '{0\t,5}', '{0,- 5}'].map(
      (format): [string, unknown] => [`${format}, as .NET refuses it`, { format, args: ['a'] }],
    ),
    ['a number of .NET with a format', { format: '{0:D5}', args: [1] }],
    ['a fraction, which a culture writes with a comma', { format: '{0}', args: [1.5] }],
    ['a Date', { format: '{0}', args: [new Date(0)] }],
    ['undefined', { format: '{0}', args: [undefined] }],
    ['no arguments', { format: 'a' }],
    ['no format', { format: 5, args: [] }],
  ])('is refused: %s', (_, resource) => {
    expect(() => hangfireLockResource(resource as HangfireLockResource)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})
