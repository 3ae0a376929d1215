import Table from 'cli-table3'
import type { CallOutcome } from '../instances/messages.ts'
import { counted } from '../jobs/counted.ts'
import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { JobRun } from '../store/witness.ts'

const PLAIN = { head: [], border: [], compact: true }

/**
 * The final table, as wide as the terminal allows. Executions, places and durations are what the job bodies wrote into
 * the database; duplicates turned away and replays are the outcomes that the callers got.
 */
export function jobTable(
  runs: readonly JobRun[],
  outcomes: readonly CallOutcome[],
  width: number = Infinity,
): string {
  const wide = tableOf('duplicates turned away', {})
  const narrow = tableOf('turned\naway', { 'padding-left': 0 })
  const short: string[] = []
  for (const type of JOB_TYPES) {
    const begins = runs.filter(({ jobType, event }) => jobType === type && event === 'begin')
    const told = (status: CallOutcome['status']): number =>
      outcomes.filter((outcome) => outcome.jobType === type && outcome.status === status).length
    const places = begins.map(
      ({ instance, client, executionId }) => `${instance} · ${client}${fate(runs, executionId)}`,
    )
    const counts = [begins.length, told('turnedAway'), told('replayed')] as const
    const where = places.join('\n→ ') || '–'
    const took = duration(type, runs)
    wide.push([type, ...counts, where, took])
    narrow.push([type, ...counts, where.replaceAll(/ · | (?=\()/g, '\n  '), took])
    const [executions, turnedAway, replays] = counts
    short.push(
      `${type}: ${counted(executions, 'execution')}, ${turnedAway} turned away, ${counted(replays, 'replay')}, ${took}`,
      ...places.map((place) => `  ${place}`),
    )
  }
  return fitting([wide, narrow], short, width)
}

function tableOf(turnedAway: string, style: { readonly 'padding-left'?: number }): Table.Table {
  return new Table({
    head: ['job', 'executions', turnedAway, 'replays', 'ran on', 'duration'],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'right'],
    style: { ...PLAIN, ...style },
  })
}

/** How the starts of all callers ended, in one line. */
export function startsLine(outcomes: readonly CallOutcome[]): string {
  const count = (status: CallOutcome['status']): number =>
    outcomes.filter((outcome) => outcome.status === status).length
  const nested = outcomes.filter((outcome) => outcome.nested).length
  return [
    `${outcomes.length} starts (${nested} of them nested) were answered:`,
    `${count('executed')} executed, ${count('turnedAway')} turned away, ${count('replayed')} replayed, ${count('failed')} failed.`,
  ].join(' ')
}

/** What each job said about the change. */
export function results(runs: readonly JobRun[]): string {
  const ends = JOB_TYPES.flatMap((type) =>
    runs.filter(({ jobType, event }) => jobType === type && event === 'end'),
  )
  return ends.map(({ jobType, detail }) => `${jobType.padEnd(23)} ${detail}`).join('\n')
}

/** What every body wrote about itself, in order. */
export function testimony(runs: readonly JobRun[], width: number = Infinity): string {
  const table = new Table({
    head: ['inserted by', 'attempt', 'execution', 'event', 'detail'],
    style: PLAIN,
  })
  const short: string[] = []
  for (const { jobType, attempt, executionId, event, detail, instance } of runs) {
    if (event === 'stage') continue
    table.push([`${jobType} on ${instance}`, attempt, executionId, event, detail])
    short.push(`${executionId} ${event} ${jobType} on ${instance}, attempt ${attempt}`)
  }
  return fitting([table], short, width)
}

/** The first table that fits, else plain lines: one whose lines the terminal breaks cannot be read. */
function fitting(tables: readonly Table.Table[], short: readonly string[], width: number): string {
  const texts = tables.map((table) => table.toString())
  return texts.find((text) => text.indexOf('\n') <= width) ?? short.join('\n')
}

/** A body that neither ended nor failed died with its process. */
function fate(runs: readonly JobRun[], executionId: string): string {
  const last = runs.findLast((run) => run.executionId === executionId)
  return last?.event === 'end' ? '' : last?.event === 'failed' ? ' (failed)' : ' (died)'
}

/** From the first begin to the last end: a takeover's wait for the lease included. */
function duration(type: JobType, runs: readonly JobRun[]): string {
  const begin = runs.find(({ jobType, event }) => jobType === type && event === 'begin')
  const end = runs.findLast(({ jobType, event }) => jobType === type && event === 'end')
  return begin === undefined || end === undefined ? '–' : `${((end.at - begin.at) / 1000).toFixed(2)} s`
}
