// A span for each call that starts a job, or meets one; it is the span of the execution that it starts.

import {
  type BeginOutcome,
  HoldfastError,
  type IdempotencyEvent,
  type Trace,
  type TraceContextHooks,
  type TracedExecution,
  type TracedJob,
} from '@holdfast/core'
import { type Span, type Tracer, trace } from '@opentelemetry/api'
import type { Subscriptions } from '../subscriptions.ts'
import { ActiveSpan, type Frame, beginFrame, reentered } from './active-span.ts'
import { markFailed } from './failure.ts'
import { JobStages } from './job-stages.ts'
import { spanContextOf, traceparentOf } from './traceparent.ts'

interface JobFrame extends Frame {
  readonly stages: JobStages
  /** While it waits for an execution elsewhere. */
  wait: Span | undefined
  /** The execution that it has started. */
  executionId: string | undefined
  /** It ends with its execution, and not with the call. */
  outlivesCall: boolean
  /** Its error is recorded. */
  hasFailed: boolean
}

/** What the owner of an execution says last of it. */
type Ended = Extract<IdempotencyEvent, { readonly ranMs: number }>

export class JobSpans {
  readonly #tracer: Tracer
  readonly #keys: boolean
  readonly #active = new ActiveSpan<JobFrame>()
  readonly #calls = new WeakMap<object, JobFrame>()
  readonly #running = new Map<string, JobFrame>()

  /** `keys`: whether spans carry the keys of jobs. */
  constructor(tracer: Tracer, keys: boolean) {
    this.#tracer = tracer
    this.#keys = keys
  }

  listen(subscriptions: Subscriptions): void {
    for (const operation of ['holdfast:idempotency.run', 'holdfast:idempotency.begin']) {
      subscriptions.bind<TracedJob, JobFrame>(operation, this.#active, (call) => this.#called(call))
      subscriptions.on<Trace<TracedJob>>(`tracing:${operation}:asyncEnd`, (call) => this.#answered(call))
    }
    const body = 'holdfast:idempotency.body'
    // The handler of an HTTP route runs beside the call that started its execution, and not within it.
    subscriptions.bind<TracedExecution, JobFrame>(body, this.#active, ({ executionId }) => {
      const frame = this.#running.get(executionId)
      return frame && reentered(frame)
    })
    const stagesOf = ({ executionId }: TracedExecution): JobStages | undefined =>
      this.#running.get(executionId)?.stages
    subscriptions.on<TracedExecution>(`tracing:${body}:start`, (traced) =>
      stagesOf(traced)?.bodyBegan(performance.now()),
    )
    subscriptions.on<TracedExecution>(`tracing:${body}:asyncEnd`, (traced) =>
      stagesOf(traced)?.bodyEnded(performance.now()),
    )
    subscriptions.on<IdempotencyEvent>('holdfast:idempotency', (event) => this.#happened(event))
    subscriptions.add(() => {
      for (const { span } of this.#running.values()) span.end()
      this.#running.clear()
      this.#active.disable()
    })
  }

  /** A link, and no parent: the attempts of a job are traces of the processes that made them. */
  readonly hooks: TraceContextHooks = {
    inject: () => {
      const span = this.#active.getStore()?.span ?? trace.getActiveSpan()
      return span === undefined ? undefined : traceparentOf(span.spanContext())
    },
    extract: (stored, { executionId }) => {
      const before = spanContextOf(stored)
      if (before === undefined) return
      const attributes = { 'holdfast.link': 'previous attempt' }
      this.#running.get(executionId)?.span.addLink({ context: before, attributes })
    },
  }

  #called(call: TracedJob): JobFrame {
    const { jobType, jobKey } = call
    const frame = beginFrame(this.#tracer, `job ${jobType}`, {
      'holdfast.job.type': jobType,
      ...(this.#keys && { 'holdfast.job.key': jobKey }),
    })
    const of = { wait: undefined, executionId: undefined, outlivesCall: false, hasFailed: false }
    const job: JobFrame = { ...frame, ...of, stages: new JobStages(performance.now()) }
    this.#calls.set(call, job)
    return job
  }

  #answered(call: Trace<TracedJob>): void {
    const frame = this.#calls.get(call)
    if (frame === undefined) return
    if (call.error !== undefined && !isAnswer(call.error)) this.#failed(frame, call.error)
    const { status } = (call.result ?? {}) as Partial<BeginOutcome>
    if (status === 'started') {
      frame.outlivesCall = true
      return
    }
    this.#end(frame)
  }

  #happened(event: IdempotencyEvent): void {
    const frame = this.#running.get(event.executionId)
    if ('ranMs' in event) {
      if (frame !== undefined) this.#owned(frame, event)
    } else {
      const current = this.#active.getStore()
      if (current !== undefined) this.#asked(current, event)
    }
  }

