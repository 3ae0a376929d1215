import { describe, expect, it } from 'vitest'
import { jsonCodec } from '@holdfast/core'

const back = (value: unknown): unknown => jsonCodec.decode(jsonCodec.encode(value))

class List extends Array<number> {}
class Table extends Map<string, number> {}
class Words extends Set<string> {}
class Day extends Date {}
class Octets extends Uint8Array {}

function holed(): unknown[] {
  const list: unknown[] = [1]
  list[2] = 3
  return list
}

function deep(levels: number): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < levels; level += 1) value = { inner: value }
  return value
}

describe('the JSON codec', () => {
  it.each<[string, unknown, RegExp]>([
    ['a subclass of Array', { a: List.of(1, 2) }, /value\.a is an instance of List/],
    ['an heir of nothing known', Object.create(Object.create(null)), /is an instance of something unnamed/],
    ['a subclass of Map', new Table([['a', 1]]), /instance of Table/],
    ['a subclass of Set', new Words(['a']), /instance of Words/],
    ['a subclass of Date', new Day(0), /instance of Day/],
    ['a subclass of Uint8Array', new Octets(2), /instance of Octets/],
    ['an array with extra properties', { a: Object.assign([1], { index: 0 }) }, /value\.a has .*index/],
    ['an array with a symbol', Object.assign([1], { [Symbol('s')]: 0 }), /value has .*Symbol\(s\)/],
    ['an object with a symbol', { a: { [Symbol('s')]: 0 } }, /value\.a has .*Symbol\(s\)/],
    ['a hole', { a: holed() }, /value\.a\[1\] is a hole/],
    ['what is nested too deep', deep(100_000), /nested .* deep/],
    ['a cycle', ((cycle: Record<string, unknown>) => (cycle['self'] = cycle))({}), /back to itself/],
    ['a function', { a: () => 1 }, /value\.a is a function/],
  ])('refuses %s', (_, value, message) => {
    expect(() => jsonCodec.encode(value)).toThrow(TypeError)
    expect(() => jsonCodec.encode(value)).toThrow(message)
  })

  it.each<[string, unknown]>([
    ['members that are undefined', { a: undefined, b: { c: undefined, d: 1 }, e: [undefined] }],
    ['an invalid date', { at: new Date(Number.NaN) }],
    ['a date', new Date(5)],
    ['bytes', { a: new Uint8Array([1, 2]), b: Buffer.from('x') }],
    ['maps and sets', new Map<unknown, unknown>([[{ a: 1 }, new Set([undefined, 10n])]])],
    ['depth', deep(300)],
    ['objects with the tag of the codec', { $holdfast: 'map', data: undefined }],
  ])('keeps %s', (_, value) => {
    expect(back(value)).toStrictEqual(value)
  })

  it('reads what earlier versions wrote', () => {
    expect(jsonCodec.decode('{"$holdfast":"date","data":5}')).toEqual(new Date(5))
  })
})
