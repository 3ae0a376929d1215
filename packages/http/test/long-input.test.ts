import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fingerprintOf } from '@holdfast/core'
import { type HttpRequestFacts, parseIdempotencyKey, standardFingerprint } from '@holdfast/http'

/** What a client can send within 64 kB, at its worst for what reads it. */
const SIZE = 65_536
const long = (text: string, size = SIZE): string => text.repeat(Math.ceil(size / text.length))

/** How many characters the regular expressions of this process were given at most; each may take their square. */
let longest = 0
beforeEach(() => {
  longest = 0
  // oxlint-disable-next-line typescript/unbound-method
  const { exec } = RegExp.prototype
  vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, text: string) {
    longest = Math.max(longest, text.length)
    return Reflect.apply(exec, this, [text]) as RegExpExecArray | null
  })
})
afterEach(() => vi.restoreAllMocks())

test.each([
  ['blanks', long(' ')],
  ['blanks within a key', `a${long(' ')}b`],
  ['tabs', `${long('\t')}k`],
  ['an open quote', `"${long('\\"')}`],
  ['escapes', `"${long('\\\\')}"`],
  ['parameters', `"k"${long('; ')}`],
  ['commas', long('a,')],
  ['a long key', long('k')],
  ['characters of other scripts', long('ü')],
])('%s of 64 kB are refused before anything searches them', (_name, value) => {
  expect(parseIdempotencyKey(value)).toMatchObject({ status: 'malformed' })
  expect(parseIdempotencyKey([value])).toMatchObject({ status: 'malformed' })
  expect(longest).toBeLessThanOrEqual(1_024)
})

test('the longest key is taken, with all around it that a client may send', () => {
  expect(parseIdempotencyKey(`  "${'\\"'.repeat(255)}"; a=b\t`)).toEqual({
    status: 'present',
    key: '"'.repeat(255),
  })
})

test.each<[string, Partial<HttpRequestFacts>]>([
  ['parameters of the media type', { headers: { 'content-type': `text/plain${long('; ')}` } }],
  ['boundaries', { headers: { 'content-type': `multipart/mixed${long('; boundary="')}` }, body: 'x' }],
  ['a boundary', { headers: { 'content-type': `multipart/mixed; boundary=${long('a')}` }, body: long('-a') }],
  ['queries', { url: `/?${long('a=b&')}` }],
  ['question marks', { url: `/${long('?#')}` }],
  ['parameters', { params: { id: long('%') } }],
])('no regular expression is given %s of 64 kB', (_name, more) => {
  const facts = { method: 'POST', route: '/', url: '/', headers: {}, body: {}, hasBody: true, ...more }
  fingerprintOf(standardFingerprint(facts))
  expect(longest).toBeLessThanOrEqual(1_024)
})

test('a boundary that is longer than any is not searched for', () => {
  const type = (length: number): object => {
    const headers = { 'content-type': `multipart/mixed; boundary=${'a'.repeat(length)}` }
    const body = `--${'a'.repeat(length)}--`
    return standardFingerprint({ method: 'POST', route: '/', url: '/', headers, body, hasBody: true })
  }
  expect(type(70)).toMatchObject({ body: ['', '--'] })
  expect(type(71)).toMatchObject({ body: Buffer.from(`--${'a'.repeat(71)}--`) })
})
