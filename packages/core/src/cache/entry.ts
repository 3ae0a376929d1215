import type { CacheCodec } from './compressed-codec.ts'
import { Copies } from './copies.ts'

/** The storage puts its clock in front of what it stores: 13 digits of milliseconds. */
const STAMP = 13
const VERSION = 'V1'
const TOKEN = 11
const GENERATION = 22

const FLAGS_AT = STAMP + VERSION.length
/** What no other stored value begins with: stamp, version, flags and token. So much of it an entry of every version has. */
export const HEAD: number = FLAGS_AT + 1 + TOKEN

/** Bits of the flags. */
const TIMES = 1
const TAGS = 2
const BYTES = 4
const EXPIRED = 8
const CODEC = 16

/** 1,000 days need seven digits in base 36; beyond eleven no number is exact. */
const MOST_DIGITS = 8

/** A tag, and the generation that it had when the entry was made. */
export type TagGeneration = readonly [tag: string, generation: string]

export interface EntryHeader {
  /** 11 random characters of `A-Za-z0-9_-`: the entry's own. */
  readonly token: string
  /** Those of all levels of the namespace, 22 characters each, one after the other. */
  readonly generations: string
  readonly ttlMs: number
  /** @default 0 */
  readonly staleMs?: number | undefined
  /** How long the load took. @default 0 */
  readonly loadMs?: number | undefined
  readonly tags?: readonly TagGeneration[] | undefined
  /** The codec's name, if it has one. */
  readonly codec?: string | undefined
}

/** A stored value, as it was read. */
export interface Entry {
  /** What no other entry begins with: the guard of whatever replaces this one. */
  readonly head: string
  /** On the storage's clock, in milliseconds. */
  readonly writtenAt: number
  /** It was made stale by hand. */
  readonly isExpired: boolean
  readonly generations: string
  readonly ttlMs: number
  readonly staleMs: number
  readonly loadMs: number
  readonly tags: readonly TagGeneration[]
  readonly payload: string | Uint8Array
  /** What the codec makes of the payload: for each caller who shares what was read, a value that no other has. */
  decode(codec: CacheCodec): unknown
}

const NO_TAGS: readonly TagGeneration[] = []

/**
 * The stored form of a value, without the stamp that the storage puts in front. All of it but tags and payload is ASCII:
 *
 * ```
 * V1 <flags, base 32> <token> <generations> <ttlMs, base 36> [,<staleMs>,<loadMs>] [,<tag>=<generation>]… [,~<codec>] ; <payload>
 * ```
 *
 * The flags say which of the parts in brackets are there, whether the payload is bytes, and whether the entry was made stale
 * by hand. A plain entry takes 54 bytes more than its value, the stamp included, and 22 more for each level of namespaces.
 */
export function writeEntry(header: EntryHeader, payload: string | Uint8Array): string | Uint8Array {
  const { token, generations, ttlMs, staleMs = 0, loadMs = 0, tags = NO_TAGS, codec } = header
  let flags = 0
  let meta = base36(ttlMs)
  if (staleMs > 0 || loadMs > 0) {
    flags |= TIMES
    meta += `,${base36(staleMs)},${base36(loadMs)}`
  }
  if (tags.length > 0) {
    flags |= TAGS
    for (const [tag, generation] of tags) meta += `,${escaped(tag)}=${generation}`
  }
  if (codec !== undefined) {
    flags |= CODEC
    meta += `,~${escaped(codec)}`
  }
  if (typeof payload === 'string') {
    return `${VERSION}${flags.toString(32)}${token}${generations}${meta};${payload}`
  }
  const head = Buffer.from(`${VERSION}${(flags | BYTES).toString(32)}${token}${generations}${meta};`)
  return Buffer.concat([head, payload])
}

/**
 * Undefined for everything else that may lie under a key: a placeholder, what another tool or a newer version has written,
 * what is cut off, what another codec made, bytes that were read as text. `levels`: how many generations the reader expects.
 */
export function readEntry(
  stored: string | Uint8Array,
  levels: number,
  codec: string | undefined,
): Entry | undefined {
  if (typeof stored === 'string') {
    const entry = readHeader(stored, levels, codec)
    if (entry === undefined || entry.isBytes) return undefined
    entry.payload = stored.slice(entry.at)
    return entry
  }
  const bytes = bufferOf(stored)
  const end = bytes.indexOf(SEMICOLON, HEAD + levels * GENERATION) + 1
  if (end === 0) return undefined
  const entry = readHeader(bytes.toString('utf8', 0, end), levels, codec)
  if (entry === undefined) return undefined
  entry.payload = entry.isBytes ? bytes.subarray(end) : bytes.toString('utf8', end)
  return entry
}

/** The codec that an entry names; undefined for an entry that names none, and for what is no entry. */
export function codecIn(stored: Uint8Array, levels: number): string | undefined {
  const bytes = bufferOf(stored)
  const end = bytes.indexOf(SEMICOLON, HEAD + levels * GENERATION)
  if (end < 0 || (digit(bytes[FLAGS_AT] ?? 0) & CODEC) === 0) return undefined
  const name = bytes.toString('utf8', 0, end).split(',').at(-1) ?? ''
  return name.startsWith('~') ? unescaped(name.slice(1)) : undefined
}

