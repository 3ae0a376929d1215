import type { RecordEntry } from '@holdfast/core'

/**
 * How a record is stored, readable with `redis-cli GET`:
 *
 * `<rev> <createdAt> <writtenAt> <expiresAt> <listedUntil> <writeId> <value>`
 *
 * The five numbers have a fixed width (16 digits and four times 13, until the year 2286), so that scripts find their
 * way by position; `writeId` has no white space; all the rest is the value. `listedUntil` is the score that the
 * record has in its index at least.
 */
export const POSITION = { rev: 0, createdAt: 17, writtenAt: 31, expiresAt: 45, listedUntil: 59, writeId: 73 } as const

/** Decodes the record that begins at `from`; null when there is none. */
export function decodeEntry(text: string, from = 0): RecordEntry | null {
  const writeIdAt = from + POSITION.writeId
  const end = text.indexOf(' ', writeIdAt)
  if (end === -1) return null
  const rev = numberAt(text, from + POSITION.rev, 16)
  const createdAt = numberAt(text, from + POSITION.createdAt, 13)
  const writtenAt = numberAt(text, from + POSITION.writtenAt, 13)
  const expiresAt = numberAt(text, from + POSITION.expiresAt, 13)
  if (Number.isNaN(rev + createdAt + writtenAt + expiresAt)) return null
  return { rev, writeId: text.slice(writeIdAt, end), createdAt, writtenAt, expiresAt, value: text.slice(end + 1) }
}

/** The `digits` long number at `from`; NaN when there is something else. */
export function numberAt(text: string, from: number, digits: number): number {
  let value = 0
  for (let i = from; i < from + digits; i += 1) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}
