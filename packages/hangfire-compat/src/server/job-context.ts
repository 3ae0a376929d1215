import type { ExecutionContext } from '@holdfast/core'
import { FIRST_BAR } from '../wire/console.ts'
import type { HangfireJobContext, JobConsole } from './job.ts'
import type { ConsoleWriter } from './job-console.ts'

type ProgressArguments = Parameters<ExecutionContext['updateProgress']>

/** The execution of a job, with what Hangfire has beyond it. */
export class JobContext implements HangfireJobContext {
  readonly id: string
  readonly retryCount: number
  readonly console: JobConsole
  readonly signal: AbortSignal
  readonly #execution: ExecutionContext
  readonly #writer: ConsoleWriter
  #percent = 0
  #message: string | undefined

  constructor(
    execution: ExecutionContext,
    job: { readonly id: string; readonly retryCount: number },
    writer: ConsoleWriter,
    signals: readonly AbortSignal[],
  ) {
    this.#execution = execution
    this.#writer = writer
    this.id = job.id
    this.retryCount = job.retryCount
    this.console = writer
    this.signal = AbortSignal.any([execution.signal, ...signals])
  }

  get executionId(): string {
    return this.#execution.executionId
  }

  get jobType(): string {
    return this.#execution.jobType
  }

  get jobKey(): string {
    return this.#execution.jobKey
  }

  get startTime(): Date {
    return this.#execution.startTime
  }

  get attempt(): number {
    return this.#execution.attempt
  }

  get fencingToken(): number {
    return this.#execution.fencingToken
  }

  get checkpoint(): unknown {
    return this.#execution.checkpoint
  }

  updateProgress(...[percentage, message, options]: ProgressArguments): Promise<void> {
    const shown = this.#execution.updateProgress(percentage, message, options)
    // Core says what is wrong with a percentage.
    if (typeof percentage !== 'number' || !(percentage >= 0 && percentage <= 100)) return shown
    this.#percent = options?.allowDecrease === true ? percentage : Math.max(percentage, this.#percent)
    this.#writer.showBar(FIRST_BAR, this.#percent)
    if (typeof message === 'string' && message !== this.#message) this.#writer.writeLine(message)
    this.#message = message
    return shown
  }

  saveCheckpoint(value: unknown): Promise<void> {
    return this.#execution.saveCheckpoint(value)
  }

  extendTimeout(additionalMs: number): Promise<void> {
    return this.#execution.extendTimeout(additionalMs)
  }

  markSuccess(...args: Parameters<ExecutionContext['markSuccess']>): Promise<void> {
    return this.#execution.markSuccess(...args)
  }

  markFailure(...args: Parameters<ExecutionContext['markFailure']>): Promise<void> {
    return this.#execution.markFailure(...args)
  }

  release(...args: Parameters<ExecutionContext['release']>): Promise<void> {
    return this.#execution.release(...args)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#execution[Symbol.asyncDispose]()
  }
}
