import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJson, parseJson, toPlain } from '../../src/wire/json.ts'

const read = (text: string): unknown => {
  const json = parseJson(text)
  return json === undefined ? undefined : toPlain(json)
}

describe('JSON of .NET', () => {
  it('keeps the digits of whole numbers beyond 2^53', () => {
    expect(read('{"a":9007199254740993,"b":[-9223372036854775808,1]}')).toEqual({
      a: 9_007_199_254_740_993n,
      b: [-9_223_372_036_854_775_808n, 1],
    })
  })

  it('is read without the marks of Newtonsoft.Json', () => {
    expect(read('{"$type":"A, B","Tags":{"$type":"T","$values":["a",{"$type":"X","n":1}]}}')).toEqual({
      Tags: ['a', { n: 1 }],
    })
    expect(read('{"<JobId>k__BackingField":"1"}')).toEqual({ JobId: '1' })
  })

  it('may have any key', () => {
    expect(Object.keys(read('{"__proto__":1,"constructor":2}') as object)).toEqual([
      '__proto__',
      'constructor',
    ])
  })

  it.each([
    '',
    '{',
    '01',
    '1.',
    '.5',
    '+1',
    'NaN',
    "'a'",
    '"a\\x"',
    '[1,]',
    '{"a"}',
    '1 2',
    '"a"b',
    'truefalse',
  ])('is not %s', (text) => {
    expect(parseJson(text)).toBeUndefined()
  })

  it('is whatever JSON.parse takes, and means the same', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(rounded(read(text))).toEqual(JSON.parse(text))
      }),
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseJson(text) === undefined).toBe(isNoJson(text))
      }),
    )
  })

  it('is written so that it reads back', () => {
    const values = fc.jsonValue().filter((value) => !/"\$/.test(JSON.stringify(value)))
    fc.assert(
      fc.property(values, (value) => {
        // JSON has no -0.
        expect(rounded(read(encodeJson('the value', value)))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
    fc.assert(
      fc.property(fc.bigInt(), (value) => {
        const back = read(encodeJson('the value', { value }))
        expect(back).toEqual({ value: Number.isSafeInteger(Number(value)) ? Number(value) : value })
      }),
    )
  })

  it('has dates with Z, bytes in Base64, bigints as digits, and neither undefined nor $type', () => {
    const value = {
      a: new Date(0),
      b: new Date(120),
      c: Uint8Array.of(1, 2, 255),
      d: 2n ** 63n,
      e: undefined,
      $type: 'Evil, Evil',
    }
    expect(encodeJson('the value', value)).toBe(
      '{"a":"1970-01-01T00:00:00Z","b":"1970-01-01T00:00:00.12Z","c":"AQL/","d":9223372036854775808}',
    )
    expect(encodeJson('the value', { at: { toJSON: () => ['x', { $type: 'Evil, Evil' }] } })).toBe(
      '{"at":["x",{}]}',
    )
  })

  const circle: unknown[] = []
  circle.push({ circle })
  it.each([
    [NaN, 'value.x is NaN'],
    [Infinity, 'value.x is Infinity'],
    [() => 1, 'value.x is a function'],
    [Symbol('s'), 'value.x is a symbol'],
    [[1, undefined], 'value.x[1] is undefined'],
    [new Map(), 'value.x is a Map'],
    [new Date(NaN), 'value.x must be a valid Date'],
    [circle, 'contains itself'],
    [{ $ref: '1' }, 'has a member $ref'],
    [{ $values: [] }, 'has a member $values'],
  ])('refuses what .NET could not read: %s', (x, message) => {
    expect(() => encodeJson('value', { x })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => encodeJson('value', { x })).toThrow(message)
  })
})

/** With bigints as JSON.parse would round them. */
function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(rounded)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rounded(member)]))
}

function isNoJson(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch {
    return true
  }
}
