import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises'
import type { Idempotency } from '@holdfast/core'
import type { Logger } from 'pino'
import { JOBS } from '../jobs/index.ts'
import type { JobExecution, JobResult, JobType } from '../jobs/job.ts'
import { openRepository } from '../review/git-repository.ts'
import type { Reviewer } from '../review/reviewer.ts'
import type { Store } from '../store/store.ts'
import type { CallOutcome, FireRequest, InstanceSettings } from './messages.ts'

/** What job bodies are run with. */
export interface JobRunnerParts {
  readonly settings: InstanceSettings
  readonly idempotency: Idempotency
  readonly store: Store
  readonly reviewer: Reviewer
  readonly log: Logger
  readonly onOutcome: (outcome: CallOutcome) => void
}

export interface JobRunner {
  /** Never rejects: `onOutcome` receives the outcome of each start. */
  readonly fire: (request: FireRequest) => Promise<void>
}

interface Start extends Pick<FireRequest, 'onInProgress'> {
  /** Ends a wait. */
  readonly signal?: AbortSignal
  readonly nested: boolean
}

/** Puts the job bodies under idempotency, and reports the outcome of every start. */
export function createJobRunner(parts: JobRunnerParts): JobRunner {
  const { settings, idempotency, store, reviewer, log, onOutcome } = parts
  const { name: instance, client, leaseMs, paceMs } = settings

  const start = async (jobType: JobType, reviewId: string, how: Start): Promise<JobResult> => {
    const { nested, ...policy } = how
    const report = (status: CallOutcome['status'], message: string): void =>
      onOutcome({ instance, jobType, nested, status, message })
    try {
      const { status, result } = await idempotency.run(
        jobType,
        reviewId,
        { ...policy, leaseMs, waitMs: Infinity, progressIntervalMs: 100 },
        (execution) => runBody(jobType, reviewId, execution),
      )
      report(status, result.summary)
      return result
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string }
      report(code === 'EXECUTION_IN_PROGRESS' ? 'turnedAway' : 'failed', message)
      throw error
    }
  }

  const runBody = async (jobType: JobType, reviewId: string, execution: JobExecution): Promise<JobResult> => {
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
        openRepository,
        witnessStage: (title) => store.witness.record({ ...testimony, event: 'stage', detail: title }),
        runNested: (type) => start(type, reviewId, { onInProgress: 'wait', signal, nested: true }),
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
