import type { ExecutionSnapshot, Holdfast } from '@holdfast/core'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from '../instances/instance.ts'
import { JOB_TYPES, type JobType } from '../jobs/job.ts'
import type { Store } from '../store/store.ts'
import type { JobView, Progress } from '../terminal/progress.ts'
import type { Bank } from './bank.ts'
import type { Fleet } from './fleet.ts'
import { type Happening, MISHAPS, VICTIM } from './mishaps.ts'

/** So long nothing was heard of any job. */
const GIVE_UP_MS = 60_000

const REDIS_WENT_AWAY = `Redis went away. The jobs wait for it, up to ${GIVE_UP_MS / 1_000} s.`
const REDIS_IS_BACK = 'Redis is back.'

/** The instances learn that long before they are to start. */
const AIM_MS = 50

/** What a run of all jobs needs to know. */
export interface RoundsOptions {
  readonly fleet: Fleet
  readonly observer: Holdfast
  readonly store: Store
  readonly bank: Bank
  readonly reviewId: string
  readonly progress: Progress
  readonly scenario: keyof typeof MISHAPS
  readonly signal: AbortSignal
}

export interface RoundsResult {
  /** What was done on purpose. */
  readonly happened: Happening | undefined
  /** Instances that ended by themselves, and how. */
  readonly deaths: readonly string[]
}

/** Starts these jobs on these instances at one moment. */
export function fireOn(
  instances: Iterable<Instance>,
  reviewId: string,
  jobs: Iterable<JobType>,
  onInProgress: 'reject' | 'wait',
): Promise<unknown> {
  const at = Date.now() + AIM_MS
  return Promise.all(
    [...instances].map((instance, index) => {
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

/**
 * Two rounds: every job is fired from every instance at the same time, then everything once more when it is done, as
 * a queue that delivers at least once may do. Jobs that an instance left behind are delivered to the others.
 */
export async function runRounds(options: RoundsOptions): Promise<RoundsResult> {
  const { fleet, observer, store, bank, reviewId, progress, scenario, signal } = options
  const alive = new Set(fleet.instances)
  const unfinished = new Set<JobType>(JOB_TYPES)
  const stranded = Promise.withResolvers<never>()
  /** By whom, as far as is known. */
  const executing = new Map<JobType, string | null>()
  const tookOver = new Map<JobType, number>()
  const deliveries: Promise<unknown>[] = []
  const deaths: string[] = []
  let heardAt = performance.now()

  const deliver = (instances: Iterable<Instance>): void => {
    deliveries.push(fireOn(instances, reviewId, unfinished, 'wait'))
  }
  const mishap = MISHAPS[scenario]({
    fleet,
    bank,
    store,
    signal,
    note: (text) => progress.note(VICTIM, text),
    redeliver: (silent) => deliver([...alive].filter((instance) => instance !== silent)),
    startAll: () => fireOn(alive, reviewId, JOB_TYPES, 'reject'),
  })

  const onGone = (instance: Instance, reason: string | undefined): void => {
    alive.delete(instance)
    if (reason !== undefined) deaths.push(reason)
    if (signal.aborted || unfinished.size === 0) return
    for (const type of unfinished) {
      if (reason !== undefined && executing.get(type) === instance.name) progress.note(type, reason)
    }
    if (alive.size === 0) stranded.reject(new Error('No instance is left to do the rest.'))
    else deliver(alive)
  }

  /** Shows a job until it ends, and says whether it succeeded. */
  const follow = async (type: JobType): Promise<boolean> => {
    let last: ExecutionSnapshot | undefined
    for await (const snapshot of observer.idempotency.watch(type, reviewId, { signal })) {
      const { attempt, instance } = snapshot
      if (attempt > (tookOver.get(type) ?? 1)) {
        tookOver.set(type, attempt)
        progress.note(type, `${instance} took over, and goes on from the last saved step.`)
      }
      last = snapshot
      heardAt = performance.now()
      executing.set(type, instance)
      progress.update(type, viewOf(snapshot))
      if (type === VICTIM) mishap.onSnapshot(snapshot)
    }
    unfinished.delete(type)
    const succeeded = last?.status === 'completed'
    progress.end(type, succeeded ? undefined : (last?.errorMessage ?? 'interrupted'))
    return succeeded
  }

  const stopSayingOutages = observer.connection.onChange((state) => {
    const [type] = unfinished
    // It has its own words for the outage that it makes.
    if (type === undefined || scenario === 'outage') return
    progress.note(type, state === 'ready' ? REDIS_IS_BACK : REDIS_WENT_AWAY)
  })
  for (const instance of fleet.instances) void instance.gone.then((reason) => onGone(instance, reason))
  const interrupted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => interrupted.reject(signal.reason))
  const rounds = async (): Promise<void> => {
    const following = Promise.all(JOB_TYPES.map(follow))
    const firing = fireOn(alive, reviewId, JOB_TYPES, 'reject')
    // When every start has an outcome, or is frozen, only an instance that took over can still be executing.
    await Promise.race([firing, mishap.silence])
    const silence = giveUp(() => performance.now() - heardAt, unfinished, observer, signal)
    const succeeded = await Promise.race([following, silence])
    await mishap.repair()
    await Promise.all([firing, ...deliveries])
    // A failed job would be run again.
    const done = JOB_TYPES.filter((_, index) => succeeded[index])
    await fireOn(alive, reviewId, done, 'reject')
  }
  try {
    await Promise.race([rounds(), interrupted.promise, stranded.promise])
  } finally {
    stopSayingOutages()
  }
  return { happened: mishap.happened(), deaths }
}

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
  const { progressPercentage, progressMessage, stalled } = snapshot
  const message = stalled ? 'silent: its lease has run out' : (progressMessage ?? 'begins')
  return { percent: progressPercentage, message, who: snapshot.instance ?? 'somewhere' }
}
