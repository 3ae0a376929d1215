import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CacheCodec, compressedCodec } from '../../src/cache/compressed-codec.ts'
import { jsonCodec } from '../../src/support/codec.ts'
import { world } from './world.ts'

const large = { text: 'a value that says the same again and again. '.repeat(100) }

/** Whatever it is given, as bytes. */
const bytesCodec: CacheCodec = {
  name: 'raw',
  bytes: true,
  encode: (value) => value as Uint8Array,
  decode: (data) => Buffer.from(data as Uint8Array),
}

describe('the compressed codec', () => {
  const codec = compressedCodec(jsonCodec)

  it('leaves small values as the text that they are without it, in both directions', () => {
    const small = { a: 1, b: [new Date(5), 7n] }
    expect(codec.encode(small)).toBe(jsonCodec.encode(small))
    expect(codec.decode(jsonCodec.encode(large))).toEqual(large)
    expect(codec).toMatchObject({ name: undefined, bytes: true })
    expect(compressedCodec(bytesCodec).name).toBe('raw')
  })

  it('makes bytes of large ones, fewer than the text took', () => {
    const bytes = codec.encode(large)
    expect(bytes).toBeInstanceOf(Uint8Array)
    expect(bytes.length).toBeLessThan(jsonCodec.encode(large).length / 10)
    expect(codec.decode(bytes)).toEqual(large)
  })

  it('counts bytes, not characters, and compresses what takes more than the limit', () => {
    const at = (overBytes: number, value: unknown): string =>
      typeof compressedCodec(jsonCodec, { overBytes }).encode(value)
    expect(at(102, 'a'.repeat(100))).toBe('string')
    expect(at(101, 'a'.repeat(100))).toBe('object')
    expect(at(302, '語'.repeat(100))).toBe('string')
    expect(at(301, '語'.repeat(100))).toBe('object')
  })

  it('leaves as text what compression would not make smaller', () => {
    const tight = compressedCodec(jsonCodec, { overBytes: 0 })
    expect(tight.encode('ab')).toBe('"ab"')
    expect(typeof tight.encode('ab'.repeat(50))).toBe('object')
  })

  it('takes a codec of bytes', () => {
    const over = compressedCodec(bytesCodec)
    for (const value of [Buffer.from('ab'), randomBytes(5_000), Buffer.alloc(5_000, 'ab')]) {
      expect(over.decode(over.encode(value))).toEqual(value)
    }
    expect(over.encode(Buffer.alloc(5_000)).length).toBeLessThan(100)
    expect(over.encode(randomBytes(5_000)).length).toBe(5_001)
  })

  it('throws for damaged bytes, and never takes them for another value', () => {
    const bytes = codec.encode(large) as Uint8Array
    for (let at = 0; at < bytes.length; at += 1) {
      expect(() => codec.decode(bytes.subarray(0, at))).toThrow(TypeError)
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      expect(() => codec.decode(damaged)).toThrow()
    }
    expect(() => codec.decode(Buffer.from([1, 2, 3]))).toThrow(
      'The stored bytes are damaged, so they cannot be decompressed.',
    )
    expect(() => codec.decode(Buffer.from([9, 2, 3]))).toThrow('a newer version has compressed them')
  })

  it('stops at maxBytes where little would become very much, and makes nothing that it would not read', () => {
    const bounded = compressedCodec(jsonCodec, { maxBytes: 4_000 })
    const bomb = Buffer.concat([Buffer.from([1]), deflateSync(Buffer.alloc(4_001, '1'))])
    expect(() => bounded.decode(bomb)).toThrow('would become larger than maxBytes (4000)')
    const most = 'a'.repeat(3_998)
    expect(bounded.decode(bounded.encode(most))).toBe(most)
    expect(typeof bounded.encode(most)).toBe('object')
    expect(typeof bounded.encode(`${most}a`)).toBe('string')
  })

  it.each([
    [{ overBytes: -1 }, /overBytes must be/],
    [{ overBytes: '5' }, /overBytes must be/],
    [{ overBytes: 1.5 }, /overBytes must be/],
    [{ maxBytes: 0 }, /maxBytes must be/],
    [{ overByte: 5 }, /did you mean `overBytes`/],
    [null, /must be an object/],
  ])('refuses the options %o', (options, message) => {
    const refused = expect(() => compressedCodec(jsonCodec, options as never))
    refused.toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error)
    refused.toThrow(message)
  })

  it.each([undefined, null, {}, JSON])('refuses %o as codec', (wrong) => {
    expect(() => compressedCodec(wrong as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    )
  })

  it('has its like in the cache: what a codec of bytes encodes to neither is refused, and not taken for too large', async () => {
    const encode = (): never => Promise.reject(new Error('async')) as never
    const cache = world().cache({ codec: { bytes: true, encode, decode: (data) => data } })
    const refused = 'codec.encode() must return a string or bytes, and gave object.'
    await expect(cache.set('a', 1)).rejects.toThrow(refused)
    await expect(cache.getOrCreate('a', () => 1)).rejects.toThrow(refused)
    await expect(cache.hashSet('h', 'a', 1)).rejects.toThrow(refused)
    expect(cache.stats().oversize).toBe(0)
  })

  it('refuses what a codec encodes to neither text nor bytes', () => {
    const broken = { encode: async () => 'x', decode: () => 1 }
    for (const bytes of [true, false]) {
      expect(() => compressedCodec({ ...broken, bytes } as never).encode(1)).toThrow(
        /codec\.encode\(\) must return/,
      )
    }
  })

  it('decodes what it encoded', () => {
    const tight = compressedCodec(jsonCodec, { overBytes: 10 })
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(tight.decode(tight.encode(value))).toEqual(jsonCodec.decode(jsonCodec.encode(value)))
      }),
    )
  })
})
