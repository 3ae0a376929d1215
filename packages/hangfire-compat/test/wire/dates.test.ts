import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeDate, encodeDate } from '../../src/wire/dates.ts'

const instants = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })

describe('a date', () => {
  it.each([
    ['milliseconds', '1795906376182', Date.UTC(2026, 10, 28, 22, 52, 56, 182)],
    ['seconds', '577501952', Date.UTC(1988, 3, 20, 1, 12, 32)],
    ['format O with Z', '2026-11-28T22:54:08.2882913Z', Date.UTC(2026, 10, 28, 22, 54, 8, 288)],
    [
      'format O without Z, as storage 1.12.0 writes Fetched at level 110',
      '2026-11-28T22:34:18.1850000',
      Date.UTC(2026, 10, 28, 22, 34, 18, 185),
    ],
    ['an offset', '2025-01-02T05:04:05.678+02:00', Date.UTC(2025, 0, 2, 3, 4, 5, 678)],
    ['quotes', '"2025-01-02T03:04:05Z"', Date.UTC(2025, 0, 2, 3, 4, 5)],
    ['a day', '2025-01-02', Date.UTC(2025, 0, 2)],
    ['the first date of .NET', '0001-01-01T00:00:00.0000000', -62_135_596_800_000],
    ['the last date of .NET', '9999-12-31T23:59:59.9999999Z', 253_402_300_799_999],
    ['the last number of seconds', '253402300799', 253_402_300_799_000],
    ['the first number of milliseconds', '253402300800', 253_402_300_800],
  ])('is read from %s', (_what, text, ms) => {
    expect(decodeDate(text)).toBe(ms)
  })

  it('is none in an empty text', () => {
    expect(decodeDate('')).toBeUndefined()
  })

  it.each([
    'soon',
    '2025-02-30T00:00:00Z',
    '2025-01-01T24:00:00Z',
    '2025-01-02T03:04:05+15:00',
    '99999999999999999',
    '12.5',
    'null',
    '""x',
  ])('is not read from %s', (text) => {
    expect(() => decodeDate(text)).toThrow(
      expect.objectContaining({ code: 'HANGFIRE_UNREADABLE', stored: text }),
    )
  })

  it('has the form of its dialect', () => {
    const ms = Date.UTC(2026, 10, 28, 22, 54, 8, 288)
    expect(encodeDate(ms, 'ms')).toBe('1795906448288')
    expect(encodeDate(ms, 'iso')).toBe('2026-11-28T22:54:08.2880000Z')
    // Fewer milliseconds would be read as seconds.
    expect(encodeDate(253_402_300_799, 'ms')).toBe('1978-01-11T21:31:40.7990000Z')
    expect(encodeDate(253_402_300_800, 'ms')).toBe('253402300800')
  })

  it.each([NaN, 1.5, Infinity, 253_402_300_800_000, -62_135_596_800_001])('is not written for %s', (ms) => {
    expect(() => encodeDate(ms, 'ms')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('is the same after it was written and read, in every dialect, on every machine', () => {
    fc.assert(
      fc.property(instants, fc.constantFrom('ms', 'iso'), (ms, dialect) => {
        expect(decodeDate(encodeDate(ms, dialect))).toBe(ms)
        expect(decodeDate(encodeDate(ms, 'iso').slice(0, -1))).toBe(ms)
      }),
    )
  })
})
