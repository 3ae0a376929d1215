/**
 * Which data breaks a page of .NET's dashboard, or the watchdog of every .NET server, as seen on a live one (Hangfire 1.8.25,
 * storages 1.9.4 and 1.12.0). Nothing that this package writes may be among it; `check` looks for it in a prefix.
 */
import { decodeDate } from './dates.ts'
import type { Fields } from './fields.ts'
import { isNumber, type Json, membersOf, parseJson } from './json.ts'

/** What breaks a page, as a sentence. */
export interface BrokenPage {
  /** Its path, such as `/jobs/details`. The watchdog is `watchdog`. */
  readonly page: string
  readonly because: string
}

/** @param isQueued whether its id is in a queue: then it must have a state */
export function pagesBrokenByJob(fields: Fields, isQueued: boolean): readonly BrokenPage[] {
  const { State, Type, Arguments, CreatedAt, Continuations, Fetched } = fields
  return [
    ...when(isQueued && State === undefined, '/jobs/enqueued', 'a queued job has no State'),
    ...when(Type === undefined, DETAILS, 'the job has no Type'),
    ...when(Arguments === undefined, DETAILS, 'the job has no Arguments'),
    ...when(!isDate(CreatedAt), DETAILS, 'CreatedAt of the job is no date'),
    ...when(
      Continuations !== undefined && !isJson(Continuations),
      DETAILS,
      'Continuations of the job is no JSON',
    ),
    ...when(
      Fetched !== undefined && !isDate(Fetched),
      '/jobs/enqueued/fetched',
      'Fetched of the job is no date',
    ),
  ]
}

export function pagesBrokenByState(fields: Fields): readonly BrokenPage[] {
  const { State, PerformanceDuration } = fields
  const isBroken =
    State === 'Succeeded' && PerformanceDuration !== undefined && !isInteger(PerformanceDuration)
  return when(isBroken, '/jobs/succeeded', 'PerformanceDuration of a state is no whole number')
}

/** @param text an element of a job's history */
export function pagesBrokenByHistory(text: string): readonly BrokenPage[] {
  const members = membersOf(parseJson(text))
  if (members === undefined) return when(true, DETAILS, 'a history entry is no JSON object')
  const entry = (name: string): string | null | undefined => textOf(members.get(name))
  const broken = (isBroken: boolean, because: string): readonly BrokenPage[] =>
    when(isBroken, DETAILS, `a history entry ${because}`)
  const isNested = [...members.values()].some(
    (value) => typeof value === 'object' && value !== null && !isNumber(value),
  )
  return [
    ...broken(isNested, 'has a nested value'),
    ...broken(typeof entry('State') !== 'string', 'has no State'),
    ...broken(!isDate(entry('CreatedAt') ?? undefined), 'has no CreatedAt'),
    ...(RULES.get(entry('State') ?? '') ?? []).flatMap(([name, isFine]) => {
      const value = entry(name)
      return broken(
        !isFine(value),
        `${String(entry('State'))} has ${value === undefined ? 'no' : 'an unreadable'} ${name}`,
      )
    }),
  ]
}

/** @param fields the hash of a member of `servers`, empty when there is none */
export function pagesBrokenByServer(fields: Fields): readonly BrokenPage[] {
  const because = 'a member of servers has no StartedAt, so dead servers are never removed again'
  const isBroken = !isDate(fields.StartedAt)
  // Without any field only the watchdog notices.
  const isEmpty = Object.keys(fields).length === 0
  return [...when(isBroken, 'watchdog', because), ...when(isBroken && !isEmpty, '/servers', because)]
}

export function pagesBrokenByRecurringJob({ Job, NextExecution }: Fields): readonly BrokenPage[] {
  const isNoDate = NextExecution !== undefined && NextExecution !== '' && !isDate(NextExecution)
  return [
    ...when(Job !== undefined && !isJson(Job), '/recurring', 'Job of a recurring job is no JSON'),
    ...when(isNoDate, '/recurring', 'NextExecution of a recurring job is no date'),
  ]
}

const DETAILS = '/jobs/details'

type IsFine = (value: string | null | undefined) => boolean

const isThere: IsFine = (value) => typeof value === 'string'
const isAbsentOrInteger: IsFine = (value) => value === undefined || (value !== null && isInteger(value))
const isAbsentOrJson: IsFine = (value) => value === undefined || value === null || isJson(value)

/** What the page reads of each state. */
const RULES: ReadonlyMap<string, readonly (readonly [string, IsFine])[]> = new Map([
  ['Enqueued', [['Queue', isThere]]],
  ['Scheduled', [['EnqueueAt', (value) => isDate(value ?? undefined)]]],
  [
    'Processing',
    [
      ['ServerId', isThere],
      // It shows the first eight characters.
      ['WorkerId', (value) => value === undefined || (value !== null && value.length >= 8)],
    ],
  ],
  [
    'Succeeded',
    [
      ['PerformanceDuration', isAbsentOrInteger],
      ['Latency', isAbsentOrInteger],
    ],
  ],
  [
    'Failed',
    [
      ['ExceptionType', isThere],
      ['ExceptionMessage', isThere],
    ],
  ],
  ['Deleted', [['Exception', isAbsentOrJson]]],
  ['Awaiting', [['NextState', isAbsentOrJson]]],
])

function when(isBroken: boolean, page: string, because: string): readonly BrokenPage[] {
  return isBroken ? [{ page, because }] : []
}

function isDate(text: string | undefined): boolean {
  try {
    return text !== undefined && decodeDate(text) !== undefined
  } catch {
    return false
  }
}

function isInteger(text: string): boolean {
  return /^-?\d{1,18}$/.test(text)
}

function isJson(text: string): boolean {
  return parseJson(text) !== undefined
}

/** Numbers and booleans count as texts; a nested value counts as one, too, and is broken already. */
function textOf(value: Json | undefined): string | null | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value
  return isNumber(value) ? value.digits : JSON.stringify(value)
}
