import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HangfireUnreadableError, type Parameter, defineHangfireJob, t } from '../../src/index.ts'
import { decodeCall, encodeCall, signatureOf } from '../../src/jobs/job-definition.ts'
import type { Dialect } from '../../src/wire/dialect.ts'

const level180: Dialect = { dates: 'ms', typeNames: 'simple' }
const level110: Dialect = { dates: 'iso', typeNames: 'simple' }

const day = t.enumeration('System.DayOfWeek, mscorlib', { Sunday: 0, Friday: 5 } as const)

/** One argument on the wire. */
function written<In>(
  parameter: Parameter<unknown, In>,
  value: In,
  dialect: Dialect = level180,
): string | null | undefined {
  const job = defineHangfireJob({ type: 'Acme.Jobs, Acme', method: 'Run', parameters: [parameter] })
  return encodeCall(job as never, [value], dialect).arguments[0]
}

function read(parameter: Parameter<unknown, never>, argument: string | null): unknown {
  return parameter.decode('the argument', argument)
}

const guid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'

/** Unpaired surrogates among it. (fast-check's own unit takes a second to set up.) */
const anyText = fc.array(fc.nat({ max: 0xffff })).map((codes) => String.fromCharCode(...codes))

describe('an argument', () => {
  it.each<readonly [string, Parameter<unknown, never>, unknown, string | null]>([
    ['Guid', t.guid, guid.toUpperCase(), `"${guid}"`],
    ['string', t.string, 'zażółć "q"', '"zażółć \\"q\\""'],
    ['int', t.int32, -2_147_483_648, '-2147483648'],
    ['long', t.int64, 9_007_199_254_740_993n, '9007199254740993'],
    ['long of a number', t.int64, 42, '42'],
    ['decimal with its scale', t.decimal, '12.30', '12.30'],
    ['decimal of a number', t.decimal, 0.5, '0.5'],
    ['the largest decimal', t.decimal, '79228162514264337593543950335', '79228162514264337593543950335'],
    ['double', t.double, 0.1, '0.1'],
    ['double without a fraction', t.double, 2, '2.0'],
    ['a double that is no number', t.double, NaN, '"NaN"'],
    ['bool', t.boolean, true, 'true'],
    ['DateTime', t.dateTime, new Date('2025-01-02T03:04:05.678Z'), '"2025-01-02T03:04:05.678Z"'],
    ['DateTimeOffset', t.dateTimeOffset, '2025-01-02T05:04:05.678+02:00', '"2025-01-02T05:04:05.678+02:00"'],
    ['DateTimeOffset of a Date', t.dateTimeOffset, new Date(0), '"1970-01-01T00:00:00+00:00"'],
    ['TimeSpan', t.timeSpan, 90_000, '"00:01:30"'],
    ['TimeSpan of days', t.timeSpan, -(86_400_000 + 7_384_005), '"-1.02:03:04.0050000"'],
    ['enum', day, 5, '5'],
    ['byte[]', t.bytes, Uint8Array.of(1, 2, 255), '"AQL/"'],
    ['object', t.object('A, B'), { Model: 'gpt', $type: 'Evil, Evil' }, '{"Model":"gpt"}'],
    ['List<T>', t.list(t.int64), [1n, 2n ** 60n], '[1,1152921504606846976]'],
    ['T[]', t.array(t.dateTime), [new Date(0)], '["1970-01-01T00:00:00Z"]'],
    [
      'Dictionary<string, T>',
      t.dictionary(t.nullable(t.int32)),
      { one: 1, none: null },
      '{"one":1,"none":null}',
    ],
    ['null', t.nullable(t.string), null, null],
    ['T?', t.nullable(t.int32), 7, '7'],
  ])('of type %s has the text that .NET writes', (_type, parameter, value, text) => {
    expect(written(parameter as Parameter<unknown>, value)).toBe(text)
  })

  it('that is a date is bare at level 110, and quoted within a list', () => {
    const date = new Date('2025-01-02T03:04:05.678Z')
    expect(written(t.dateTime, date, level110)).toBe('2025-01-02T03:04:05.6780000Z')
    expect(written(t.nullable(t.dateTime), date, level110)).toBe('2025-01-02T03:04:05.6780000Z')
    expect(written(t.list(t.dateTime), [date], level110)).toBe('["2025-01-02T03:04:05.678Z"]')
  })

  /** As a live .NET bound them. */
  it.each<readonly [Parameter<unknown, never>, string | null, unknown]>([
    [t.guid, `"{${guid.toUpperCase()}}"`, guid],
    [t.guid, guid.replaceAll('-', ''), guid],
    [t.guid, null, '00000000-0000-0000-0000-000000000000'],
    [t.string, 'bare text', 'bare text'],
    [t.string, '{"a":1}', '{"a":1}'],
    [t.string, '42', '42'],
    [t.int32, '"42"', 42],
    [t.int32, null, 0],
    [t.int64, '9007199254740993', 9_007_199_254_740_993n],
    [t.nullable(t.int32), 'null', null],
    [t.nullable(t.int32), '', null],
    [t.nullable(t.int32), '""', null],
    [day, '"friday"', 5],
    [day, 'Friday', 5],
    [day, '"5"', 5],
    [t.dateTime, '2025-01-02T03:04:05.6780000Z', new Date('2025-01-02T03:04:05.678Z')],
    [t.dateTime, '"2025-01-02T03:04:05"', new Date('2025-01-02T03:04:05Z')],
    [t.dateTime, '"2025-01-02"', new Date('2025-01-02T00:00:00Z')],
    [t.dateTime, '"/Date(1735787045678)/"', new Date(1_735_787_045_678)],
    [t.dateTimeOffset, '"0001-01-01T00:00:00+00:00"', '0001-01-01T00:00:00+00:00'],
    [t.timeSpan, '90', 90 * 86_400_000],
    [t.timeSpan, '"1.02:03:04.0050000"', 93_784_005],
    [t.decimal, '12.30', '12.30'],
    [t.double, '"NaN"', NaN],
    [t.boolean, '"True"', true],
    [t.boolean, '1', true],
    [t.bytes, '[1,2,255]', Uint8Array.of(1, 2, 255)],
    [t.list(t.string), '{"$type":"System.String[], mscorlib","$values":["a"]}', ['a']],
    [t.any, '{"$type":"A, B","Model":"gpt"}', { Model: 'gpt' }],
    [t.object('A, B'), '{}', {}],
  ])('is read as .NET reads it: %o %s', (parameter, argument, value) => {
    expect(read(parameter, argument)).toEqual(value)
  })

  it.each<readonly [string, Parameter<unknown, never>, string | null]>([
    ['Guid', t.guid, 'null'],
    ['Guid', t.guid, ''],
    ['Guid', t.guid, '""'],
    ['int', t.int32, '42.0'],
    ['int', t.int32, '2147483648'],
    ['int', t.int32, 'true'],
    ['int', t.int32, '""'],
    ['long', t.int64, '9223372036854775808'],
    ['enum', day, '"Someday"'],
    ['DateTime', t.dateTime, '1735787045678'],
    ['DateTime', t.dateTime, '"1735787045678"'],
    ['TimeSpan', t.timeSpan, '"PT90S"'],
    ['TimeSpan', t.timeSpan, '"24:00:00"'],
    // .NET takes the comma for nothing, and reads 1230.
    ['decimal', t.decimal, '"12,30"'],
    ['bool', t.boolean, '"yes"'],
    ['byte[]', t.bytes, '"?"'],
    ['object', t.object('A, B'), 'bare'],
    ['string that is null', t.string, null],
    ['list with null for a value', t.list(t.int32), '[null]'],
    ['list', t.list(t.int32), '{"a":1}'],
    ['dictionary', t.dictionary(t.int32), '[1]'],
  ])('of type %s is unreadable: %s', (_type, parameter, argument) => {
    expect(() => read(parameter, argument)).toThrow(HangfireUnreadableError)
  })

  it.each<readonly [string, Parameter<unknown, never>, unknown]>([
    ['null for a Guid', t.guid, null],
    ['null for an int', t.int32, null],
    ['null for a string that is not nullable', t.string, null],
    ['nothing', t.string, undefined],
    ['nothing for a nullable', t.nullable(t.string), undefined],
    ['a text that is no GUID', t.guid, 'x'],
    ['1.5 for an int', t.int32, 1.5],
    ['33 bits for an int', t.int32, 2 ** 31],
    ['-0 for an int', t.int32, -0],
    ['a text for an int', t.int32, '1'],
    ['65 bits for a long', t.int64, 2n ** 63n],
    ['an unsafe number for a long', t.int64, 2 ** 53],
    ['a comma in a decimal', t.decimal, '12,30'],
    ['an exponent in a decimal', t.decimal, 1e-7],
    ['97 bits for a decimal', t.decimal, '79228162514264337593543950336'],
    ['29 digits after the point of a decimal', t.decimal, `0.${'0'.repeat(28)}1`],
    ['infinity for a double', t.double, Infinity],
    ['a word for a bool', t.boolean, 'true'],
    ['a date that is none', t.dateTime, new Date(NaN)],
    ['a text for a DateTime', t.dateTime, '2025-01-02'],
    ['a year beyond .NET', t.dateTime, new Date(Date.UTC(10_000, 0))],
    ['a DateTimeOffset without offset', t.dateTimeOffset, '2025-01-02T03:04:05'],
    ['a TimeSpan that is none', t.timeSpan, NaN],
    ['a TimeSpan beyond .NET', t.timeSpan, 1e15],
    ['an unknown value of an enum', day, 3],
    ['an array of numbers for bytes', t.bytes, [1]],
    ['NaN in an object', t.object('A, B'), { x: NaN }],
    ['an object for a list', t.list(t.int32), {}],
    ['null in a list of values', t.list(t.int32), [null]],
    ['a hole in a list', t.list(t.string), [undefined]],
    ['a key of .NET', t.dictionary(t.int32), { $type: 1 }],
  ])('is refused before any write: %s', (_what, parameter, value) => {
    const message = expect.stringContaining('Argument 1 of Acme.Jobs.Run') as string
    const keyMessage = expect.stringContaining('a key of Argument 1') as string
    const isKey = _what === 'a key of .NET'
    expect(() => written(parameter as Parameter<unknown>, value)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: isKey ? keyMessage : message }),
    )
  })

  it('is the same after it was written and read', () => {
    const dates = fc.date({
      min: new Date(-62_135_596_800_000),
      max: new Date(253_402_300_799_999),
      noInvalidDate: true,
    })
    const cases: readonly (readonly [Parameter<unknown, never>, fc.Arbitrary<unknown>])[] = [
      [t.guid, fc.uuid()],
      [t.string, anyText],
      [t.nullable(t.string), fc.option(fc.string())],
      [t.int32, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
      [t.int64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
      [
        t.decimal,
        fc
          .tuple(fc.bigInt({ min: 0n, max: 2n ** 63n }), fc.nat({ max: 999 }))
          .map(([whole, part]) => `${whole}.${part}`),
      ],
      [t.double, fc.double({ noDefaultInfinity: true })],
      [t.boolean, fc.boolean()],
      [t.dateTime, dates],
      [t.timeSpan, fc.integer({ min: -1e12, max: 1e12 })],
      [t.bytes, fc.uint8Array()],
      [t.nullable(t.dateTime), fc.option(dates)],
      [t.list(t.dateTime), fc.array(dates)],
      [
        t.array(t.list(t.nullable(t.int64))),
        fc.array(fc.array(fc.option(fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n })))),
      ],
      [
        t.dictionary(t.string),
        fc.dictionary(
          fc.string().filter((key) => !key.startsWith('$') && !key.startsWith('<')),
          fc.string(),
        ),
      ],
    ]
    for (const [parameter, values] of cases) {
      fc.assert(
        fc.property(values, fc.constantFrom(level110, level180), (value, dialect) => {
          const text = written(parameter as Parameter<unknown>, value, dialect)
          expect(read(parameter, text ?? null)).toEqual(value)
        }),
      )
    }
  })
})

