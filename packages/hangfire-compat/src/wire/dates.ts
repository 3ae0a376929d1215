import { InvalidArgumentError } from '@holdfast/core'
import { HangfireUnreadableError } from '../errors.ts'

/**
 * How a .NET application writes instants: `ms`, decimal milliseconds since 1970, from compatibility level 170 on; `iso`,
 * .NET's format `O` in UTC, at level 110, which is Hangfire's default.
 */
export type DateDialect = 'ms' | 'iso'

/** The largest number that Hangfire reads as seconds; larger ones are milliseconds. It is the year 9999 in seconds. */
const LAST_SECONDS = 253_402_300_799
const FIRST_MS = -62_135_596_800_000
const LAST_MS = 253_402_300_799_999

/**
 * An instant as Hangfire stores it.
 *
 * @param ms whole milliseconds since 1970, from the year 1 to the year 9999
 * @throws InvalidArgumentError for anything else
 */
export function encodeDate(ms: number, dialect: DateDialect): string {
  checkInstant('the date', ms)
  // Smaller numbers would be read as seconds.
  return dialect === 'ms' && ms > LAST_SECONDS ? String(ms) : isoOf(ms)
}

/**
 * Whole milliseconds since 1970, or undefined for an empty text, which Hangfire writes for "none". Reads every dialect, also
 * quoted. A date without an offset is in UTC. What is finer than a millisecond is dropped.
 *
 * @throws HangfireUnreadableError
 */
export function decodeDate(text: string, what: string = 'the date'): number | undefined {
  const bare = /^"[^"]*"$/.test(text) ? text.slice(1, -1) : text
  if (bare === '') return undefined
  const ms = /^-?\d{1,16}$/.test(bare) ? fromDigits(Number(bare)) : parseIso(bare)
  if (ms === undefined || !isInstant(ms))
    throw new HangfireUnreadableError(what, text, 'a date: milliseconds or seconds since 1970, or ISO 8601')
  return ms
}

/** .NET's format `O` of an instant, with the seven digits of its ticks. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '0000Z')
}

/** Milliseconds of an ISO date, as UTC when it has no offset; undefined when it is none. */
export function parseIso(text: string): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match
  const local = utc([year, month, day, hour, minute, second].map(Number), fraction)
  const offset = offsetMs(zone)
  return local === undefined || offset === undefined ? undefined : local - offset
}

export function checkInstant(name: string, ms: number): number {
  if (isInstant(ms)) return ms
  throw new InvalidArgumentError(
    `${name} must be whole milliseconds since 1970, from the year 1 to the year 9999; got ${String(ms)}.`,
  )
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d|[+-]\d{4})?$/i

function utc(parts: readonly number[], fraction: string): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const date = new Date(0)
  // Date.UTC would take the years 1 to 99 for 1901 to 1999.
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, Number(fraction.padEnd(3, '0').slice(0, 3)))
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  return isReal ? date.getTime() : undefined
}

function offsetMs(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))]
  // .NET allows 14 hours.
  if (hours > 14 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

function fromDigits(value: number): number {
  return value > LAST_SECONDS ? value : value * 1_000
}

function isInstant(ms: number): boolean {
  return Number.isInteger(ms) && ms >= FIRST_MS && ms <= LAST_MS
}
