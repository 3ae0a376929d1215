import type { ExecutionSnapshot } from '@holdfast/core'
import type { Instance } from '../instances/instance.ts'
import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { Progress } from '../terminal/progress.ts'
import type { Killing } from './verdict.ts'
import type { Fleet } from './fleet.ts'

/** What a run of all jobs needs to know. */
export interface RoundsOptions {
  readonly fleet: Fleet
  readonly reviewId: string
  readonly progress: Progress
  /** Kill the executing instance of this job when it is that far. */
  readonly crash?: { readonly jobType: JobType; readonly atPercent: number }
  readonly signal: AbortSignal
}

/**
 * Two rounds: every job is fired from every instance at the same time, then everything once more when it is done, as
 * a queue that delivers at least once may do. Jobs that an instance left behind by dying are delivered to the others.
 */
export async function runRounds(options: RoundsOptions): Promise<Killing | undefined> {
  const { fleet, reviewId, progress, crash, signal } = options
  const alive = new Set(fleet.instances)
  const unfinished = new Set<JobType>(JOB_TYPES)
  const stranded = Promise.withResolvers<never>()
  const deliveries: Promise<unknown>[] = []
  let killing: Killing | undefined

  const fireAll = (jobs: Iterable<JobType>, onInProgress: 'reject' | 'attach'): Promise<unknown> =>
    Promise.all(
      [...alive].map((instance, index) => {
        // Each in another order, so that not one of them is first everywhere.
        const order = [...jobs]
        return instance.fire({
          reviewId,
          jobs: [...order.slice(index), ...order.slice(0, index)],
          onInProgress,
        })
      }),
    )

  const onGone = (instance: Instance, reason: string | undefined): void => {
    alive.delete(instance)
    if (signal.aborted || unfinished.size === 0) return
    if (reason !== undefined) for (const type of unfinished) progress.note(type, reason)
    if (alive.size === 0) stranded.reject(new Error('No instance is left to do the rest.'))
    else deliveries.push(fireAll(unfinished, 'attach'))
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
      `${victim.name} was killed at ${snapshot.progressPercentage} %; its lease runs for ${ms} ms more`,
    )
  }

  const follow = async (type: JobType): Promise<void> => {
    let last: ExecutionSnapshot | undefined
    for await (const snapshot of fleet.observer.idempotency.watch(type, reviewId, { signal })) {
      last = snapshot
      progress.update(type, viewOf(snapshot))
      killAt(type, snapshot)
    }
    unfinished.delete(type)
    progress.end(type, last?.status === 'completed' ? undefined : (last?.errorMessage ?? 'interrupted'))
  }

  for (const instance of fleet.instances) void instance.gone.then((reason) => onGone(instance, reason))
  const interrupted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => interrupted.reject(signal.reason))
  const rounds = async (): Promise<void> => {
    await Promise.all([...JOB_TYPES.map(follow), fireAll(JOB_TYPES, 'reject')])
    await Promise.all(deliveries)
    await fireAll(JOB_TYPES, 'reject')
  }
  await Promise.race([rounds(), interrupted.promise, stranded.promise])
  return killing
}

function viewOf(snapshot: ExecutionSnapshot): Parameters<Progress['update']>[1] {
  const { progressPercentage, progressMessage, stalled, attempt } = snapshot
  const instance = snapshot.instance ?? snapshot.executionId
  const message = stalled ? 'silent: its lease has run out' : (progressMessage ?? snapshot.status)
  return { percent: progressPercentage, message, instance, attempt }
}
