import type { Codec } from '../support/codec.ts'
import type { ClosedError } from '../errors.ts'
import { checkSignal } from '../support/checks.ts'
import { type OptionTable, duration, resolveOptions } from '../support/option-table.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { waitAborted } from './start.ts'
import { isOver } from './decide.ts'
import { ExecutionInProgressError } from './errors.ts'
import { waits } from './events.ts'
import type { JobKey, JobKeys } from './job-key.ts'
import type { Observations } from './observation.ts'
import { Patience, readView, waitPatiently } from './patience.ts'
import type { StoredState } from './record.ts'
import { type ExecutionSnapshot, snapshotOf } from './snapshot.ts'
import { watching } from './watch.ts'

/** How anybody follows a job, whichever process executes it. */
export interface Following {
  /** True while some instance executes the job and its lease is alive. */
  isExecuting(jobType: string, jobKey: string): Promise<boolean>
  /** What is stored of the job; null when nothing is, or not any more. */
  getExecutionStatus(jobType: string, jobKey: string): Promise<ExecutionSnapshot | null>
  /**
   * Waits until the job has ended, and says how; null when nothing is stored of it. An execution that was given back
   * is waited for as well, until somebody has finished it. `waitMs` is kept to, Infinity allowed. By default it waits
   * 30,000 ms, and then until the lease that is stored by then has ended, was renewed, or was taken over.
   * @throws ExecutionInProgressError at the deadline, WaitAbortedError, StorageUnavailableError, ClosedError
   */
  waitForCompletion(
    jobType: string,
    jobKey: string,
    options?: { readonly waitMs?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<ExecutionSnapshot | null>
  /**
   * Every state that becomes known, from the present one to the end of the execution, takeovers and executions that
   * were given back included. Waits for a job that has not started yet. States may be skipped when they follow faster
   * than they are read; the last one never is. Ends quietly when `signal` is aborted or the record is removed, and
   * with ClosedError when the instance is closed.
   */
  watch(
    jobType: string,
    jobKey: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<ExecutionSnapshot>
}

type WaitOptions = NonNullable<Parameters<Following['waitForCompletion']>[2]>
type WatchOptions = NonNullable<Parameters<Following['watch']>[2]>
const WATCH: OptionTable<WatchOptions, 'signal'> = { signal: [checkSignal, undefined] }
const WAIT: OptionTable<WaitOptions, 'waitMs' | 'signal'> = {
  ...WATCH,
  waitMs: [duration(0, Infinity), undefined],
}

/** `closing`: why nobody may wait or watch any more. */
export function createFollowing(
  calls: StorageClient,
  observations: Observations,
  names: JobKeys,
  codecOf: (jobType: string) => Codec,
  closing: () => ClosedError | undefined,
): Following {
  const toSnapshot = (job: JobKey, { current, now }: StoredState): ExecutionSnapshot | null =>
    current && snapshotOf(job, current, now, codecOf(job.jobType))

  const read = async (job: JobKey): Promise<ExecutionSnapshot | null> =>
    toSnapshot(job, await readView(calls, job.key))

  const waitFor = async (
    job: JobKey,
    waitMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ExecutionSnapshot | null> => {
    const isDone = (view: StoredState): boolean => {
      const snapshot = toSnapshot(job, view)
      return snapshot === null || isOver(snapshot)
    }
    const patience = new Patience(calls, waitMs)
    const waited = await waitPatiently(observations, calls, job.key, isDone, { patience, signal })
    if (waited === 'aborted') throw waitAborted(job, signal)
    const snapshot = toSnapshot(job, waited.view)
    if (snapshot !== null && !isOver(snapshot)) throw new ExecutionInProgressError(snapshot)
    return snapshot
  }

  return {
    async isExecuting(jobType, jobKey) {
      const snapshot = await read(names.of(jobType, jobKey))
      return snapshot !== null && snapshot.status === 'executing' && !snapshot.stalled
    },

    getExecutionStatus: async (jobType, jobKey) => read(names.of(jobType, jobKey)),

    async waitForCompletion(jobType, jobKey, options = {}) {
      const { waitMs, signal } = resolveOptions(WAIT, options)
      const job = names.of(jobType, jobKey)
      const closed = closing()
      if (closed !== undefined) throw closed
      if (waits.traced) return waits.trace({ jobType, jobKey }, () => waitFor(job, waitMs, signal))
      return waitFor(job, waitMs, signal)
    },

    watch(jobType, jobKey, options = {}) {
      const { signal } = resolveOptions(WATCH, options)
      const job = names.of(jobType, jobKey)
      return watching({
        signal,
        toSnapshot: (view) => toSnapshot(job, view),
        observe(observer) {
          const closed = closing()
          if (closed === undefined) return observations.observe(job.key, observer)
          observer.failed(closed)
          return () => undefined
        },
      })
    },
  }
}
