import type { CallOutcome } from '../instances/messages.ts'
import { counted } from '../counted.ts'
import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { Written } from '../store/effects.ts'
import type { JobRun } from '../store/witness.ts'
import { type Happening, VICTIM, seconds } from './mishaps.ts'

export interface Verdict {
  readonly ok: boolean
  /** One sentence or two on what was shown, or every problem. */
  readonly lines: readonly string[]
}

/** What the database says, and what was done to the run on purpose. */
export interface Facts {
  readonly runs: readonly JobRun[]
  readonly charges: readonly Written[]
  readonly refusedWrites: readonly Written[]
  readonly outcomes: readonly CallOutcome[]
  readonly happened?: Happening | undefined
}

const WHO_COUNTED =
  'The database counted, not Holdfast: every run inserts its rows into SQLite, and no key there removes duplicates.'

/**
 * Judges by nothing but the rows in the database: each job began once and ended once, and the customer was charged once.
 * What an instance that was killed or frozen had begun may have begun once more elsewhere, and the victim must have.
 */
export function judge(facts: Facts): Verdict {
  const { runs, charges, happened } = facts
  const problems = JOB_TYPES.flatMap((type) =>
    judgeJob(
      type,
      runs.filter(({ jobType }) => jobType === type),
      happened,
    ),
  )
  if (charges.length !== 1)
    problems.push(`The customer was charged ${times(charges.length)} instead of once.`)
  problems.push(...judgeHappening(facts))
  if (problems.length > 0) return { ok: false, lines: problems }
  return { ok: true, lines: [`${story(facts)} ${WHO_COUNTED}`] }
}

/** The control run is a proof only if every start ran its job. */
export function judgeControl({ runs, charges }: Facts, instances: number): Verdict {
  const ends = runs.filter(({ jobType, event }) => jobType === VICTIM && event === 'end').length
  if (ends !== instances || charges.length !== instances) {
    const what = `${VICTIM} ran ${times(ends)}, and the customer was charged ${times(charges.length)}`
    return { ok: false, lines: [`The control run shows nothing: ${what}, not ${instances} times.`] }
  }
  const story = `Without Holdfast each instance ran each job, and the customer was charged ${times(ends)} for one review.`
  return { ok: true, lines: [`${story} ${WHO_COUNTED}`] }
}

function judgeJob(
  type: JobType,
  runs: readonly JobRun[],
  happened: Happening | undefined,
): readonly string[] {
  const of = (event: JobRun['event']): readonly JobRun[] => runs.filter((run) => run.event === event)
  const begins = of('begin')
  const ends = of('end')
  const victim = happened?.kind === 'outage' ? undefined : happened?.instance
  const left = begins.filter(
    ({ instance, executionId }) =>
      instance === victim && !ends.some((end) => end.executionId === executionId),
  )
  // One that wakes up fails, as it should.
  const failures = of('failed').filter(
    ({ executionId }) => !left.some((begin) => begin.executionId === executionId),
  )
  const problems = failures.map(({ instance, detail }) => `${type} failed on ${instance}: ${detail}`)
  if (ends.length !== 1) problems.push(`${type} ended ${times(ends.length)} instead of once.`)
  const expected = 1 + left.length
  if (begins.length !== expected || left.length > 1) {
    problems.push(`${type} began ${times(begins.length)} instead of ${times(expected)}.`)
  }
  if (victim === undefined || type !== VICTIM) return problems
  const second = begins[1]
  if (left.length === 0) problems.push(`${type} had ended before ${victim} was ${happened?.kind}.`)
  else if (second === undefined || second.attempt !== 2 || second.instance === victim) {
    problems.push(`${type} was not taken over as attempt 2 by another instance.`)
  } else if (repeatedStages(runs) > 1) {
    problems.push(`${type} began from the start again: the checkpoint was not carried over.`)
  }
  return problems
}

/** Stages that both attempts entered: at most the one in which it happened. */
function repeatedStages(runs: readonly JobRun[]): number {
  const stages = (attempt: number): readonly string[] =>
    runs.filter((run) => run.event === 'stage' && run.attempt === attempt).map(({ detail }) => detail)
  const first = new Set(stages(1))
  return stages(2).filter((title) => first.has(title)).length
}

function judgeHappening({ refusedWrites, outcomes, happened }: Facts): readonly string[] {
  if (happened?.kind === 'frozen' && !refusedWrites.some(({ instance }) => instance === happened.instance)) {
    return [`The database refused no write of ${happened.instance} when it woke up.`]
  }
  if (happened?.kind === 'outage' && unavailable(outcomes).length === 0) {
    return ['No start met the outage.']
  }
  return []
}

function unavailable(outcomes: readonly CallOutcome[]): readonly CallOutcome[] {
  return outcomes.filter(({ status }) => status === 'unavailable')
}

/** What a run that went well has shown. */
function story({ runs, outcomes, happened }: Facts): string {
  const end = runs.find(({ jobType, event }) => jobType === VICTIM && event === 'end')?.instance ?? ''
  switch (happened?.kind) {
    case undefined:
      return 'Every instance started every job twice; each job ran once, and the customer was charged once.'
    case 'killed':
      return (
        `${happened.instance} was killed at ${happened.percent} % of ${VICTIM}; when its lease had run out, ${end} ` +
        'took over and went on from the last saved step. Each job finished once, and the customer was charged once.'
      )
    case 'frozen':
      return (
        `${happened.instance} was frozen just before it charged the customer; ${end} took over and charged. ` +
        `When ${happened.instance} woke up and charged too, the database refused it: every attempt has a number, its ` +
        `fencing token, and that of ${end} is larger. So the customer was charged once.`
      )
    case 'outage': {
      const refused = unavailable(outcomes)
      const longest = seconds(Math.max(...refused.map(({ tookMs }) => tookMs)))
      return (
        `Redis was away for ${seconds(happened.ms)}. ${counted(refused.length, 'start')} of that time got an error within ` +
        `${longest}, and none of them ran later. The running jobs waited and went on: each ran once, and the customer was ` +
        'charged once.'
      )
    }
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`
}
