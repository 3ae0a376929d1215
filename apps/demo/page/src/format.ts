const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** Of the last seconds that were asked for: a browser takes long to say one, and lists say the same many times a second. */
const clocks = new Map<number, string>()
const MOST_CLOCKS = 2_000

/** `21:04:56` */
export function clockOf(at: number): string {
  const second = Math.floor(at / 1_000)
  const known = clocks.get(second)
  if (known !== undefined) return known
  if (clocks.size >= MOST_CLOCKS) clocks.clear()
  const made = CLOCK.format(at)
  clocks.set(second, made)
  return made
}

/** `21:04:56.204` */
export function exactClockOf(at: number): string {
  return `${clockOf(at)}.${String(Math.floor(at % 1_000)).padStart(3, '0')}`
}

/** `420 ms`, `4.2 s`, `3 min 5 s` */
export function lengthOf(ms: number): string {
  if (ms < 950) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** `2nd` */
export function ordinal(n: number): string {
  const end = n % 100 >= 11 && n % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${end}`
}

const GROUPED = new Intl.NumberFormat('en')

/** `1,204` */
export function grouped(count: number): string {
  return GROUPED.format(count)
}

/** `91 %`; of nothing there is no part. */
export function percentOf(part: number, whole: number): string {
  return whole === 0 ? '–' : `${Math.round((part / whole) * 100)} %`
}
