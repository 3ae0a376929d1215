import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Entry,
  type EntryHeader,
  expiredHead,
  readEntry,
  readEntryHeader,
  writeEntry,
} from '../../src/cache/entry.ts'

const STAMP = '1764417600123'
const TOKEN = 'tokentoken1'
const generation = (letter: string): string => letter.repeat(22)

/** As the storage holds it. */
function stored(header: EntryHeader, payload: string | Uint8Array): string | Uint8Array {
  const written = writeEntry(header, payload)
  return typeof written === 'string' ? STAMP + written : Buffer.concat([Buffer.from(STAMP), written])
}

const asBytes = (text: string | Uint8Array): Buffer => Buffer.from(text as string)
const plain: EntryHeader = { token: TOKEN, generations: generation('g'), ttlMs: 300_000 }

describe('an entry', () => {
  it('that is plain takes 54 bytes more than its value', () => {
    const text = stored(plain, '{"a":1}') as string
    expect(text).toBe(`${STAMP}V10${TOKEN}${generation('g')}6fhc;{"a":1}`)
    expect(text.length - '{"a":1}'.length).toBe(54)
    expect(readEntry(text, 1, undefined)).toMatchObject({
      head: `${STAMP}V10${TOKEN}`,
      writtenAt: 1_764_417_600_123,
      isExpired: false,
      generations: generation('g'),
      ttlMs: 300_000,
      staleMs: 0,
      loadMs: 0,
      tags: [],
      payload: '{"a":1}',
    })
  })

  it('with everything says so in its flags', () => {
    const header: EntryHeader = {
      ...plain,
      generations: generation('a') + generation('b'),
      staleMs: 36,
      loadMs: 0.2,
      tags: [
        ['user:1', generation('c')],
        ['50% = a, b;', generation('d')],
      ],
      codec: 'msg,pack',
    }
    expect(stored(header, 'x;y')).toBe(
      `${STAMP}V1j${TOKEN}${header.generations}6fhc,10,1,user:1=${generation('c')},50%25 %3D a%2C b%3B=${generation('d')},~msg%2Cpack;x;y`,
    )
    const { token: _, codec, ...read } = header
    expect(readEntry(stored(header, 'x;y'), 2, codec)).toMatchObject({ ...read, loadMs: 1, payload: 'x;y' })
  })

  it('keeps bytes as they are, in front of text that is read as bytes as well', () => {
    const payload = Buffer.from([0, 255, 59, 1])
    const bytes = stored(plain, payload)
    expect(readEntry(bytes, 1, undefined)?.payload).toEqual(payload)
    expect(readEntry(new Uint8Array(bytes as Buffer), 1, undefined)?.payload).toEqual(payload)
    expect(readEntry(asBytes(stored(plain, 'Zürich 語')), 1, undefined)?.payload).toBe('Zürich 語')
    // A reader of text would get something else.
    expect(readEntry((bytes as Buffer).toString(), 1, undefined)).toBeUndefined()
  })

  it('counts for the codec that made it alone', () => {
    const named = stored({ ...plain, codec: 'a' }, 'x')
    expect([readEntry(named, 1, 'a')?.payload, readEntry(stored(plain, 'x'), 1, undefined)?.payload]).toEqual(
      ['x', 'x'],
    )
    expect(readEntry(named, 1, 'b')).toBeUndefined()
    expect(readEntry(named, 1, undefined)).toBeUndefined()
    expect(readEntry(stored(plain, 'x'), 1, 'a')).toBeUndefined()
  })

  it('is read by its header alone, wherever its payload is cut off', () => {
    for (const payload of ['{"a":1}', Buffer.from([255, 254, 253])]) {
      const header = { ...plain, staleMs: 5, tags: [['tag', generation('t')] as const] }
      const beginning = asBytes(stored(header, payload)).toString().slice(0, -2)
      expect(readEntryHeader(beginning, 1, undefined)).toMatchObject({
        ttlMs: 300_000,
        staleMs: 5,
        payload: '',
      })
      expect(readEntryHeader(beginning.slice(0, 70), 1, undefined)).toBeUndefined()
    }
  })

  it.each([
    plain,
    { ...plain, staleMs: 1_000 },
    { ...plain, tags: [['tag', generation('t')] as const], codec: 'c' },
  ])('is another one once it is made stale by hand, of the same length: %o', (header) => {
    for (const payload of ['text', Buffer.from('bytes')]) {
      const before = asBytes(stored(header, payload))
      const entry = readEntry(before, 1, header.codec) as Entry
      const head = expiredHead(entry, 'other_token')
      expect(head).toHaveLength(entry.head.length)
      expect(head).not.toBe(entry.head)
      const after = Buffer.concat([Buffer.from(head), before.subarray(head.length)])
      const { ttlMs, staleMs, tags, payload: data } = entry
      const expired = readEntry(after, 1, header.codec) as Entry
      expect(expired).toMatchObject({ head, isExpired: true, ttlMs, staleMs, tags, payload: data })
      // A second time it stays so.
      expect(expiredHead(expired, TOKEN)).toBe(head.slice(0, 16) + TOKEN)
    }
  })

  it.each([
    '',
    'hello',
    'V',
    'V{"a":1}',
    '{"a":1}',
    `L${'a'.repeat(22)}.1764417600123000;`,
    `${STAMP}V20${TOKEN}${generation('g')}6fhc;{}`,
    `${STAMP}V1w${TOKEN}${generation('g')}6fhc;{}`,
    `${STAMP}V10${TOKEN}${generation('g')}0;{}`,
    `${STAMP}V10${TOKEN}${generation('g')};{}`,
    `${STAMP}V10${TOKEN}${generation('g')}zzzzzzzzz;{}`,
    `${STAMP}V10${TOKEN}${generation('g')}6fhc,1,1;{}`,
    `${STAMP}V11${TOKEN}${generation('g')}6fhc;{}`,
    `${STAMP}V11${TOKEN}${generation('g')}6fhc,1;{}`,
    `${STAMP}V11${TOKEN}${generation('g')}6fhc,,1;{}`,
    `${STAMP}V12${TOKEN}${generation('g')}6fhc,;{}`,
    `${STAMP}V12${TOKEN}${generation('g')}6fhc,a=${'t'.repeat(21)};{}`,
    `${STAMP}V12${TOKEN}${generation('g')}6fhc,=${generation('t')};{}`,
    `${STAMP}V12${TOKEN}${generation('g')}6fhc,%zz=${generation('t')};{}`,
    `x${STAMP.slice(1)}V10${TOKEN}${generation('g')}6fhc;{}`,
  ])('is not what else may lie under a key: %s', (text) => {
    expect(readEntry(text, 1, undefined)).toBeUndefined()
    expect(readEntry(Buffer.from(text), 1, undefined)).toBeUndefined()
    expect(readEntryHeader(text, 1, undefined)).toBeUndefined()
  })
})

