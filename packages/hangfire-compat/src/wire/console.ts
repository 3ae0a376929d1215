/** What Hangfire.Console keeps of a run: lines and progress bars, in a sorted set, and its long texts in a hash. */
import { InvalidArgumentError } from '@holdfast/core'
import { HangfireUnreadableError } from '../errors.ts'
import { type Fields, optional } from './fields.ts'
import { isNumber, type Json, membersOf, parseJson } from './json.ts'

/** A line, or a state of a progress bar, whose `text` is the id of the bar. */
export interface ConsoleLine {
  /** When it was written, in ms since the run began. */
  readonly offsetMs: number
  readonly text: string
  /** `#rrggbb`. */
  readonly color?: string
  /** Of a bar, 0 to 100. */
  readonly percent?: number
  /** Of a bar; written with its first state only. */
  readonly name?: string
}

/** What a line adds to Redis. */
export interface StoredLine {
  readonly member: string
  /** Seconds since the run began. */
  readonly score: number
  /** Long texts, by the names under which lines refer to them; `progress` mirrors the first bar. */
  readonly texts: Readonly<Record<string, string>>
}

/** The bar that Hangfire's lists of jobs show. */
export const FIRST_BAR = '1'

/** A longer text is kept beside its line. */
const LONGEST = 256

/**
 * The name of a run's console: eleven hexadecimal digits of its start in ms, the least significant first, then the job.
 */
export function consoleId(jobId: string, startedAt: number): string {
  const digits = startedAt.toString(16).padStart(11, '0')
  return digits.split('').toReversed().join('') + jobId
}

/**
 * @param after the score of the line before: its readers identify and order lines by it
 * @throws InvalidArgumentError for a colour that is none
 */
export function encodeConsoleLine(line: ConsoleLine, after: number): StoredLine {
  const { offsetMs, text, color, percent, name } = line
  if (color !== undefined && !/^#[0-9a-f]{6}$/i.test(color))
    throw new InvalidArgumentError(`color must be #rrggbb; got ${JSON.stringify(color)}.`)
  const seconds = Math.round(offsetMs) / 1_000
  const score = seconds > after ? seconds : Math.round((after + 0.0001) * 10_000) / 10_000
  const whole = text.toWellFormed()
  const reference = whole.length > LONGEST ? crypto.randomUUID().replaceAll('-', '') : undefined
  const rounded = percent === undefined ? undefined : Math.round(percent * 10) / 10
  const isFirstBar = rounded !== undefined && text === FIRST_BAR
  return {
    member: JSON.stringify({
      t: score,
      ...(reference === undefined ? {} : { r: true }),
      s: reference ?? whole,
      ...optional('c', color),
      ...optional('p', rounded),
      ...optional('n', name?.toWellFormed()),
    }),
    score,
    texts: {
      ...(reference === undefined ? {} : { [reference]: whole }),
      ...(isFirstBar ? { progress: String(rounded) } : {}),
    },
  }
}

/**
 * @param score seconds since the run began, for a line of an early version, which does not say it itself
 * @throws HangfireUnreadableError
 */
export function decodeConsoleLine(member: string, score: number, texts: Fields): ConsoleLine {
  const members = membersOf(parseJson(member))
  const [text, color, name] = ['s', 'c', 'n'].map((letter) => textOf(members?.get(letter)))
  const [seconds = score, percent] = ['t', 'p'].map((letter) => numberOf(members?.get(letter)))
  if (text === undefined)
    throw new HangfireUnreadableError('a line of the console', member, 'a JSON object with a text s')
  const full = members?.get('r') === true ? texts[text] : text
  if (full === undefined)
    throw new HangfireUnreadableError('a line of the console', member, 'a line whose text is there')
  return {
    offsetMs: Math.round(seconds * 1_000),
    text: full,
    ...optional('color', color),
    ...optional('percent', percent),
    ...optional('name', name),
  }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'object' && value !== null && isNumber(value) ? Number(value.digits) : undefined
}
