import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { JOBS } from '../jobs/index.ts'
import type { JobExecution, JobResult, JobType } from '../jobs/job.ts'
import { openRepository } from '../review/git-repository.ts'
import { patiently } from '../jobs/patiently.ts'
import type { Reviewer } from '../review/reviewer.ts'
import type { Store } from '../store/store.ts'
import type { Guard, StartPolicy } from './guard.ts'
import type { FireRequest, InstanceSettings, OutcomeStatus, Reports } from './messages.ts'

/** What jobs are run with. */
export interface JobRunnerParts {
  readonly settings: InstanceSettings
  readonly guard: Guard
  readonly store: Store
  readonly reviewer: Reviewer
  readonly log: Logger
  readonly reports: Reports
}

export interface JobRunner {
  /** Never rejects: `onOutcome` receives the outcome of each start. */
  readonly fire: (request: FireRequest) => Promise<void>
}

interface Start extends StartPolicy {
  readonly nested: boolean
}

/** By the code of the error that a start got; every other is a failure of the job. */
const STATUS_OF: Readonly<Record<string, OutcomeStatus>> = {
  EXECUTION_IN_PROGRESS: 'turnedAway',
  STORAGE_UNAVAILABLE: 'unavailable',
  LEASE_LOST: 'tooLate',
  STALE_WRITER: 'tooLate',
}

/** A job that was taken over may also end with what its signal interrupted, such as a pause or a start inside it. */
function statusOf(error: unknown, signal: AbortSignal | undefined): OutcomeStatus {
  const { code = '', cause } = error as { readonly code?: string; readonly cause?: unknown }
  const isLost = [cause, signal?.aborted ? signal.reason : undefined].some(
    (reason) => (reason as { readonly code?: unknown } | undefined)?.code === 'LEASE_LOST',
  )
  return STATUS_OF[code] ?? (isLost ? 'tooLate' : 'failed')
}

/** Puts the jobs behind the guard, and reports the outcome of every start. */
export function createJobRunner(parts: JobRunnerParts): JobRunner {
  const { settings, guard, store, reviewer, log, reports } = parts
  const { name: instance, client, paceMs } = settings

  const start = async (jobType: JobType, reviewId: string, how: Start): Promise<JobResult> => {
    const { nested, ...policy } = how
    const startedAt = performance.now()
    const report = (status: OutcomeStatus, message: string): void => {
      const tookMs = performance.now() - startedAt
      reports.onOutcome({ instance, jobType, nested, status, tookMs, message })
    }
    try {
      const ask = () => guard(jobType, reviewId, policy, (execution) => runJob(jobType, reviewId, execution))
      const { signal } = policy
      const { status, result } = await (nested && signal ? patiently(signal, ask) : ask())
      report(status, result.summary)
      return result
    } catch (error) {
      report(statusOf(error, policy.signal), error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  const runJob = async (jobType: JobType, reviewId: string, execution: JobExecution): Promise<JobResult> => {
    const { executionId, attempt, signal } = execution
    const testimony = { jobType, jobKey: reviewId, executionId, attempt, instance, client }
    const jobLog = log.child({ jobType, jobKey: reviewId, executionId, attempt })
    store.witness.record({ ...testimony, event: 'begin', detail: '' })
    jobLog.info('begin')
    try {
      const result = await JOBS[jobType].run({
        reviewId,
        execution,
        store,
        reviewer,
        log: jobLog,
        instance,
        openRepository,
        witnessStage: (title) => store.witness.record({ ...testimony, event: 'stage', detail: title }),
        runNested: (type) => start(type, reviewId, { onInProgress: 'wait', signal, nested: true }),
        askBank: () => reports.askBank(instance),
        pace: async () => {
          if (paceMs > 0) await sleep(paceMs, undefined, { signal })
        },
      })
      store.witness.record({ ...testimony, event: 'end', detail: result.summary })
      jobLog.info({ result }, 'end')
      return result
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      store.witness.record({ ...testimony, event: 'failed', detail: message })
      jobLog.error({ err: error }, 'failed')
      throw error
    }
  }

  return {
    async fire({ jobs, reviewId, at, onInProgress }) {
      await sleep(Math.max(0, at - Date.now()))
      const starts: Promise<unknown>[] = []
      for (const type of jobs) {
        starts.push(start(type, reviewId, { onInProgress, nested: false }).catch(() => 'told'))
        // Starts of one tick leave in one write, and the first instance would be first with all of them.
        await nextTick()
      }
      await Promise.all(starts)
    },
  }
}
