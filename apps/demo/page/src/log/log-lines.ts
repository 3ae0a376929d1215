import type { LogLine } from '../model/model.ts'
import type { LogFilter } from '../view.ts'

/** From the least to the most urgent; a filter for one shows that and what is worse. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** A line about one of the moments that a story turns on. */
export type Turn = 'killed' | 'tookOver' | 'completed' | 'refused'

const TURNS: readonly (readonly [Turn, RegExp])[] = [
  ['killed', /^(killed|process ended by SIGKILL)\b/i],
  ['tookOver', /^took over\b/i],
  ['refused', /^(late write refused|refused)\b/i],
  ['completed', /^completed\b/i],
]

export function turnOf({ message }: Pick<LogLine, 'message'>): Turn | undefined {
  return TURNS.find(([, pattern]) => pattern.test(message))?.[0]
}

export function filterLines(lines: readonly LogLine[], filter: LogFilter): readonly LogLine[] {
  const { executionId, instance } = filter
  // Nothing to look for, as most of the time: many lines a second are not looked at one by one.
  if (executionId === null && instance === null && filter.level === null && filter.text === '') return lines
  const text = filter.text.trim().toLowerCase()
  const least = LEVELS.findIndex((level) => level === filter.level)
  return lines.filter(
    (line) =>
      (executionId === null || line.executionId === executionId) &&
      (instance === null || line.instance === instance) &&
      LEVELS.indexOf(line.level) >= least &&
      (text === '' || searchable(line).includes(text)),
  )
}

function searchable({ message, instance, executionId, jobType, jobKey }: LogLine): string {
  return [message, instance, executionId, jobType, jobKey].join(' ').toLowerCase()
}

/** As the instances wrote them, one object a line. */
export function jsonLines(lines: readonly LogLine[]): string {
  return lines.map((line) => `${JSON.stringify(jsonOf(line))}\n`).join('')
}

export function jsonOf({ seq: _seq, at, ...line }: LogLine): Readonly<Record<string, unknown>> {
  const filled = Object.entries(line).filter(([, value]) => value !== null)
  return { time: new Date(at).toISOString(), ...Object.fromEntries(filled) }
}

/** Which rows of a list with rows of one height are in view, and some more above and below. */
export interface Rows {
  readonly first: number
  readonly end: number
}

const SPARE = 8

export function rowsInView(count: number, rowHeight: number, scrollTop: number, height: number): Rows {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - SPARE)
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + SPARE)
  return { first: Math.min(first, Math.max(0, end)), end }
}
