/**
 * The fields of a cron expression as Cronos, the parser of Hangfire, documents them: five or six fields or a macro, lists,
 * ranges that may wrap around, steps, names, `?` for `*`, and for days `L`, `W` and `#`. Both day fields have to match.
 */
import { InvalidArgumentError } from '@holdfast/core'

export interface CronFields {
  readonly seconds: ReadonlySet<number>
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly daysOfMonth: DayOfMonth
  readonly months: ReadonlySet<number>
  readonly daysOfWeek: DayOfWeek
  /** Whether it repeats within a day, by `*`, a range or a step in the seconds, minutes or hours. */
  readonly isInterval: boolean
}

export type DayOfMonth =
  | { readonly days: ReadonlySet<number> }
  /** `L`, `L-3`, `LW`: so many days before the last one, moved to a weekday or not. */
  | { readonly beforeLast: number; readonly toWeekday: boolean }
  /** `15W`: the weekday nearest to a day, within its month. */
  | { readonly nearestTo: number }

export type DayOfWeek =
  | { readonly days: ReadonlySet<number> }
  /** `5L`. */
  | { readonly last: number }
  /** `5#3`. */
  | { readonly day: number; readonly nth: number }

/** @throws InvalidArgumentError that names the field */
export function parseCron(expression: string): CronFields {
  const text = typeof expression === 'string' ? expression.trim() : ''
  const parts = (MACROS.get(text.toLowerCase()) ?? text).split(/[ \t]+/)
  if (parts.length !== 5 && parts.length !== 6)
    throw new InvalidArgumentError(
      `The cron expression ${JSON.stringify(expression)} must have 5 fields, 6 with seconds, or be a macro such as @daily.`,
    )
  const [second = '', minute = '', hour = '', day = '', month = '', weekday = ''] =
    parts.length === 5 ? ['0', ...parts] : parts
  const refuse = (field: Field, part: string): never => {
    const hint = /h/i.test(part) && !/thu/i.test(part) ? ' Hangfire knows no H: choose a value.' : ''
    throw new InvalidArgumentError(
      `The ${field.name} ${JSON.stringify(part)} of the cron expression ${JSON.stringify(expression)} are not valid: Hangfire takes ${field.first} to ${field.last}, lists, ranges and steps${field.special}.${hint}`,
    )
  }
  const read = (field: Field, part: string): ReadonlySet<number> =>
    valuesOf(field, part) ?? refuse(field, part)
  return {
    seconds: read(SECONDS, second),
    minutes: read(MINUTES, minute),
    hours: read(HOURS, hour),
    daysOfMonth: lastDay(day) ?? { days: read(DAYS, day) },
    months: read(MONTHS, month),
    daysOfWeek: lastWeekday(weekday) ?? {
      days: new Set([...read(WEEKDAYS, weekday)].map((each) => each % 7)),
    },
    isInterval: [second, minute, hour].some((part) => /[*?/-]/.test(part)),
  }
}

interface Field {
  readonly name: string
  readonly first: number
  readonly last: number
  /** How many different values there are: ranges wrap around after them. */
  readonly size: number
  readonly names: readonly string[]
  readonly special: string
}

const field = (
  name: string,
  first: number,
  last: number,
  names: string = '',
  special: string = '',
): Field => ({
  name,
  first,
  last,
  size: name === 'days of week' ? 7 : last - first + 1,
  names: names === '' ? [] : names.split(' '),
  special,
})

const SECONDS = field('seconds', 0, 59)
const MINUTES = field('minutes', 0, 59)
const HOURS = field('hours', 0, 23)
const DAYS = field('days of month', 1, 31, '', ', L, L-n, LW, L-nW and nW')
const MONTHS = field(
  'months',
  1,
  12,
  'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC',
  ', names of three letters',
)
const WEEKDAYS = field(
  'days of week',
  0,
  7,
  'SUN MON TUE WED THU FRI SAT',
  ', names of three letters, nL and n#n',
)

const MACROS: ReadonlyMap<string, string> = new Map([
  ['@every_second', '* * * * * *'],
  ['@every_minute', '* * * * *'],
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
])

function valuesOf(field: Field, part: string): ReadonlySet<number> | undefined {
  const [, everyStep] = /^[*?](?:\/(\d{1,4}))?$/.exec(part) ?? []
  if (/^[*?]/.test(part) && (everyStep !== undefined || part.length === 1))
    return range(field, field.first, field.last, Number(everyStep ?? 1))
  const sets = part.split(',').map((item) => {
    const [, from = '', to, step] = /^([0-9a-z]+)(?:-([0-9a-z]+))?(?:\/(\d{1,4}))?$/i.exec(item) ?? []
    const [first, last] = [valueOf(field, from), to === undefined ? undefined : valueOf(field, to)]
    if (first === undefined || (to !== undefined && last === undefined)) return undefined
    return range(field, first, last ?? (step === undefined ? first : field.last), Number(step ?? 1))
  })
  if (sets.includes(undefined)) return undefined
  return new Set(sets.flatMap((set) => [...(set ?? [])]))
}

/** A range that ends before it begins goes on from the first value. */
function range(
  { last, size }: Field,
  from: number,
  to: number,
  step: number,
): ReadonlySet<number> | undefined {
  if (step < 1 || step > last) return undefined
  const values = new Set<number>()
  const end = to < from ? to + size : to
  for (let value = from; value <= end; value += step) values.add(value > last ? value - size : value)
  // Cronos loses the Sunday that such a range begins with, so Hangfire does not run then, and neither may Node.
  if (size === 7 && from === last && to < from && step > 1) values.delete(from)
  return values
}

function valueOf({ first, last, names }: Field, text: string): number | undefined {
  const named = names.indexOf(text.toUpperCase())
  const value = named >= 0 ? named + first : /^\d{1,2}$/.test(text) ? Number(text) : -1
  return value >= first && value <= last ? value : undefined
}

function lastDay(part: string): DayOfMonth | undefined {
  const [isLast, offset = '0', weekday] = /^L(?:-(\d{1,2}))?(W)?$/i.exec(part) ?? []
  if (isLast !== undefined && Number(offset) <= 30)
    return { beforeLast: Number(offset), toWeekday: weekday !== undefined }
  const [, day] = /^(\d{1,2})W$/i.exec(part) ?? []
  const nearestTo = day === undefined ? undefined : valueOf(DAYS, day)
  return nearestTo === undefined ? undefined : { nearestTo }
}

function lastWeekday(part: string): DayOfWeek | undefined {
  const [, text = '', last, nth] = /^([0-9a-z]{1,3}?)(?:(L)|#0*([1-5]))$/i.exec(part) ?? []
  const day = valueOf(WEEKDAYS, text)
  if (day === undefined) return undefined
  return last === undefined ? { day: day % 7, nth: Number(nth) } : { last: day % 7 }
}