describe('a call', () => {
  const review = defineHangfireJob({
    type: 'Acme.Contracts.INodeReviews, Acme.Contracts',
    method: 'Review',
    queue: 'node',
    parameters: [
      t.guid,
      t.string,
      t.cancellationToken,
      t.nullable(t.object<{ Model: string }>('Acme.O, Acme')),
      t.performContext,
    ],
  })

  it('passes null for what the server fills in, and hands the handler the rest', () => {
    const call = encodeCall(review, [guid, 'acme/web', { Model: 'x' }], level180)
    expect(call).toEqual({
      type: 'Acme.Contracts.INodeReviews, Acme.Contracts',
      method: 'Review',
      parameterTypes: [
        'System.Guid, mscorlib',
        'System.String',
        'System.Threading.CancellationToken, mscorlib',
        'Acme.O, Acme',
        'Hangfire.Server.PerformContext, Hangfire.Core',
      ],
      arguments: [`"${guid}"`, '"acme/web"', null, '{"Model":"x"}', null],
    })
    expect(decodeCall(review, call)).toEqual([guid, 'acme/web', { Model: 'x' }])
    expect(decodeCall(review, { ...call, arguments: [...call.arguments, '"one too many"'] })).toHaveLength(3)
  })

  it('has its explicit queue only when one is given', () => {
    expect(encodeCall(review, [guid, '', null], level180, 'critical').queue).toBe('critical')
    expect(() => encodeCall(review, [guid, '', null], level180, 'Critical')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  it('with too few arguments is unreadable, and with a wrong number refused', () => {
    const call = encodeCall(review, [guid, 'a', null], level180)
    expect(() => decodeCall(review, { ...call, arguments: call.arguments.slice(1) })).toThrow(
      HangfireUnreadableError,
    )
    expect(() => encodeCall(review, [guid] as never, level180)).toThrow('takes 3 arguments')
  })

  it('is found by its signature, however .NET spells the types', () => {
    const full = encodeCall(review, [guid, 'a', null], { dates: 'ms', typeNames: 'full' })
    expect(full.type).toContain('Version=')
    expect(signatureOf(full)).toBe(signatureOf(review))
    expect(signatureOf({ ...full, method: 'review' })).not.toBe(signatureOf(review))
  })

  it.each([
    [{ type: 'Acme.Jobs[', method: 'Run' }, 'a .NET type name'],
    [{ type: 'Acme.Jobs, Acme', method: '' }, 'method'],
    [{ type: 'Acme.Jobs, Acme', method: 'Run', queue: 'Node' }, 'queue'],
  ])('is not defined by %o', (options, message) => {
    expect(() => defineHangfireJob(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => defineHangfireJob(options)).toThrow(message)
  })

  it('cannot have a nullable of a nullable, or an enum of fractions', () => {
    expect(() => t.nullable(t.nullable(t.int32))).toThrow('nullable parameter already')
    expect(() => t.enumeration('A.E, A', { Half: 0.5 })).toThrow('whole numbers')
  })
})
