import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type TypeName,
  checkTypeName,
  decodeTypeName,
  formatTypeName,
  typeKey,
} from '../../src/wire/type-name.ts'
import { encodeTypeName } from '../../src/wire/type-style.ts'

const CORE = 'Version=10.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e'
const ACME = 'Version=1.0.0.0, Culture=neutral, PublicKeyToken=null'
const assemblies = new Map([['System.Private.CoreLib', CORE]])

/** One type as .NET 10 writes it in full, simply, and what it is compared by. */
const goldens = [
  [`System.String, System.Private.CoreLib, ${CORE}`, 'System.String', 'System.String'],
  [`System.Guid, System.Private.CoreLib, ${CORE}`, 'System.Guid, mscorlib', 'System.Guid'],
  [`System.Byte[], System.Private.CoreLib, ${CORE}`, 'System.Byte[], mscorlib', 'System.Byte[]'],
  [
    `System.Nullable\`1[[System.Int32, System.Private.CoreLib, ${CORE}]], System.Private.CoreLib, ${CORE}`,
    'System.Nullable`1[[System.Int32]], mscorlib',
    'System.Nullable`1[[System.Int32]]',
  ],
  [
    `System.Collections.Generic.Dictionary\`2[[System.String, System.Private.CoreLib, ${CORE}],[System.Int32, System.Private.CoreLib, ${CORE}]], System.Private.CoreLib, ${CORE}`,
    'System.Collections.Generic.Dictionary`2[[System.String],[System.Int32]], mscorlib',
    'System.Collections.Generic.Dictionary`2[[System.String],[System.Int32]]',
  ],
  [
    `Acme.Reviews.Batch\`1+Step[[System.Collections.Generic.List\`1[[System.Guid, System.Private.CoreLib, ${CORE}]], System.Private.CoreLib, ${CORE}]], Acme.Reviews, ${ACME}`,
    'Acme.Reviews.Batch`1+Step[[System.Collections.Generic.List`1[[System.Guid, mscorlib]], mscorlib]], Acme.Reviews',
    'Acme.Reviews.Batch`1+Step[[System.Collections.Generic.List`1[[System.Guid]]]], Acme.Reviews',
  ],
] as const

const segments = fc.stringMatching(/^[A-Z][A-Za-z0-9_]{0,8}$/)
const names = fc.array(segments, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'))
const { types } = fc.letrec<{ types: TypeName }>((tie) => ({
  types: fc
    .record({
      name: fc
        .tuple(names, fc.array(segments, { maxLength: 2 }))
        .map(([name, nested]) => [name, ...nested].join('+')),
      arguments: fc.oneof(
        { maxDepth: 3 },
        fc.constant([]),
        fc.array(tie('types'), { minLength: 1, maxLength: 2 }),
      ),
      suffix: fc.constantFrom('', '[]', '[,]', '[][]'),
      assembly: names,
      properties: fc.constantFrom(CORE, ACME),
    })
    .map(({ arguments: args, name, ...type }) => ({
      ...type,
      arguments: args,
      name: args.length === 0 ? name : `${name}\`${args.length}`,
    })),
}))

describe('a type name', () => {
  it.each(goldens)('%s is written as .NET writes it', (full, simple, key) => {
    const type = decodeTypeName(full)
    expect(formatTypeName(type)).toBe(full)
    expect(encodeTypeName(type, { typeNames: 'simple' })).toBe(simple)
    expect(encodeTypeName(decodeTypeName(simple), { typeNames: 'full', assemblies })).toBe(full)
    expect([typeKey(full), typeKey(simple)]).toEqual([key, key])
  })

  it('of the core library is one by any of its names', () => {
    const spellings = ['System.Guid', 'System.Guid, mscorlib', 'System.Guid, System.Runtime', goldens[1][0]]
    expect(new Set(spellings.map((each) => typeKey(each)))).toEqual(new Set(['System.Guid']))
    expect(typeKey('System.Uri, System')).toBe(typeKey('System.Uri, System.Private.Uri'))
    expect(typeKey('Acme.Guid, Acme')).not.toBe(typeKey('Acme.Guid, Other'))
  })

  it('without assemblies of its arguments is read', () => {
    expect(typeKey('System.Collections.Generic.List`1[System.Int32]')).toBe(
      'System.Collections.Generic.List`1[[System.Int32]]',
    )
    expect(typeKey('A.B`2[System.Int32,System.String[]], A')).toBe(
      'A.B`2[[System.Int32],[System.String[]]], A',
    )
  })

  it('in full gets the version of a default project where no data shows another', () => {
    const type = decodeTypeName('Acme.Contracts.INodeReviews, Acme.Contracts')
    expect(encodeTypeName(type, { typeNames: 'full' })).toBe(
      `Acme.Contracts.INodeReviews, Acme.Contracts, ${ACME}`,
    )
    expect(encodeTypeName(decodeTypeName('System.Uri, System'), { typeNames: 'full' })).toBe(
      'System.Uri, System',
    )
  })

  it.each(['', ' ', '[', 'A[', 'A[[B]', 'A`1[[B, C], D', 'A, ', ', A', 'A]', 'A[[]], B', 'A, B, C[]'])(
    'is not %s',
    (text) => {
      expect(() => decodeTypeName(text)).toThrow(expect.objectContaining({ code: 'HANGFIRE_UNREADABLE' }))
    },
  )

  it.each(['Acme.Jobs', 'Acme.Jobs`1[[Acme.Job]], Acme', ''])(
    'of a definition is refused without an assembly: %s',
    (text) => {
      expect(() => checkTypeName('type', text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    },
  )

  it('is the same after it was written and read, at any depth', () => {
    fc.assert(
      fc.property(types, (type) => {
        expect(decodeTypeName(formatTypeName(type))).toEqual(type)
      }),
    )
  })

  it('has the same meaning in every style', () => {
    fc.assert(
      fc.property(types, fc.constantFrom('simple', 'full'), (type, typeNames) => {
        expect(typeKey(encodeTypeName(type, { typeNames, assemblies }))).toBe(typeKey(type))
      }),
    )
  })
})
