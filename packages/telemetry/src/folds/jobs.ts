import type { IdempotencyEvent } from '@holdfast/core'
import { Counted, InFlight } from '../in-flight.ts'
import { type Fold, type FoldContext, type Measure, seconds } from './fold.ts'

type LossReason = Extract<IdempotencyEvent, { type: 'lost' }>['reason']

const LOSSES: Readonly<Record<LossReason, true>> = {
  outage: true,
  expired: true,
  takenOver: true,
  ended: true,
  forgotten: true,
  vanished: true,
}

/** Executions of this process, and the calls that met one. */
export class JobsFold implements Fold<IdempotencyEvent> {
  readonly channel = 'holdfast:idempotency'
  readonly #context: FoldContext
  readonly #running = new InFlight()
  readonly #waiting: Counted
  readonly #known = new Set<string>()

  constructor(context: FoldContext) {
    this.#context = context
    this.#waiting = new Counted(context.startedAt)
  }

  fold(event: IdempotencyEvent, now: number): void {
    const { measure, bounded } = this.#context
    const job_type = bounded('job_type', event.jobType)
    switch (event.type) {
      case 'started': {
        const isRetry = event.attempt > 1
        const kind = event.takenOverFrom !== undefined ? 'takeover' : isRetry ? 'retry' : 'first'
        this.#startAtZero(job_type, measure)
        measure('jobStarts', 1, { job_type, kind })
        this.#running.begin(job_type, event.executionId, now)
        return
      }
      case 'completed':
      case 'failed':
      case 'released':
      case 'unconfirmed':
      case 'abandoned':
        return this.#ended(job_type, event, event.type)
      case 'lost':
        this.#startAtZero(job_type, measure)
        measure('jobLost', 1, { job_type, reason: event.reason })
        return this.#ended(job_type, event, 'lost')
      case 'renewed':
        measure('jobRenewalLag', seconds(event.lagMs), { job_type })
        return this.#adopt(job_type, event, now)
      case 'renewalFailed':
        measure('jobRenewalFailures', 1, { job_type })
        return this.#adopt(job_type, event, now)
      case 'waiting':
        return this.#waiting.begin(job_type)
      case 'waited':
        this.#waiting.end(job_type, now - event.waitedMs)
        return measure('jobWaitDuration', seconds(event.waitedMs), { job_type, outcome: event.outcome })
      case 'replayed':
      case 'inProgress':
      case 'failedBefore':
      case 'mismatch':
        return measure('jobAnswers', 1, { job_type, outcome: event.type })
      case 'traceContextDropped':
        return measure('jobTraceContextDropped', 1, { job_type, reason: event.reason })
    }
  }

  read(now: number, show: Measure): void {
    for (const { label: job_type, count, oldest } of this.#running.read(now)) {
      show('jobRunning', count, { job_type })
      show('jobOldestAge', oldest, { job_type })
    }
    for (const [job_type, count] of this.#waiting.read()) show('jobWaiting', count, { job_type })
  }

  #ended(
    job_type: string,
    { executionId, ranMs }: { readonly executionId: string; readonly ranMs: number },
    outcome: string,
  ): void {
    this.#running.end(job_type, executionId)
    this.#context.measure('jobDuration', seconds(ranMs), { job_type, outcome })
  }

  /** It began before the bridge did. */
  #adopt(
    job_type: string,
    { executionId, ranMs }: { readonly executionId: string; readonly ranMs: number },
    now: number,
  ): void {
    if (!this.#running.has(job_type, executionId)) this.#running.begin(job_type, executionId, now - ranMs)
  }

  /** An alert on an increase does not see the step from nothing to 1. */
  #startAtZero(job_type: string, measure: Measure): void {
    if (this.#known.has(job_type)) return
    this.#known.add(job_type)
    for (const reason of Object.keys(LOSSES)) measure('jobLost', 0, { job_type, reason })
    measure('jobRenewalFailures', 0, { job_type })
  }
}