  /** To the call that is active: it gets what becomes of the job in its own context. */
  #asked(frame: JobFrame, event: Exclude<IdempotencyEvent, Ended>): void {
    const { span, stages } = frame
    switch (event.type) {
      case 'waiting': {
        const attributes = {
          'holdfast.job.type': event.jobType,
          'holdfast.job.awaited_execution': event.executionId,
        }
        frame.wait = this.#tracer.startSpan(`job wait ${event.jobType}`, { attributes }, frame.context)
        return
      }
      case 'waited':
        stages.waited(event.waitedMs)
        frame.wait?.setAttribute('holdfast.job.outcome', event.outcome)
        frame.wait?.end()
        frame.wait = undefined
        return
      case 'started': {
        const { executionId, attempt, fencingToken, takenOverFrom, takenOverFromInstance } = event
        stages.started(performance.now())
        frame.executionId = executionId
        this.#running.set(executionId, frame)
        span.setAttributes({
          'holdfast.job.execution_id': executionId,
          'holdfast.job.attempt': attempt,
          'holdfast.job.fencing_token': fencingToken,
          ...(takenOverFrom !== undefined && { 'holdfast.job.taken_over_from': takenOverFrom }),
          ...(takenOverFromInstance !== undefined && {
            'holdfast.job.taken_over_from_instance': takenOverFromInstance,
          }),
        })
        return
      }
      case 'replayed':
      case 'inProgress':
      case 'failedBefore':
      case 'mismatch':
        span.setAttributes({
          'holdfast.job.outcome': event.type,
          'holdfast.job.execution_id': event.executionId,
        })
        return
      case 'traceContextDropped':
        span.addEvent('holdfast.trace_context_dropped', { reason: event.reason })
    }
  }

  #owned(frame: JobFrame, event: Ended): void {
    const { span, stages } = frame
    switch (event.type) {
      case 'renewed':
        return
      case 'renewalFailed':
        span.addEvent('holdfast.renewal_failed', { remaining_ms: event.remainingMs })
        return
      case 'lost':
        span.setAttribute('holdfast.job.loss', event.reason)
        this.#failed(frame, event.error)
        break
      case 'failed':
      case 'unconfirmed':
        this.#failed(frame, event.error)
        break
      case 'completed':
      case 'released':
      case 'abandoned':
    }
    span.setAttribute('holdfast.job.outcome', event.type)
    stages.show(span, performance.now())
    this.#running.delete(event.executionId)
    if (frame.outlivesCall) span.end()
  }

  /** The execution says why it failed, and then its caller gets the same error. */
  #failed(frame: JobFrame, error: unknown): void {
    if (!frame.hasFailed) markFailed(frame.span, error)
    frame.hasFailed = true
  }

  #end(frame: JobFrame): void {
    const { span, stages, executionId, wait } = frame
    wait?.end()
    // Its end was recorded before, or is unknown.
    if (executionId === undefined) stages.show(span, performance.now())
    else this.#running.delete(executionId)
    span.end()
  }
}

/** That the job runs elsewhere is what a duplicate is to learn, and no failure. */
function isAnswer(error: unknown): boolean {
  return HoldfastError.isInstance(error) && error.code === 'EXECUTION_IN_PROGRESS'
}
