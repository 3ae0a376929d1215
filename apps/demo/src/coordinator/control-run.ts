import { setTimeout as sleep } from 'node:timers/promises'
import { counted } from '../counted.ts'
import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { Store } from '../store/store.ts'
import type { JobRun } from '../store/witness.ts'
import type { JobView, Progress } from '../terminal/progress.ts'
import type { Fleet } from './fleet.ts'
import { type RoundsResult, fireOn } from './rounds.ts'

const LOOK_MS = 100

export interface ControlRunOptions {
  readonly fleet: Fleet
  readonly store: Store
  readonly reviewId: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Every job is fired from every instance at the same time, once, with nothing that keeps it from running each time. */
export async function runControl(options: ControlRunOptions): Promise<RoundsResult> {
  const { fleet, store, reviewId, progress, signal } = options
  const deaths: string[] = []
  for (const { gone } of fleet.instances) {
    void gone.then((reason) => {
      if (reason !== undefined) deaths.push(reason)
    })
  }
  let isOver = false
  const firing = fireOn(fleet.instances, reviewId, JOB_TYPES, 'reject').finally(() => (isOver = true))
  const show = (): void => {
    const runs = store.witness.all()
    for (const type of JOB_TYPES) {
      const view = viewOf(runs.filter(({ jobType }) => jobType === type))
      if (view !== undefined) progress.update(type, view)
    }
  }
  while (!isOver) {
    show()
    await Promise.race([firing, sleep(LOOK_MS, undefined, { signal })])
  }
  await firing
  show()
  for (const type of JOB_TYPES) progress.end(type, failureOf(type, store.witness.all()))
  return { happened: undefined, deaths }
}

/** What the slowest is doing, and how many there are. */
function viewOf(runs: readonly JobRun[]): JobView | undefined {
  const states = [...Map.groupBy(runs, ({ executionId }) => executionId).values()].map((own) => {
    const last = own.at(-1)
    if (last?.event === 'end') return { percent: 100, message: 'done' }
    const [percent = 0, message = 'begins'] = own
      .findLast(({ event }) => event === 'stage')
      ?.detail.split(/(?<=^\d+) /) ?? [0]
    return { percent: Number(percent), message: String(message) }
  })
  const [slowest] = states.toSorted((one, other) => one.percent - other.percent)
  return slowest && { ...slowest, who: counted(states.length, 'run') }
}

function failureOf(type: JobType, runs: readonly JobRun[]): string | undefined {
  return runs.find(({ jobType, event }) => jobType === type && event === 'failed')?.detail
}
