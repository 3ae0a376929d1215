import type { CronFields, DayOfMonth, DayOfWeek } from './cron-fields.ts'

const DAY_MS = 86_400_000
/** What does not come until then never comes. */
const LAST_YEAR = 2_499

/**
 * The first wall-clock time from `from` on that the fields match, or undefined when there is none. Wall-clock times are
 * milliseconds as if the zone were UTC.
 */
export function nextLocalMatch(fields: CronFields, from: number): number | undefined {
  const start = Math.ceil(from / 1_000) * 1_000
  const midnight = Math.floor(start / DAY_MS) * DAY_MS
  const time = nextTime(fields, (start - midnight) / 1_000)
  if (time !== undefined && matchesDay(fields, midnight)) return midnight + time * 1_000
  const day = nextDay(fields, midnight + DAY_MS)
  return day === undefined ? undefined : day + (nextTime(fields, 0) ?? 0) * 1_000
}

/** Seconds since midnight. */
function nextTime({ seconds, minutes, hours }: CronFields, from: number): number | undefined {
  for (let hour = Math.floor(from / 3_600); hour < 24; hour += 1) {
    if (!hours.has(hour)) continue
    const begin = Math.max(from - hour * 3_600, 0)
    for (let minute = Math.floor(begin / 60); minute < 60; minute += 1) {
      if (!minutes.has(minute)) continue
      for (let second = Math.max(begin - minute * 60, 0); second < 60; second += 1)
        if (seconds.has(second)) return hour * 3_600 + minute * 60 + second
    }
  }
  return undefined
}

function nextDay(fields: CronFields, from: number): number | undefined {
  let date = new Date(from)
  while (date.getUTCFullYear() <= LAST_YEAR) {
    if (!fields.months.has(date.getUTCMonth() + 1)) {
      date = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1))
    } else if (matchesDay(fields, date.getTime())) {
      return date.getTime()
    } else {
      date = new Date(date.getTime() + DAY_MS)
    }
  }
  return undefined
}

function matchesDay({ months, daysOfMonth, daysOfWeek }: CronFields, midnight: number): boolean {
  const date = new Date(midnight)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  if (!months.has(month + 1)) return false
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const weekday = date.getUTCDay()
  return matchesWeekday(daysOfWeek, weekday, day, last) && matchesMonthDay(daysOfMonth, weekday, day, last)
}

function matchesWeekday(wanted: DayOfWeek, weekday: number, day: number, last: number): boolean {
  if ('days' in wanted) return wanted.days.has(weekday)
  if ('last' in wanted) return wanted.last === weekday && day > last - 7
  return wanted.day === weekday && Math.ceil(day / 7) === wanted.nth
}

function matchesMonthDay(wanted: DayOfMonth, weekday: number, day: number, last: number): boolean {
  if ('days' in wanted) return wanted.days.has(day)
  const target = 'nearestTo' in wanted ? wanted.nearestTo : last - wanted.beforeLast
  // A month without the day is left out.
  if (target < 1 || target > last) return false
  if ('beforeLast' in wanted && !wanted.toWeekday) return day === target
  return day === nearestWeekday(target, (((weekday + target - day) % 7) + 7) % 7, last)
}

/** Saturdays move back, Sundays on, and neither into another month. */
function nearestWeekday(target: number, weekday: number, last: number): number {
  if (weekday === 6) return target === 1 ? target + 2 : target - 1
  if (weekday === 0) return target === last ? target - 2 : target + 1
  return target
}
