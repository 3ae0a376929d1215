import type { LogLine } from '../model/model.ts'
import type { LogFilter } from '../view.ts'

/** From the least to the most urgent; a filter for one shows that and what is worse. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** What a story turns on. */
export type Turn = 'killed' | 'tookOver' | 'completed' | 'refused'

/** A line that an instance wrote, or a moment that the page knows from elsewhere. */
export interface LogEntry extends LogLine {
  /** Of a moment; a line is known by its place in the stream. */
  readonly id?: string
  readonly turn?: Turn
  /** A moment can be about several: the one that was taken over, and the one that did it. */
  readonly executionIds?: readonly string[]
}

export function keyOf({ id, seq }: LogEntry): string {
  return id ?? String(seq)
}

/** By the time at which they happened: what a frozen process wrote comes late. */
export function inOrderOfTime(entries: readonly LogEntry[]): readonly LogEntry[] {
  return entries.toSorted((a, b) => a.at - b.at)
}

export function filterLines(lines: readonly LogEntry[], filter: LogFilter): readonly LogEntry[] {
  const { executionId, instance } = filter
  // Nothing to look for, as most of the time: many lines a second are not looked at one by one.
  if (executionId === null && instance === null && filter.level === null && filter.text === '') return lines
  const text = filter.text.trim().toLowerCase()
  const least = LEVELS.findIndex((level) => level === filter.level)
  return lines.filter(
    (line) =>
      (executionId === null || isOf(line, executionId)) &&
      (instance === null || line.instance === instance) &&
      LEVELS.indexOf(line.level) >= least &&
      (text === '' || searchable(line).includes(text)),
  )
}

function isOf(line: LogEntry, executionId: string): boolean {
  return line.executionId === executionId || line.executionIds?.includes(executionId) === true
}

function searchable({
  message,
  instance,
  executionId,
  executionIds = [],
  jobType,
  jobKey,
}: LogEntry): string {
  return [message, instance, executionId, ...executionIds, jobType, jobKey].join(' ').toLowerCase()
}

/** As the instances wrote them, one object a line. */
export function jsonLines(lines: readonly LogEntry[]): string {
  return lines.map((line) => `${JSON.stringify(jsonOf(line))}\n`).join('')
}

export function jsonOf({ seq: _seq, id: _id, at, ...line }: LogEntry): Readonly<Record<string, unknown>> {
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
