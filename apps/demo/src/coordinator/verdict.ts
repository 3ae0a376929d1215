import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { JobRun } from '../store/witness.ts'

export interface Verdict {
  readonly ok: boolean
  readonly lines: readonly string[]
}

/** What was done to the run on purpose. */
export interface Killing {
  readonly instance: string
  readonly jobType: JobType
}

/**
 * Judges by nothing but what the job bodies inserted: each began once and ended once. After a killing, what the
 * victim had begun and not ended may have begun once more elsewhere, and the killed job must have.
 */
export function judge(runs: readonly JobRun[], killing?: Killing): Verdict {
  const problems = JOB_TYPES.flatMap((type) =>
    judgeJob(
      type,
      runs.filter(({ jobType }) => jobType === type),
      killing,
    ),
  )
  if (problems.length > 0) return { ok: false, lines: problems }
  const begun = runs.filter(({ event }) => event === 'begin').length
  if (killing === undefined) {
    return { ok: true, lines: [`Exactly once: ${begun} bodies began and ended, one for each job.`] }
  }
  return { ok: true, lines: takeoverLines(runs, killing) }
}

function judgeJob(type: JobType, runs: readonly JobRun[], killing: Killing | undefined): readonly string[] {
  const of = (event: JobRun['event']): readonly JobRun[] => runs.filter((run) => run.event === event)
  const begins = of('begin')
  const ends = of('end')
  const failures = of('failed')
  const problems = failures.map(({ instance, detail }) => `${type} failed on ${instance}: ${detail}`)
  if (ends.length !== 1) problems.push(`${type} ended ${times(ends.length)} instead of once.`)

  const diedWithVictim = begins.filter(
    ({ instance, executionId }) =>
      instance === killing?.instance && !ends.some((end) => end.executionId === executionId),
  )
  const expected = 1 + diedWithVictim.length
  if (begins.length !== expected || diedWithVictim.length > 1) {
    problems.push(`${type} began ${times(begins.length)} instead of ${times(expected)}.`)
  }
  if (killing?.jobType !== type) return problems
  const second = begins[1]
  if (diedWithVictim.length === 0) problems.push(`${type} had ended before its instance was killed.`)
  else if (second === undefined || second.attempt !== 2 || second.instance === killing.instance) {
    problems.push(`${type} was not taken over as attempt 2 by another instance.`)
  } else if (repeatedStages(runs) > 1) {
    problems.push(`${type} began from the start again: the checkpoint was not carried over.`)
  }
  return problems
}

/** Stages that both attempts entered: at most the one in which the crash happened. */
function repeatedStages(runs: readonly JobRun[]): number {
  const stages = (attempt: number): readonly string[] =>
    runs.filter((run) => run.event === 'stage' && run.attempt === attempt).map(({ detail }) => detail)
  const first = new Set(stages(1))
  return stages(2).filter((title) => first.has(title)).length
}

function takeoverLines(runs: readonly JobRun[], { instance, jobType }: Killing): readonly string[] {
  const [first, second] = [1, 2].map((attempt) =>
    runs.filter((run) => run.jobType === jobType && run.attempt === attempt && run.event === 'stage'),
  )
  const end = runs.find((run) => run.jobType === jobType && run.event === 'end')
  return [
    `Attempt 1 on ${instance} was killed in stage "${first?.at(-1)?.detail ?? ''}".`,
    `Attempt 2 on ${end?.instance ?? ''} went on from the checkpoint with stage "${second?.[0]?.detail ?? ''}" and ended.`,
    'Every job ended exactly once.',
  ]
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`
}
