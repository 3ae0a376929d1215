import { checkSignal } from '../support/checks.ts'
import type { Codec } from '../support/codec.ts'
import { type OptionTable, duration, resolveOptions } from '../support/option-table.ts'
import { isOver } from './decide.ts'
import { ExecutionInProgressError } from './errors.ts'
import { waits } from './events.ts'
import type { JobKey, JobKeys } from './job-key.ts'
import type { KeyWatchers } from './key-watcher.ts'
import type { ExecutionSnapshot, StoredState } from './record.ts'
import { snapshotIn } from './snapshot.ts'
import { WaitTimeouts, until } from './wait.ts'
import { watching } from './watch.ts'

/** How a caller follows a job, whichever process executes it. */
export interface ExecutionQueries {
  /** True while some instance executes the job and its lease is alive. */
  isExecuting(jobType: string, jobKey: string): Promise<boolean>
  /** The stored state of the job; null when nothing is stored, or not any more. */
  getExecutionStatus(jobType: string, jobKey: string): Promise<ExecutionSnapshot | null>
  /**
   * Waits until the job has ended, and returns its last state; null when nothing is stored of it. An execution that its
   * owner released is waited for as well, until an instance has finished it. `waitMs` is kept, Infinity allowed. By
   * default it waits 30,000 ms, and then until the lease that is stored by then has ended, was renewed, or was taken over.
   * @throws ExecutionInProgressError at the deadline, WaitAbortedError, StorageUnavailableError, ClosedError
   */
  waitForCompletion(
    jobType: string,
    jobKey: string,
    options?: { readonly waitMs?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<ExecutionSnapshot | null>
  /**
   * Every state that becomes known, from the present one to the end of the execution, takeovers and released executions
   * included. Waits for a job that has not started yet. States may be skipped when they follow faster than they are read;
   * the last one never is. Ends quietly when `signal` is aborted or the record is removed, and with ClosedError when the
   * instance is closed.
   */
  watch(
    jobType: string,
    jobKey: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<ExecutionSnapshot>
}

type WaitOptions = NonNullable<Parameters<ExecutionQueries['waitForCompletion']>[2]>
type WatchOptions = NonNullable<Parameters<ExecutionQueries['watch']>[2]>
const WATCH: OptionTable<WatchOptions, 'signal'> = { signal: [checkSignal, undefined] }
const WAIT: OptionTable<WaitOptions, 'waitMs' | 'signal'> = {
  ...WATCH,
  waitMs: [duration(0, Infinity), undefined],
}

export function createQueries(
  watchers: KeyWatchers,
  keys: JobKeys,
  codecOf: (jobType: string) => Codec,
): ExecutionQueries {
  const toSnapshot = (job: JobKey, state: StoredState): ExecutionSnapshot | null =>
    snapshotIn(job, state, codecOf(job.jobType))

  const read = async (job: JobKey): Promise<ExecutionSnapshot | null> =>
    toSnapshot(job, await watchers.read(job))

  const waitFor = async (job: JobKey, { waitMs, signal }: WaitOptions): Promise<ExecutionSnapshot | null> => {
    const timeouts = new WaitTimeouts(watchers.calls.runtime, waitMs)
    const ended = (state: StoredState): boolean => {
      const snapshot = toSnapshot(job, state)
      return snapshot === null || isOver(snapshot)
    }
    const { state } = await until(watchers, { job, isOver: ended, timeouts, signal })
    const snapshot = toSnapshot(job, state)
    if (snapshot !== null && !isOver(snapshot)) throw new ExecutionInProgressError(snapshot, true)
    return snapshot
  }

  return {
    async isExecuting(jobType, jobKey) {
      const snapshot = await read(keys.of(jobType, jobKey))
      return snapshot !== null && snapshot.status === 'executing' && !snapshot.stalled
    },

    getExecutionStatus: async (jobType, jobKey) => read(keys.of(jobType, jobKey)),

    async waitForCompletion(jobType, jobKey, options = {}) {
      const limits = resolveOptions(WAIT, options)
      const job = keys.of(jobType, jobKey)
      if (!waits.traced) return waitFor(job, limits)
      return waits.trace({ jobType, jobKey }, () => waitFor(job, limits))
    },

    watch(jobType, jobKey, options = {}) {
      const { signal } = resolveOptions(WATCH, options)
      const job = keys.of(jobType, jobKey)
      return watching({ watchers, job, signal, toSnapshot: (state) => toSnapshot(job, state) })
    },
  }
}
