import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type CacheCodec, compressedCodec } from '../../src/cache/compressed-codec.ts'
import { readEntry } from '../../src/cache/entry.ts'
import { jsonCodec } from '../../src/support/codec.ts'

/** Entries as versions have stored them. Every later version must read them: add to the file, and change nothing in it. */
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/cache-entries.json', import.meta.url), 'utf8'),
) as Record<
  string,
  Record<string, { readonly codec: string; readonly levels: number; readonly base64: string }>
>

const PLAIN = { id: 7, name: 'Zürich 語', list: [1, 2.5, null, true, ''], nested: { a: {} } }
const TAGGED = {
  date: new Date(1_764_417_600_123),
  big: 12_345_678_901_234_567_890n,
  map: new Map<unknown, unknown>([['a', new Set([1, undefined])]]),
  buffer: Buffer.from([0, 127, 128, 255]),
  bytes: new Uint8Array([1, 2, 3]),
  numbers: [-0, Number.NaN, Number.POSITIVE_INFINITY],
  $holdfast: 'a key that looks like a tag',
}
const LARGE = { rows: Array.from({ length: 60 }, (_, id) => ({ id, name: `Row ${id}`, at: new Date(id) })) }

const named: CacheCodec = { ...jsonCodec, name: 'my,json' }
const codecs: Record<string, CacheCodec> = {
  json: jsonCodec,
  compressed: compressedCodec(jsonCodec),
  named,
  compressedNamed: compressedCodec(named),
}
const tag = (name: string, letter: string) => [name, letter.repeat(22)] as const
const common = {
  writtenAt: 1_764_417_600_123,
  isExpired: false,
  ttlMs: 300_000,
  staleMs: 0,
  loadMs: 0,
  tags: [] as unknown[],
}
const expected: Record<string, { readonly value: unknown; readonly entry: object }> = {
  plain: { value: PLAIN, entry: common },
  tagged: { value: TAGGED, entry: common },
  everything: {
    value: PLAIN,
    entry: { ...common, staleMs: 60_000, loadMs: 12, tags: [tag('user:1', 't'), tag('50% = a, b; ü', 'u')] },
  },
  expired: { value: PLAIN, entry: { ...common, isExpired: true, staleMs: 60_000 } },
  named: { value: PLAIN, entry: common },
  compressed: { value: LARGE, entry: { ...common, staleMs: 60_000 } },
  compressedSmall: { value: PLAIN, entry: common },
  compressedNamed: { value: LARGE, entry: { ...common, tags: [tag('all', 't')] } },
}

describe.each(Object.entries(golden))('the entries of %s', (_version, entries) => {
  it('are all there', () => {
    expect(Object.keys(entries).toSorted()).toEqual(Object.keys(expected).toSorted())
  })

  it.each(Object.entries(entries))('are read for ever: %s', (name, { codec: codecName, levels, base64 }) => {
    const codec = codecs[codecName] as CacheCodec
    const bytes = Buffer.from(base64, 'base64')
    for (const stored of codec.bytes === true ? [bytes] : [bytes, bytes.toString()]) {
      const entry = readEntry(stored, levels, codec.name)
      expect(entry).toMatchObject(expected[name]?.entry ?? {})
      expect(entry?.generations).toBe('abcd'.slice(0, levels).replaceAll(/./g, (letter) => letter.repeat(22)))
      expect(codec.decode(entry?.payload ?? '')).toEqual(expected[name]?.value)
    }
  })
})
