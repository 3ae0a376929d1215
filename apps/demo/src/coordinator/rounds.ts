import type { ExecutionSnapshot, Holdfast } from '@holdfast/core'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from '../instances/instance.ts'
import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { JobView, Progress } from '../terminal/progress.ts'
import type { Killing } from './verdict.ts'
import type { Fleet } from './fleet.ts'

/** So long nothing was heard of any job. */
const GIVE_UP_MS = 60_000

/** The instances learn that long before they are to start. */
const AIM_MS = 50

/** What a run of all jobs needs to know. */
export interface RoundsOptions {
  readonly fleet: Fleet
  readonly reviewId: string
  readonly progress: Progress
  /** Kill the executing instance of this job when it is that far. */
  readonly crash?: { readonly jobType: JobType; readonly atPercent: number }
  readonly signal: AbortSignal
}

export interface RoundsResult {
  /** What was done on purpose. */
  readonly killing: Killing | undefined
  /** Instances that ended by themselves, and how. */
  readonly deaths: readonly string[]
}

/**
 * Two rounds: every job is fired from every instance at the same time, then everything once more when it is done, as
 * a queue that delivers at least once may do. Jobs that an instance left behind by dying are delivered to the others.
 */
export async function runRounds(options: RoundsOptions): Promise<RoundsResult> {
  const { fleet, reviewId, progress, crash, signal } = options
  const alive = new Set(fleet.instances)
  const unfinished = new Set<JobType>(JOB_TYPES)
  const stranded = Promise.withResolvers<never>()
  /** By whom, as far as is known. */
  const executing = new Map<JobType, string | null>()
  const deliveries: Promise<unknown>[] = []
  const deaths: string[] = []
  let killing: Killing | undefined
  let heardAt = performance.now()

  const fireAll = (jobs: Iterable<JobType>, onInProgress: 'reject' | 'wait'): Promise<unknown> => {
    const at = Date.now() + AIM_MS
    return Promise.all(
      [...alive].map((instance, index) => {
        // Each in another order, so that not one of them is first everywhere.
        const order = [...jobs]
        return instance.fire({
          reviewId,
          jobs: [...order.slice(index), ...order.slice(0, index)],
          at,
          onInProgress,
        })
      }),
    )
  }

  const onGone = (instance: Instance, reason: string | undefined): void => {
    alive.delete(instance)
    if (reason !== undefined) deaths.push(reason)
    if (signal.aborted || unfinished.size === 0) return
    for (const type of unfinished) {
      if (reason !== undefined && executing.get(type) === instance.name) progress.note(type, reason)
    }
    if (alive.size === 0) stranded.reject(new Error('No instance is left to do the rest.'))
    else deliveries.push(fireAll(unfinished, 'wait'))
  }

  const killAt = (type: JobType, snapshot: ExecutionSnapshot): void => {
    if (killing !== undefined || crash?.jobType !== type || snapshot.status !== 'executing') return
    if (snapshot.progressPercentage < crash.atPercent) return
    const victim = fleet.instances.find(({ name }) => name === snapshot.instance)
    if (victim === undefined) return
    victim.kill()
    killing = { instance: victim.name, jobType: type }
    const ms = snapshot.leaseRemainingMs
    progress.note(
      type,
      `${victim.name} was killed (SIGKILL) at ${snapshot.progressPercentage} %; its lease runs for ${ms} ms more`,
    )
  }

  /** Shows a job until it ends, and says whether it succeeded. */
  const follow = async (type: JobType): Promise<boolean> => {
    let last: ExecutionSnapshot | undefined
    for await (const snapshot of fleet.observer.idempotency.watch(type, reviewId, { signal })) {
      last = snapshot
      heardAt = performance.now()
      executing.set(type, snapshot.instance)
      progress.update(type, viewOf(snapshot))
      killAt(type, snapshot)
    }
    unfinished.delete(type)
    const succeeded = last?.status === 'completed'
    progress.end(type, succeeded ? undefined : (last?.errorMessage ?? 'interrupted'))
    return succeeded
  }

  for (const instance of fleet.instances) void instance.gone.then((reason) => onGone(instance, reason))
  const interrupted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => interrupted.reject(signal.reason))
  const rounds = async (): Promise<void> => {
    const following = Promise.all(JOB_TYPES.map(follow))
    await fireAll(JOB_TYPES, 'reject')
    const silence = giveUp(() => performance.now() - heardAt, unfinished, fleet.observer, signal)
    const succeeded = await Promise.race([following, silence])
    await Promise.all(deliveries)
    // A failed job would be run again.
    const done = JOB_TYPES.filter((_, index) => succeeded[index])
    await fireAll(done, 'reject')
  }
  await Promise.race([rounds(), interrupted.promise, stranded.promise])
  return { killing, deaths }
}

/** When every start has an outcome, only an instance that took over can still be executing. */
async function giveUp(
  silentMs: () => number,
  unfinished: ReadonlySet<JobType>,
  { connection }: Holdfast,
  signal: AbortSignal,
): Promise<never> {
  for (let left = GIVE_UP_MS; left > 0; left = GIVE_UP_MS - silentMs()) {
    await sleep(left, undefined, { signal, ref: false })
  }
  if (connection.state !== 'ready') throw new Error('Redis went away, and has not come back.')
  throw new Error(`No more news of ${[...unfinished].join(', ')}; the logs may say why.`)
}

function viewOf(snapshot: ExecutionSnapshot): JobView {
  const { progressPercentage, progressMessage, stalled, attempt } = snapshot
  const instance = snapshot.instance ?? snapshot.executionId
  const message = stalled ? 'silent: its lease has run out' : (progressMessage ?? snapshot.status)
  return { percent: progressPercentage, message, instance, attempt }
}
