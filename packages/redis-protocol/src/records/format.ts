import type { RecordEntry } from '@holdfast/core/storage'
import { clampedDigits, digits, numberAt } from '../digits.ts'

/**
 * How a record is stored, readable with `redis-cli GET`:
 *
 * `<rev> <createdAt> <writtenAt> <listedAs> <listedMs> <ttlMs> <writeId> <value>`
 *
 * `rev` and `listedAs` have 16 digits, the instants 13 (until the year 2286) and the durations 11, so that scripts
 * find their way by position and compare as text; `writeId` has no white space; all the rest is the value. Scripts
 * put numbers together as text wherever they can: formatting one in Lua costs as much as a command.
 *
 * `listedAs` and `listedMs` say which entry of the index is the record's and for how long it may be forgotten there.
 *
 * A newer layout begins with a capital letter: this version takes it for no record, and leaves it alone.
 *
 * A deleted record leaves `x<rev>` in its key for a minute, so that the next revision is greater although the clock
 * was set back or is coarse. Writes that were voided stand in a separate key, `<until> <writeId> <writeId> `,
 * which is looked at only where there is such a mark: who voids a write of an absent record leaves one too.
 */
export const RECORD = { createdAt: 17, writtenAt: 31, listedAs: 45, ttlMs: 74, writeId: 86 } as const

/** Decodes the record that begins at `from`; null when that is none. */
export function decodeRecord(text: string, from = 0): RecordEntry | null {
  const writeIdAt = from + RECORD.writeId
  const end = text.indexOf(' ', writeIdAt)
  const rev = numberAt(text, from, 16)
  const createdAt = numberAt(text, from + RECORD.createdAt, 13)
  const writtenAt = numberAt(text, from + RECORD.writtenAt, 13)
  const expiresAt = writtenAt + numberAt(text, from + RECORD.ttlMs, 11)
  if (end === -1 || Number.isNaN(rev + createdAt + expiresAt)) return null
  return {
    rev,
    writeId: text.slice(writeIdAt, end),
    createdAt,
    writtenAt,
    expiresAt,
    value: text.slice(end + 1),
  }
}

/** The revision of a foreign value in a record's key: it can only be read and deleted. */
export const NO_RECORD = 0

/** As a pattern of Lua: what {@link decodeRecord} cannot decode does not match it. */
export const RECORD_PATTERN: string = `^${[16, 13, 13, 16, 11, 11]
  .map((width) => '%d'.repeat(width))
  .join(' ')} %S+ `

/** What stands in the key of a deleted record. */
export function isMark(text: string, from = 0): boolean {
  return text.charCodeAt(from) === 120
}

/** The part of a stored record that the client knows: from `ttlMs` on. */
export function encodeWrite({
  ttlMs,
  writeId,
  value,
}: {
  ttlMs: number
  writeId: string
  value: string
}): string {
  return `${duration(ttlMs)} ${writeId} ${value}`
}

/**
 * For how long the index keeps a record: an eighth longer than it lives, so that not every renewal has to be listed
 * again.
 */
export function listedMs(ttlMs: number): string {
  return duration(ttlMs + Math.floor(ttlMs / 8))
}

/** The time to live that Redis receives. It expires keys after the millisecond, and records end with its beginning. */
export function lifetime(ttlMs: number): string {
  return String(Math.max(1, ttlMs - 1))
}

export function revision(rev: number): string {
  return digits(rev, 16)
}

/** Instants are compared as text; no instant is the last one. */
export function instant(ms: number = Infinity): string {
  return clampedDigits(ms, 13)
}

function duration(ms: number): string {
  return digits(ms, 11)
}
