import type { ExecutionContext } from '@holdfast/core'
import type { SharedProgress } from './progress.ts'

/** The execution as the work of a job gets it: with the progress of the job, and a signal that knows of its lock. */
export class JobExecution implements ExecutionContext {
  readonly #execution: ExecutionContext
  readonly #progress: SharedProgress
  readonly executionId: string
  readonly jobType: string
  readonly jobKey: string
  readonly startTime: Date
  readonly attempt: number
  readonly fencingToken: number
  readonly signal: AbortSignal

  constructor(execution: ExecutionContext, progress: SharedProgress, signal: AbortSignal) {
    this.#execution = execution
    this.#progress = progress
    this.executionId = execution.executionId
    this.jobType = execution.jobType
    this.jobKey = execution.jobKey
    this.startTime = execution.startTime
    this.attempt = execution.attempt
    this.fencingToken = execution.fencingToken
    this.signal = signal
  }

  get checkpoint(): unknown {
    return this.#execution.checkpoint
  }

  updateProgress(...shown: Parameters<ExecutionContext['updateProgress']>): Promise<void> {
    const stored = this.#progress.shown(...shown)
    // As the execution's own: it need not be awaited.
    stored.catch(() => undefined)
    return stored
  }

  saveCheckpoint(...saved: Parameters<ExecutionContext['saveCheckpoint']>): Promise<void> {
    return this.#execution.saveCheckpoint(...saved)
  }

  extendTimeout(...by: Parameters<ExecutionContext['extendTimeout']>): Promise<void> {
    return this.#execution.extendTimeout(...by)
  }

  markSuccess(...success: Parameters<ExecutionContext['markSuccess']>): Promise<void> {
    return this.#execution.markSuccess(...success)
  }

  markFailure(...failure: Parameters<ExecutionContext['markFailure']>): Promise<void> {
    return this.#execution.markFailure(...failure)
  }

  release(...how: Parameters<ExecutionContext['release']>): Promise<void> {
    return this.#execution.release(...how)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#execution[Symbol.asyncDispose]()
  }
}
