import Table from 'cli-table3'
import type { Happening } from '../coordinator/mishaps.ts'
import type { CallOutcome, OutcomeStatus } from '../instances/messages.ts'
import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { JobRun } from '../store/witness.ts'
import { NO_LINES, paragraph } from './text.ts'

/** What the table is made of. */
export interface Reported {
  readonly happened?: Happening | undefined
  readonly runs: readonly JobRun[]
  readonly outcomes: readonly CallOutcome[]
}

/** Columns for what the callers got, in this order; one that is empty in all rows is left out. */
const ANSWERS: readonly (readonly [OutcomeStatus, string])[] = [
  ['turnedAway', 'turned\naway'],
  ['replayed', 'got its\nresult'],
  ['unavailable', 'no\nRedis'],
  ['failed', 'failed'],
]

/**
 * The final table. `ran` and `where` are the rows that the jobs inserted into the database; the columns in between are the
 * answers that the callers got.
 */
export function jobTable({ runs, outcomes, happened }: Reported, width: number): string {
  const answers = ANSWERS.filter(([status]) => outcomes.some((outcome) => outcome.status === status))
  const table = new Table({
    head: ['job', 'starts', 'ran to\nthe end', ...answers.map(([, title]) => title), 'where'],
    colAligns: ['left', 'right', 'right', ...answers.map(() => 'right' as const), 'left'],
    chars: { ...NO_LINES, mid: '─', 'mid-mid': '──', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  })
  const short: string[] = []
  for (const type of JOB_TYPES) {
    const own = runs.filter(({ jobType }) => jobType === type)
    const got = outcomes.filter(({ jobType }) => jobType === type)
    const died = own.filter(
      ({ event, executionId }) => event === 'begin' && fate(own, executionId) === 'died',
    )
    const ended = own.filter(({ event }) => event === 'end').length
    const counts = answers.map(([status]) => got.filter((outcome) => outcome.status === status).length)
    const places = placesOf(own, happened)
    // A start whose caller died has no answer.
    const starts = got.length + died.length
    table.push([type, starts, ended, ...counts, places.join('\n')])
    short.push(
      `${type}: ${starts} starts, ran to the end: ${ended}`,
      ...counts.map((count, index) => `  ${answers[index]?.[1].replace('\n', ' ')}: ${count}`),
      ...places.map((place) => `  ${place}`),
    )
  }
  const text = table.toString().replaceAll(/ +$/gm, '')
  const note = paragraph(
    'The three jobs in the middle are started once more by comprehensive-analysis.',
    width,
  )
  return `${widthOf(text) <= width ? text : short.join('\n')}\n${note}`
}

/** Where a job began, each with how that went unless it went well. */
function placesOf(own: readonly JobRun[], happened: Happening | undefined): readonly string[] {
  const begins = own.filter(({ event }) => event === 'begin')
  const places = begins.map(({ instance, executionId }) => {
    const how = fate(own, executionId)
    if (how === 'ended') return instance
    const isVictim = happened !== undefined && happened.kind !== 'outage' && happened.instance === instance
    return `${instance} (${isVictim ? happened.kind : how})`
  })
  // In the control run a job runs on all instances, and may do so twice.
  const groups = [...Map.groupBy(places, (place) => place).values()]
  const [{ length } = []] = groups
  if (groups.length > 2 && groups.every((group) => group.length === length)) {
    return [length === 1 ? 'every instance' : `every instance, ${length} times`]
  }
  return places
}

/** A run that neither ended nor failed died with its process. */
function fate(runs: readonly JobRun[], executionId: string): 'ended' | 'failed' | 'died' {
  const last = runs.findLast((run) => run.executionId === executionId)
  return last?.event === 'end' ? 'ended' : last?.event === 'failed' ? 'failed' : 'died'
}

/** What each job said about the change. */
export function results(runs: readonly JobRun[], width: number): string {
  const said = (type: JobType): string | undefined =>
    runs.find(({ jobType, event }) => jobType === type && event === 'end')?.detail
  return JOB_TYPES.flatMap((type) => {
    const detail = said(type)
    return detail === undefined ? [] : [type.padEnd(INDENT) + paragraph(detail, width, INDENT)]
  }).join('\n')
}

const INDENT = 24

/** What every run wrote about itself, in order. */
export function testimony(runs: readonly JobRun[], width: number): string {
  return runs
    .filter(({ event }) => event !== 'stage')
    .map(({ jobType, attempt, event, instance, executionId }) =>
      paragraph(`${executionId} ${event} ${jobType} on ${instance}, attempt ${attempt}`, width, 2),
    )
    .join('\n')
}

function widthOf(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length))
}
