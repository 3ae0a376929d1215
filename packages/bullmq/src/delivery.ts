import { type ExecutionContext, HoldfastError, type StartOptions } from '@holdfast/core'
import type { Job } from 'bullmq'
import { type Answer, afterLease, answerTo, isMove, isUnrecoverable, unrecoverable } from './answer.ts'
import { JobExecution } from './job-execution.ts'
import type { Settings } from './options.ts'
import { SharedProgress, withSharedProgress } from './progress.ts'
import type { StopSignal } from './stop-signal.ts'
import { type Work, workOf } from './work-of.ts'

/** The work of a job, as its author wrote it: with the parameters of a processor of BullMQ, and the execution. */
export type IdempotentProcessor<Data, Result, Name extends string> = (
  job: Job<Data, NoInfer<Result>, Name>,
  token: string | undefined,
  signal: AbortSignal,
  execution: ExecutionContext,
) => Result | Promise<Result>

/** One delivery of a job to a worker: does its work, or finds out why not. */
export class Delivery<Data, Result, Name extends string> {
  readonly #job: Job<Data, unknown, Name>
  readonly #token: string | undefined
  readonly #stop: StopSignal
  readonly #processor: IdempotentProcessor<Data, Result, Name>
  readonly #settings: Settings<Data, Name>
  /** That the work has begun here. */
  #execution: ExecutionContext | undefined
  #thrown: { readonly error: unknown } | undefined
  #isFinal = false

  constructor(
    job: Job<Data, unknown, Name>,
    token: string | undefined,
    stop: StopSignal,
    processor: IdempotentProcessor<Data, Result, Name>,
    settings: Settings<Data, Name>,
  ) {
    this.#job = job
    this.#token = token
    this.#stop = stop
    this.#processor = processor
    this.#settings = settings
  }

  async answer(): Promise<Answer> {
    const { idempotency } = this.#settings
    const work = workOf(this.#job, this.#settings)
    const start = this.#start()
    try {
      const { result } = await idempotency.run(work.jobType, work.jobKey, start, (execution) =>
        this.#perform(execution),
      )
      return { type: 'result', result }
    } catch (error) {
      if (this.#thrown !== undefined) return this.#answerToWork(error)
      // It is recorded as a failure for good: the result could not be written down, and would not be at the next attempt.
      if (this.#execution !== undefined && !HoldfastError.isInstance(error)) return unrecoverable(error)
      return answerTo(error, work, this.#settings)
    }
  }

  #start(): StartOptions {
    const { start, fingerprint } = this.#settings
    const { classifyError } = start
    return {
      ...start,
      signal: this.#stop.signal,
      ...(fingerprint === undefined ? {} : { fingerprint: fingerprint(this.#job) }),
      ...(classifyError === undefined
        ? {}
        : {
            classifyError: (error) => {
              const means = classifyError(error)
              this.#isFinal = means?.final === true
              return means
            },
          }),
    }
  }

  async #perform(execution: ExecutionContext): Promise<Result> {
    this.#execution = execution
    const signal = AbortSignal.any([execution.signal, this.#stop.signal])
    const progress = new SharedProgress(this.#job, execution, signal)
    try {
      this.#stop.signal.throwIfAborted()
      const job = withSharedProgress(this.#job, progress) as Job<Data, Result, Name>
      return await this.#processor(job, this.#token, signal, new JobExecution(execution, progress, signal))
    } catch (error) {
      this.#thrown = { error }
      // What cannot be recorded now, `run` tries again as a failure, or leaves to the lease.
      await this.#record(execution, error).catch(() => undefined)
      throw error
    } finally {
      await progress.flush()
    }
  }

  /** How the work ended, where it is not simply a failure. */
  async #record(execution: ExecutionContext, error: unknown): Promise<void> {
    if (this.#stop.lockLost || isMove(error)) return execution.release()
    if (
      this.#stop.isCancelled ||
      isUnrecoverable(error) ||
      hasCode(execution.signal.reason, 'EXECUTION_CANCELLED')
    ) {
      this.#isFinal = true
      return execution.markFailure(error, { final: true })
    }
  }

  /** To an error that the work has thrown, or that its loss has put in its place. */
  #answerToWork(error: unknown): Answer {
    const reason: unknown = this.#execution?.signal.reason
    if (isMove(error)) return { type: 'throw', error }
    if (hasCode(reason, 'LEASE_LOST')) {
      const lost = error === this.#thrown?.error ? undefined : error
      return hasCode(lost, 'LEASE_LOST')
        ? answerTo(lost, WORK_IS_OPEN, this.#settings)
        : afterLease(0, this.#settings)
    }
    if (hasCode(reason, 'CLOSED')) return { type: 'delay', ms: this.#settings.outageDelayMs }
    return this.#isFinal ? unrecoverable(error) : { type: 'throw', error }
  }
}

/** A loss says nothing of a recorded failure. */
const WORK_IS_OPEN: Work = { jobType: '', jobKey: '' }

function hasCode(error: unknown, code: HoldfastError['code']): boolean {
  return HoldfastError.isInstance(error) && error.code === code
}
