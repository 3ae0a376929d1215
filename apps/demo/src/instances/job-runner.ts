import type { RunResult } from '@holdfast/core'
import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { carelessly, isLost } from '../jobs/carelessly.ts'
import type { GuardedWork } from '../jobs/guarded-work.ts'
import { JOBS } from '../jobs/index.ts'
import type { JobExecution, JobResult, JobType } from '../jobs/job.ts'
import { type GitRepository, openRepository } from '../review/git-repository.ts'
import { checkOut } from '../review/work-tree.ts'
import type { Review } from '../store/reviews.ts'
import { patiently } from '../jobs/patiently.ts'
import type { Reviewer } from '../review/reviewer.ts'
import type { Store } from '../store/store.ts'
import type { CallOutcome as PageOutcome } from '../events/page-event.ts'
import type { CallAnswer, Calls } from './calls.ts'
import type { Guard } from './guard.ts'
import type { StartJob, StartJobPolicy } from './service/service.ts'
import type { FireRequest, InstanceSettings, OutcomeStatus, Reports } from './messages.ts'

/** What jobs are run with. */
export interface JobRunnerParts {
  readonly settings: InstanceSettings
  readonly guard: Guard
  readonly store: Store
  readonly reviewer: Reviewer
  readonly log: Logger
  readonly reports: Reports
  /** Of an instance that tells. */
  readonly calls?: Calls | undefined
  /** Absent without Holdfast. */
  readonly guarded?: GuardedWork | undefined
}

type Checkout = <T>(
  review: Review,
  signal: AbortSignal,
  read: (repository: GitRepository) => Promise<T>,
) => Promise<T>

export interface JobRunner {
  /** Never rejects: `onOutcome` receives the outcome of each start. */
  readonly fire: (request: FireRequest) => Promise<void>
  readonly start: StartJob
}

/** How a job is started. */
interface Start extends StartJobPolicy {
  /** The execution of the job that starts it. */
  readonly parent?: JobExecution
}

/** By the code of the error that a start got; every other is a failure of the job. */
const STATUS_OF: Readonly<Record<string, OutcomeStatus>> = {
  EXECUTION_IN_PROGRESS: 'turnedAway',
  STORAGE_UNAVAILABLE: 'unavailable',
  LEASE_LOST: 'tooLate',
  STALE_WRITER: 'tooLate',
}

/** What a caller got, as the page names it, when its start did not bring a result. */
const REFUSED_AS: Readonly<Record<OutcomeStatus, PageOutcome>> = {
  executed: 'ran',
  replayed: 'stored',
  turnedAway: 'turnedAway',
  unavailable: 'noRedis',
  tooLate: 'tooLate',
  failed: 'failed',
}

function outcomeOf(status: 'executed' | 'replayed', replay: RunResult<unknown>['replay']): PageOutcome {
  if (status === 'executed') return 'ran'
  return replay === 'stored' ? 'stored' : 'waited'
}

function codeOf(error: unknown): string | null {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : null
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
  const { settings, guard, store, reviewer, log, reports, calls, guarded } = parts
  const { name: instance, client, paceMs, workTree } = settings

  const inCheckout: Checkout = async (review, signal, read) => {
    if (workTree === undefined || guarded === undefined)
      return await read(await openRepository(review.repository))
    return await guarded.checkout(basename(review.repository), signal, async () => {
      await checkOut(workTree, review.headCommit)
      return await read(await openRepository(workTree))
    })
  }

  const start = (
    jobType: JobType,
    reviewId: string,
    how: Start,
    callId: string = randomUUID(),
  ): Promise<JobResult> => {
    const { parent, onInProgress: policy } = how
    const call = {
      callId,
      work: { jobType, jobKey: reviewId },
      policy,
      parentExecutionId: parent?.executionId ?? null,
    }
    return calls === undefined
      ? ask(jobType, reviewId, how)
      : calls.make(call, (answer) => ask(jobType, reviewId, how, answer))
  }

  const ask = async (
    jobType: JobType,
    reviewId: string,
    { parent, onRun, ...policy }: Start,
    answer?: (answer: CallAnswer) => void,
  ): Promise<JobResult> => {
    const startedAt = performance.now()
    const report = (status: OutcomeStatus, message: string): void => {
      const tookMs = performance.now() - startedAt
      reports.onOutcome({ instance, jobType, nested: parent !== undefined, status, tookMs, message })
    }
    try {
      const once = () =>
        guard(jobType, reviewId, policy, (execution) => {
          calls?.began(execution)
          onRun?.()
          return runJob(jobType, reviewId, execution)
        })
      const { status, result, replay } = await (parent ? patiently(parent.signal, once) : once())
      answer?.({ outcome: outcomeOf(status, replay), code: null, message: result.summary })
      report(status, result.summary)
      return result
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const status = statusOf(error, policy.signal)
      answer?.({ outcome: REFUSED_AS[status], code: codeOf(error), message })
      report(status, message)
      throw error
    }
  }

  const runJob = async (jobType: JobType, reviewId: string, given: JobExecution): Promise<JobResult> => {
    const execution = settings.isCareless === true && jobType === 'ai-review' ? carelessly(given) : given
    const { executionId, attempt, signal } = execution
    const testimony = { jobType, jobKey: reviewId, executionId, attempt, instance, client }
    const jobLog = log.child({ jobType, jobKey: reviewId, executionId, attempt })
    store.witness.record({ ...testimony, event: 'begin', detail: '' })
    jobLog.info(attempt === 1 ? 'begin' : `begin, attempt ${attempt}`)
    try {
      const result = await JOBS[jobType].run({
        jobType,
        reviewId,
        execution,
        store,
        reviewer,
        log: jobLog,
        instance,
        openRepository,
        inCheckout: (review, read) => inCheckout(review, signal, read),
        witnessStage: (title) => store.witness.record({ ...testimony, event: 'stage', detail: title }),
        runNested: (type) => start(type, reviewId, { onInProgress: 'wait', signal, parent: execution }),
        askBank: () => reports.askBank(instance),
        pace: async () => {
          if (paceMs > 0) await sleep(paceMs, undefined, { signal })
        },
      })
      // Its result would be refused: the work is another's.
      if (isLost(given.signal)) throw given.signal.reason
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
    start,
    async fire({ jobs, reviewId, at, onInProgress, onFailed, callId }) {
      await sleep(Math.max(0, at - Date.now()))
      const starts: Promise<unknown>[] = []
      for (const type of jobs) {
        starts.push(start(type, reviewId, { onInProgress, onFailed }, callId).catch(() => 'told'))
        // Starts of one tick leave in one write, and the first instance would be first with all of them.
        await nextTick()
      }
      await Promise.all(starts)
    },
  }
}
