import { isoDate, isNumber } from '../wire/json.ts'
import { isoOf, parseIso } from '../wire/dates.ts'
import { type Parameter, refuseValue, systemType, valueType } from './parameter.ts'

/** A `DateTime`, always in UTC. .NET reads numbers as no dates, so they are never written. */
export const dateTime: Parameter<Date> = valueType(
  {
    type: systemType('DateTime'),
    encode(name, value, dates) {
      const text = isoDate(name, value)
      // Level 110 writes a date that is a whole argument without quotes, in format O.
      return dates === 'iso' ? isoOf(value.getTime()) : JSON.stringify(text)
    },
    fromJson(json) {
      if (typeof json !== 'string') return undefined
      const [, digits] = /^\/Date\((-?\d+)(?:[+-]\d{4})?\)\/$/.exec(json) ?? []
      const ms = digits === undefined ? parseIso(json) : Number(digits)
      return ms === undefined ? undefined : new Date(ms)
    },
  },
  new Date(-62_135_596_800_000),
)

/** A `DateTimeOffset` as ISO 8601 with its offset, which a `Date` could not keep. */
export const dateTimeOffset: Parameter<string, string | Date> = valueType<string, string | Date>(
  {
    type: systemType('DateTimeOffset'),
    encode(name, value) {
      const text = typeof value === 'string' ? value : isoDate(name, value).replace('Z', '+00:00')
      return isWithOffset(text)
        ? JSON.stringify(text)
        : refuseValue(name, value, 'ISO 8601 with an offset, such as 2025-01-02T03:04:05+02:00, or a Date')
    },
    fromJson(json) {
      if (typeof json !== 'string' || parseIso(json) === undefined) return undefined
      return isWithOffset(json) ? json : `${json}+00:00`
    },
  },
  '0001-01-01T00:00:00+00:00',
)

/** A `TimeSpan` in milliseconds, to the ten thousandth: .NET counts in ticks of 100 nanoseconds. */
export const timeSpan: Parameter<number> = valueType(
  {
    type: systemType('TimeSpan'),
    encode(name, value) {
      const text = Number.isFinite(value) && Math.abs(value) < LAST_SPAN_MS ? formatSpan(value) : undefined
      return text === undefined
        ? refuseValue(name, value, 'milliseconds within the range of System.TimeSpan')
        : JSON.stringify(text)
    },
    fromJson(json) {
      const text = typeof json === 'string' ? json : json !== null && isNumber(json) ? json.digits : ''
      const [, sign, days = '0', hours, minutes, seconds = '0', fraction = ''] = SPAN.exec(text) ?? []
      // A number is days to .NET.
      if (hours === undefined || minutes === undefined)
        return /^-?\d{1,8}$/.test(text) ? Number(text) * DAY_MS : undefined
      if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
      const whole =
        Number(days) * DAY_MS + Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000
      const ms = whole + Number(fraction.padEnd(7, '0')) / TICKS_PER_MS
      return sign === '-' ? -ms : ms
    },
  },
  0,
)

const DAY_MS = 86_400_000
const TICKS_PER_MS = 10_000
/** A little below what .NET's 64 bits of ticks hold. */
const LAST_SPAN_MS = 922_337_203_685_000

const SPAN = /^(-)?(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/

/** .NET's format `c`: `-1.02:03:04.0050000`. */
function formatSpan(ms: number): string {
  const whole = Math.trunc(Math.abs(ms))
  const ticks = BigInt(whole) * 10_000n + BigInt(Math.round((Math.abs(ms) - whole) * TICKS_PER_MS))
  const part = (unit: bigint, of: bigint, width: number): string =>
    String((ticks / unit) % of).padStart(width, '0')
  const days = ticks / 864_000_000_000n
  const fraction = part(1n, 10_000_000n, 7)
  const time = [part(36_000_000_000n, 24n, 2), part(600_000_000n, 60n, 2), part(10_000_000n, 60n, 2)].join(
    ':',
  )
  const sign = ms < 0 && ticks > 0n ? '-' : ''
  return `${sign}${days === 0n ? '' : `${days}.`}${time}${fraction === '0000000' ? '' : `.${fraction}`}`
}

function isWithOffset(text: string): boolean {
  return parseIso(text) !== undefined && /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) && text.includes(':')
}