/** Whether this is the beginning of an entry, of whichever version and codec. */
export function isOfAnyVersion(beginning: string): boolean {
  return /^\d{13}V/.test(beginning)
}

/** Like {@link readEntry}, of a beginning that may end within the payload; the payload is empty. */
export function readEntryHeader(
  beginning: string,
  levels: number,
  codec: string | undefined,
): Entry | undefined {
  return readHeader(beginning, levels, codec)
}

/** The beginning of the same entry once it is made stale by hand: as long as its `head`, with another token. */
export function expiredHead({ head }: Entry, token: string): string {
  const flags = (digit(head.charCodeAt(FLAGS_AT)) | EXPIRED).toString(32)
  return `${head.slice(0, FLAGS_AT)}${flags}${token}`
}

const LETTER_V = 86
const DIGIT_0 = 48
const DIGIT_1 = 49
const COMMA = 44
const SEMICOLON = 59

class Header implements Entry {
  readonly head: string
  readonly writtenAt: number
  readonly flags: number
  readonly generations: string
  ttlMs = 0
  staleMs = 0
  loadMs = 0
  tags = NO_TAGS
  payload: string | Uint8Array = ''
  /** How far it was read: at last, where the payload begins. */
  at: number
  #isDecoded = false
  #copies: Copies | undefined

  constructor(text: string, writtenAt: number, flags: number, levels: number) {
    this.head = text.slice(0, HEAD)
    this.writtenAt = writtenAt
    this.flags = flags
    this.at = HEAD + levels * GENERATION
    this.generations = text.slice(HEAD, this.at)
  }

  decode(codec: CacheCodec): unknown {
    // Most are read by one caller.
    if (this.#isDecoded) return (this.#copies ??= new Copies(codec, this.payload)).next()
    this.#isDecoded = true
    return codec.decode(this.payload as never)
  }

  get isExpired(): boolean {
    return (this.flags & EXPIRED) !== 0
  }

  get isBytes(): boolean {
    return (this.flags & BYTES) !== 0
  }

  /** Reads a number in base 36, and the character behind it; -1 when there is none, or another character. */
  readNumber(text: string, behind: number): number {
    const from = this.at
    let { at } = this
    let number = 0
    for (let value = digit(text.charCodeAt(at)); value >= 0; value = digit(text.charCodeAt(at))) {
      number = number * 36 + value
      at += 1
    }
    this.at = at + 1
    return at > from && at - from <= MOST_DIGITS && text.charCodeAt(at) === behind ? number : -1
  }
}

function readHeader(text: string, levels: number, codec: string | undefined): Header | undefined {
  if (text.charCodeAt(STAMP) !== LETTER_V || text.charCodeAt(STAMP + 1) !== DIGIT_1) return undefined
  const flags = digit(text.charCodeAt(FLAGS_AT))
  if (flags < 0 || flags > 31) return undefined
  let writtenAt = 0
  for (let at = 0; at < STAMP; at += 1) {
    const decimal = text.charCodeAt(at) - DIGIT_0
    if (!(decimal >= 0 && decimal <= 9)) return undefined
    writtenAt = writtenAt * 10 + decimal
  }
  const header = new Header(text, writtenAt, flags, levels)
  const hasNames = (flags & (TAGS | CODEC)) !== 0
  const last = hasNames ? COMMA : SEMICOLON
  const hasTimes = (flags & TIMES) !== 0
  header.ttlMs = header.readNumber(text, hasTimes ? COMMA : last)
  if (header.ttlMs < 1) return undefined
  if (hasTimes) {
    header.staleMs = header.readNumber(text, COMMA)
    if (header.staleMs < 0) return undefined
    header.loadMs = header.readNumber(text, last)
    if (header.loadMs < 0) return undefined
  }
  if (hasNames) return readNames(header, text, codec)
  return codec === undefined ? header : undefined
}

/** What comes after the numbers. */
function readNames(header: Header, text: string, codec: string | undefined): Header | undefined {
  const end = text.indexOf(';', header.at)
  if (end < 0) return undefined
  const parts = text.slice(header.at, end).split(',')
  header.at = end + 1
  const written = (header.flags & CODEC) === 0 ? undefined : parts.pop()
  if (written !== (codec === undefined ? undefined : `~${escaped(codec)}`)) return undefined
  if ((header.flags & TAGS) !== 0) {
    if (parts.length === 0) return undefined
    const tags: TagGeneration[] = []
    for (const part of parts) {
      const equals = part.length - GENERATION - 1
      const tag = part[equals] === '=' ? unescaped(part.slice(0, equals)) : undefined
      if (tag === undefined) return undefined
      tags.push([tag, part.slice(equals + 1)])
    }
    header.tags = tags
    return header
  }
  return parts.length === 0 ? header : undefined
}

/** Of a digit in base 36; -1 when it is none. */
function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  return code >= 97 && code <= 122 ? code - 87 : -1
}

function base36(ms: number): string {
  return Math.ceil(ms).toString(36)
}

function escaped(text: string): string {
  return /[%,=;\p{Cc}]/u.test(text) ? text.replace(/[%,=;\p{Cc}]/gu, encodeURIComponent) : text
}

function unescaped(text: string): string | undefined {
  if (text === '' || text.includes('=')) return undefined
  try {
    return text.includes('%') ? decodeURIComponent(text) : text
  } catch {
    return undefined
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
