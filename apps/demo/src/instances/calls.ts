import { AsyncLocalStorage } from 'node:async_hooks'
import type { IdempotencyEvent } from '@holdfast/core'
import type { CallOutcome, PageNews, Work } from '../events/page-event.ts'
import type { JobExecution } from '../jobs/job.ts'
import { percentSaved } from '../jobs/stages.ts'

/** One start of a job, from the question to its answer. */
export interface Call {
  readonly callId: string
  readonly work: Work
  readonly policy: 'reject' | 'wait'
  /** The execution that starts the job, when a job does. */
  readonly parentExecutionId: string | null
}

/** How a call ended, for its caller. */
export interface CallAnswer {
  readonly outcome: CallOutcome
  readonly code: string | null
  readonly message: string
}

/** What is known of a call while it is on. What core publishes within it is about it. */
interface OpenCall extends Call {
  executionId: string | null
  started: Extract<IdempotencyEvent, { type: 'started' }> | undefined
}

/** Events that say which execution has answered the call. */
const NAMES_EXECUTION: ReadonlySet<IdempotencyEvent['type']> = new Set([
  'started',
  'replayed',
  'inProgress',
  'failedBefore',
])

/** Says which start the events of core belong to. */
export interface Calls {
  /** Asks as one call: it is announced, and `answer` says how it ended. */
  make<T>(call: Call, ask: (answer: (answer: CallAnswer) => void) => Promise<T>): Promise<T>
  /** The job of the present call has begun to run. */
  began(execution: JobExecution): void
  /** An event of core, published within the present call or outside of all. */
  heard(event: IdempotencyEvent): void
}

export function createCalls(leaseMs: number, tell: (news: PageNews) => void): Calls {
  const present = new AsyncLocalStorage<OpenCall>()
  return {
    make(call, ask) {
      const open: OpenCall = { ...call, executionId: null, started: undefined }
      const { callId, policy, parentExecutionId } = open
      const askedAt = performance.now()
      tell({ type: 'call.asked', ...call.work, callId, policy, parentExecutionId })
      return present.run(open, () =>
        ask((answer) => {
          const tookMs = performance.now() - askedAt
          tell({ type: 'call.answered', callId, executionId: open.executionId, tookMs, ...answer })
        }),
      )
    },
    began({ executionId, attempt, fencingToken = 0, checkpoint }) {
      const open = present.getStore()
      if (open === undefined) return
      open.executionId = executionId
      tell({
        type: 'attempt.started',
        ...open.work,
        executionId,
        callId: open.callId,
        attempt,
        fencingToken,
        leaseMs,
        parentExecutionId: open.parentExecutionId,
        takenOverFrom: open.started?.takenOverFrom ?? null,
        takenOverFromInstance: open.started?.takenOverFromInstance ?? null,
        fromPercent: percentSaved(checkpoint),
      })
    },
    heard(event) {
      const open = present.getStore()
      if (open === undefined || open.work.jobType !== event.jobType) return
      const { type, executionId } = event
      if (type === 'started') open.started = event
      if (type === 'waiting')
        tell({ type: 'call.waiting', callId: open.callId, executionId, behind: event.instance })
      if (NAMES_EXECUTION.has(type)) open.executionId = executionId
    },
  }
}
