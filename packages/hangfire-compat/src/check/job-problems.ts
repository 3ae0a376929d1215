import type { Reader } from '../monitor/reader.ts'
import type { Found } from '../monitor/unreadable.ts'
import type { Fields } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import {
  type BrokenPage,
  pagesBrokenByHistory,
  pagesBrokenByJob,
  pagesBrokenByState,
} from '../wire/page-rules.ts'
import { looksLikeInterface, parseTypeName } from '../wire/type-name.ts'
import type { FindingCode } from './finding-codes.ts'
import type { Placement } from './job-lists.ts'

/** What Redis has of a job. */
export interface JobFacts {
  readonly id: string
  readonly fields: Fields
  readonly state: Fields
  /** The last entries. */
  readonly history: readonly string[]
}

/** What is wrong with a job, as the arguments of a finding. */
export type Problem = readonly [code: FindingCode, subject: string, detail?: string]

/** What else a job is judged by. */
export interface Surroundings {
  /** Whether a server of this id works. */
  isAlive(serverId: string): boolean
  /** Queues that a server of .NET listens on. */
  readonly dotNetQueues: ReadonlySet<string>
}

/** More commands at a time would delay those of other clients. */
const AT_A_TIME = 100
const HISTORY = 1_000

export async function readFacts(
  reader: Reader,
  keys: HangfireKeys,
  ids: readonly string[],
  found: Found,
): Promise<readonly JobFacts[]> {
  const facts: JobFacts[] = []
  for (let from = 0; from < ids.length; from += AT_A_TIME) {
    const some = ids.slice(from, from + AT_A_TIME).map(async (id) => {
      const [fields, state, history] = await Promise.all([
        reader.hash(keys.job(id), found),
        reader.hash(keys.jobState(id), found),
        reader.list(keys.jobHistory(id), -HISTORY, -1, found),
      ])
      return { id, fields, state, history }
    })
    facts.push(...(await Promise.all(some)))
  }
  return facts
}

export function problemsOf(
  { id, fields, state, history }: JobFacts,
  placement: Placement,
  surroundings: Surroundings,
): readonly Problem[] {
  const { queuedIn, fetchedFrom } = placement
  if (Object.keys(fields).length === 0)
    return [
      ...queuedIn.map((queue) => ['MISSING_JOB', id, queue] as const),
      ...fetchedFrom.map((queue) => ['FINISHED_BUT_FETCHED', id, queue] as const),
    ]
  const broken = [
    ...pagesBrokenByJob(fields, queuedIn.length > 0),
    ...pagesBrokenByState(state),
    ...history.flatMap(pagesBrokenByHistory),
  ]
  return [
    ...distinct(broken).map((text) => ['BROKEN_PAGE', id, text] as const),
    ...lost(id, fields, state, placement, surroundings),
    ...calledInDotNet(id, fields, history, placement, surroundings),
    ...foreign(id, fields, state),
  ]
}

function lost(
  id: string,
  { State: name }: Fields,
  { ServerId: serverId = '' }: Fields,
  { queuedIn, fetchedFrom }: Placement,
  { isAlive }: Surroundings,
): readonly Problem[] {
  // A worker that has just taken a job has not changed its state.
  if (name !== 'Processing' && name !== 'Enqueued')
    return fetchedFrom.map((queue) => ['FINISHED_BUT_FETCHED', id, queue])
  if (name !== 'Processing' || queuedIn.length > 0) return []
  if (fetchedFrom.length > 0) return isAlive(serverId) ? [] : [['ABANDONED_JOB', id]]
  return [[isAlive(serverId) ? 'UNLISTED_JOB' : 'ORPHANED_JOB', id]]
}

function calledInDotNet(
  id: string,
  { Type: text = '', State: name }: Fields,
  history: readonly string[],
  { queuedIn }: Placement,
  { dotNetQueues }: Surroundings,
): readonly Problem[] {
  const type = parseTypeName(text)
  if (type === undefined || !looksLikeInterface(type)) return []
  const hasFailed =
    (name === 'Failed' || name === 'Scheduled') &&
    history.some((entry) => entry.includes('Cannot dynamically create an instance of type'))
  if (hasFailed) return [['INTERFACE_JOB', id, 'it has failed there']]
  return queuedIn.filter((queue) => dotNetQueues.has(queue)).map((queue) => ['INTERFACE_JOB', id, queue])
}

function foreign(id: string, fields: Fields, state: Fields): readonly Problem[] {
  const isOfPro =
    fields.BatchId !== undefined || /\bHangfire\.(?:Pro|Batches)\b/.test(`${fields.Type} ${state.NextState}`)
  const unknown = Object.keys(fields).filter((name) => !KNOWN.has(name))
  return [
    ...(isOfPro ? [['HANGFIRE_PRO', id] as const] : []),
    ...unknown.map((name) => ['UNKNOWN_FIELDS', id, `${name} of a job`] as const),
    ...(fields.State === undefined || STATES.has(fields.State)
      ? []
      : [['UNKNOWN_STATE', id, fields.State] as const]),
  ]
}

const STATES: ReadonlySet<string> = new Set([
  'Enqueued',
  'Scheduled',
  'Processing',
  'Succeeded',
  'Failed',
  'Deleted',
  'Awaiting',
])

const KNOWN: ReadonlySet<string> = new Set([
  'Type',
  'Method',
  'ParameterTypes',
  'Arguments',
  'Queue',
  'CreatedAt',
  'State',
  'Fetched',
  'Checked',
  'RetryCount',
  'CurrentCulture',
  'CurrentUICulture',
  'Continuations',
  'RecurringJobId',
  'Time',
  // Hangfire's own extensions: results for continuations, and executions that were complete before a crash.
  'AntecedentResult',
  'AntecedentException',
  'Completion',
  'BatchId',
])

function distinct(broken: readonly BrokenPage[]): readonly string[] {
  return [...new Set(broken.map(({ page, because }) => `${page}, since ${because}`))]
}
