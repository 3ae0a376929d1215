import { describe, expect, test } from 'vitest'
import { parseIdempotencyKey } from '@holdfast/http'

describe('a key', () => {
  test.each([
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    ['  abc\t', 'abc'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['a\\b', 'a\\b'],
    ['"a,b;c"', 'a,b;c'],
    ['"abc";v=1', 'abc'],
    ['abc;v=1', 'abc;v=1'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('%j is %j', (value, key) => {
    expect(parseIdempotencyKey(value)).toEqual({ status: 'present', key })
  })

  test.each([
    '',
    ' ',
    '""',
    '"a',
    'a"b',
    'a,b',
    '"a", "b"',
    '"a b"',
    'a b',
    'a\u007f',
    'é',
    '"é"',
    '"a\\n"',
    'x'.repeat(256),
    `"${'x'.repeat(256)}"`,
  ])('%j is malformed', (value) => {
    expect(parseIdempotencyKey(value).status).toBe('malformed')
  })

  test('is missing without the header, malformed when the header occurs twice', () => {
    expect(parseIdempotencyKey(undefined).status).toBe('missing')
    expect(parseIdempotencyKey(['a', 'b']).status).toBe('malformed')
    expect(parseIdempotencyKey(['a'])).toEqual({ status: 'present', key: 'a' })
  })

  test('must be quoted with quotedOnly', () => {
    expect(parseIdempotencyKey('abc', { quotedOnly: true }).status).toBe('malformed')
    expect(parseIdempotencyKey('"abc"', { quotedOnly: true })).toEqual({ status: 'present', key: 'abc' })
  })
})