describe('any entry', () => {
  const chars = (length: number) =>
    fc.string({
      unit: fc.constantFrom('a', 'z', 'A', 'Z', '0', '9', '_', '-'),
      minLength: length,
      maxLength: length,
    })
  const ms = fc.integer({ min: 0, max: 86_400_000_000 })
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 })
  const someLevels = fc.integer({ min: 1, max: 4 })
  const header = someLevels.chain((levels) =>
    fc.record({
      levels: fc.constant(levels),
      token: chars(11),
      generations: chars(22 * levels),
      ttlMs: ms.map((value) => value + 1),
      staleMs: ms,
      loadMs: ms,
      tags: fc.array(fc.tuple(name, chars(22)), { maxLength: 3 }),
      codec: fc.option(name, { nil: undefined }),
    }),
  )
  const payload = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )

  it('is read as it was written, as text or as bytes', () => {
    fc.assert(
      fc.property(header, payload, ({ levels, codec, ...written }, data) => {
        const value = stored({ ...written, codec }, data)
        const { token, ...read } = written
        const expected = { ...read, writtenAt: Number(STAMP), payload: data }
        const head = expect.stringMatching(new RegExp(`^${STAMP}V1.${token}$`)) as string
        expect(readEntry(value, levels, codec)).toMatchObject({ ...expected, head })
        expect(readEntry(asBytes(value), levels, codec)).toMatchObject({ ...expected, head })
      }),
    )
  })

  /** Whatever was read is whole: it can be written, and is read the same again. */
  const expectWhole = (entry: Entry, levels: number, codec: string | undefined): void => {
    const { head, writtenAt, isExpired, generations, ttlMs, staleMs, loadMs, tags, payload: data } = entry
    expect(head).toHaveLength(27)
    expect(generations).toHaveLength(22 * levels)
    const again = { token: head.slice(16), generations, ttlMs, staleMs, loadMs, tags, codec }
    const read = readEntry(stored(again, data), levels, codec)
    expect(read).toMatchObject({ generations, ttlMs, staleMs, loadMs, tags, payload: data })
    expect([typeof isExpired, Number.isSafeInteger(writtenAt), ttlMs > 0]).toEqual(['boolean', true, true])
  }

  it('is nothing, or whole, when it is cut off or any one of its characters is another', () => {
    fc.assert(
      fc.property(
        header,
        payload,
        fc.nat(),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        fc.nat(255),
        ({ levels, codec, ...written }, data, at, char, byte) => {
          const value = stored({ ...written, codec }, data)
          const headerLength = value.length - data.length
          const where = at % headerLength
          // The header ends with its semicolon: without that there is none.
          expect(readEntry(value.slice(0, where), levels, codec)).toBeUndefined()
          const damaged: (string | Uint8Array)[] = []
          if (typeof value === 'string') damaged.push(value.slice(0, where) + char + value.slice(where + 1))
          const bytes = Buffer.from(value as string)
          bytes[at % bytes.length] = byte
          damaged.push(bytes)
          for (const each of damaged) {
            const entry = readEntry(each, levels, codec)
            if (entry !== undefined) expectWhole(entry, levels, codec)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
