import type { Job, Worker } from 'bullmq'

/** What BullMQ's worker says of the locks that it could not renew. */
interface Emitter {
  on(event: 'lockRenewalFailed', listener: (jobIds: readonly string[]) => void): unknown
}

/** By worker, then by job: what to call when the lock is lost. A worker has one listener, for as long as it lives. */
const watches = new WeakMap<Emitter, Map<string, () => void>>()

/**
 * Calls `onLost` when BullMQ's lock of this delivery is lost. Returns what ends the watch. A sandboxed processor has no worker
 * in its process: see {@link cancelOnLockLoss}.
 */
export function watchLock(job: Job<unknown, unknown>, onLost: () => void): () => void {
  const worker = workerOf(job)
  const { id } = job
  if (worker === undefined || id === undefined) return () => undefined
  const watched = watchesOf(worker)
  // The worker has the job a second time, so the first delivery has lost it. BullMQ says nothing of that.
  watched.get(id)?.()
  watched.set(id, onLost)
  return () => {
    if (watched.get(id) === onLost) watched.delete(id)
  }
}

/** The reason that a sandboxed processor gets from {@link cancelOnLockLoss}. */
export const LOCK_LOST = 'holdfast:lock-lost'

/**
 * For sandboxed processors, in the process of the worker: a job whose lock is lost has its signal aborted in the sandbox.
 * Processors in the process of the worker need no call.
 */
export function cancelOnLockLoss(worker: Pick<Worker, 'on' | 'cancelJob'>): void {
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, LOCK_LOST)
  })
}

function watchesOf(worker: Emitter): Map<string, () => void> {
  const known = watches.get(worker)
  if (known !== undefined) return known
  const watched = new Map<string, () => void>()
  watches.set(worker, watched)
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const id of jobIds) watched.get(id)?.()
  })
  return watched
}

/** BullMQ makes each job with the worker that took it. It is a protected member, so a version may lack it. */
function workerOf(job: object): Emitter | undefined {
  const worker: unknown = Reflect.get(job, 'queue')
  return typeof worker === 'object' && worker !== null && 'on' in worker ? (worker as Emitter) : undefined
}
