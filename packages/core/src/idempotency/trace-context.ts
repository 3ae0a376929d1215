// A tracer's few bytes travel with an execution, so that the next attempt, in whichever process, can say what it follows.

import type { Write } from './decide.ts'
import type { TraceContextProblem, TracedExecution, TracedJob } from './events.ts'
import type { ExecutionRecord } from './record.ts'

/**
 * What a tracer stores with executions, and finds again: opaque to Holdfast. What a hook throws, and what cannot be stored,
 * never breaks a job: it is dropped, and an event `traceContextDropped` says why.
 */
export interface TraceContextHooks {
  /**
   * Called before each claim that may start an execution: returns what is stored with it, at most 512 bytes in UTF-8, or
   * undefined for nothing. Not every claim starts one.
   */
  readonly inject: (execution: TracedExecution) => string | undefined
  /**
   * Called when an execution has started that continues another: after a crash, a failure or a release. `stored` is what
   * `inject` returned for that one.
   */
  readonly extract: (stored: string, execution: TracedExecution) => void
}

/** Says that a context was dropped. */
export type OnDropped = (reason: TraceContextProblem, error?: unknown) => void

const MOST_BYTES = 512

/** The decision of a claim, with what the tracer stores. */
export function withTraceContext<R extends ExecutionRecord>(
  decision: Write<R>,
  job: TracedJob,
  hooks: TraceContextHooks,
  onDropped: OnDropped,
): Write<R> {
  const { record } = decision
  if (record.status !== 'executing') return decision
  try {
    const given: unknown = hooks.inject(tracedExecution(job, record))
    if (given === undefined) return decision
    if (isStorable(given)) return { ...decision, record: { ...record, traceContext: given } }
    onDropped(typeof given === 'string' ? 'tooLong' : 'notText')
  } catch (error) {
    onDropped('failed', error)
  }
  return decision
}

/** Tells the tracer what is stored of the execution that the started one continues. */
export function showTraceContext(
  before: ExecutionRecord | undefined,
  job: TracedJob,
  started: Pick<ExecutionRecord, 'executionId' | 'attempt'>,
  hooks: TraceContextHooks,
  onDropped: OnDropped,
): void {
  if (before === undefined || before.status === 'completed') return
  const { traceContext } = before
  // Another version or program may have written anything.
  if (!isStorable(traceContext)) return
  try {
    hooks.extract(traceContext, tracedExecution(job, started))
  } catch (error) {
    onDropped('failed', error)
  }
}

function isStorable(given: unknown): given is string {
  return typeof given === 'string' && Buffer.byteLength(given) <= MOST_BYTES
}

/** What a tracer learns of an execution. */
export function tracedExecution(
  { jobType, jobKey }: TracedJob,
  { executionId, attempt }: Pick<ExecutionRecord, 'executionId' | 'attempt'>,
): TracedExecution {
  return { jobType, jobKey, executionId, attempt }
}
