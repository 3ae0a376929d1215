import { hasCode } from '../errors.ts'
import { checkBoolean, checkDuration } from '../support/checks.ts'
import { type OptionTable, oneOf, resolveOptions } from '../support/option-table.ts'
import { CompletionUnconfirmedError, ExecutionAbandonedError } from './errors.ts'
import type {
  ExecutionContext,
  FailureOptions,
  ProgressOptions,
  ReleaseOptions,
  SuccessOptions,
} from './execution-context.ts'
import { checkFailureOptions, classified } from './failure-options.ts'
import type { ResolvedOptions } from './options.ts'
import type { Ownership } from './ownership.ts'
import { checkProgress } from './progress-report.ts'
import { type StoredResult, startOf } from './record.ts'
import { omissionOf } from './snapshot.ts'
import { storeCheckpoint } from './stored-checkpoint.ts'
import { storeError } from './stored-error.ts'
import { storeResult } from './stored-result.ts'

const PROGRESS: OptionTable<ProgressOptions> = { allowDecrease: [checkBoolean, false] }
const SUCCESS: OptionTable<SuccessOptions, 'omitted'> = { omitted: [oneOf('stream'), undefined] }
const RELEASE: OptionTable<ReleaseOptions> = { unbind: [checkBoolean, false] }

/** How an execution ended, as its owner said it. */
export type Ended =
  | { readonly how: 'completed'; readonly result: unknown }
  | { readonly how: 'failed'; readonly error: unknown }
  | { readonly how: 'released' }

/** What the body of a job is given: what it writes is checked and encoded here, and stored by its owner. */
export class Execution implements ExecutionContext {
  readonly executionId: string
  readonly jobType: string
  readonly jobKey: string
  readonly startTime: Date
  readonly attempt: number
  readonly fencingToken: number
  readonly ownership: Ownership
  readonly #options: ResolvedOptions
  #unconfirmed: CompletionUnconfirmedError | undefined
  #saving: Promise<unknown> | undefined
  #ended: Ended | undefined

  constructor(ownership: Ownership, options: ResolvedOptions) {
    const { name, current, executionId } = ownership
    const start = startOf(current)
    this.executionId = executionId
    this.jobType = name.jobType
    this.jobKey = name.jobKey
    this.attempt = current.record.attempt
    this.fencingToken = start.fence
    this.startTime = new Date(start.at)
    this.ownership = ownership
    this.#options = options
  }

  get signal(): AbortSignal {
    return this.ownership.signal
  }

  get checkpoint(): unknown {
    const { checkpoint } = this.ownership.current.record
    return checkpoint === undefined ? undefined : this.#options.codec.decode(checkpoint)
  }

  /** The end that is recorded. */
  get ended(): Ended | undefined {
    return this.#ended
  }

  /** The success that may be recorded. */
  get unconfirmed(): CompletionUnconfirmedError | undefined {
    return this.#unconfirmed
  }

  /** Settles when the writes and ends that were begun by now are over; undefined when none is under way. */
  get busy(): Promise<unknown> | undefined {
    return this.#saving ?? this.ownership.busy
  }

  updateProgress(percentage: number, message?: string, options?: ProgressOptions): Promise<void> {
    try {
      checkProgress(percentage, message)
      if (options !== undefined) resolveOptions(PROGRESS, options)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    const shown = this.ownership.showProgress(percentage, message, options)
    // Progress is often not awaited, and the signal tells of a loss too: it need not end the process.
    shown.catch(() => undefined)
    return shown
  }

  async saveCheckpoint(value: unknown): Promise<void> {
    const checkpoint = storeCheckpoint(value, this.#options)
    this.ownership.assertOwner()
    await this.ownership.update(() => ({ checkpoint }))
  }

  async extendTimeout(additionalMs: number): Promise<void> {
    checkDuration('additionalMs', additionalMs, 1)
    await this.ownership.extendTimeout(additionalMs)
  }

  async markSuccess(result?: unknown, options: SuccessOptions = {}): Promise<void> {
    const { omitted } = resolveOptions(SUCCESS, options)
    const { ownership, executionId } = this
    ownership.assertNotEnded()
    // What refuses the result refuses it before anything is sent.
    const kept =
      omitted === undefined
        ? storeResult(result, this.#options, executionId)
        : ({ kind: 'omitted', reason: omitted } as const)
    const record = (stored: StoredResult): Promise<void> =>
      ownership.end(
        (progress) => ({ type: 'complete', executionId, result: stored, progress }),
        ownership.patienceMs,
      )
    try {
      // The lease is renewed while a result is kept elsewhere: that is no write in turn.
      const ending = kept instanceof Promise ? kept.then(record) : record(kept)
      if (kept instanceof Promise) this.#saving = ending.catch(() => undefined)
      await ending
    } catch (error) {
      if (hasCode(error, 'LEASE_LOST') || ownership.hasEnded) throw error
      // Whatever else went wrong (an outage, a client that was closed): the body did succeed.
      const unconfirmed =
        error instanceof CompletionUnconfirmedError
          ? error
          : new CompletionUnconfirmedError(executionId, result, { cause: error })
      this.#unconfirmed = unconfirmed
      ownership.stop()
      ownership.publish({ type: 'unconfirmed', error: unconfirmed })
      throw unconfirmed
    }
    this.#ended = { how: 'completed', result }
    ownership.publish({ type: 'completed', ...(kept instanceof Promise ? undefined : omissionOf(kept)) })
  }

  async markFailure(error: unknown, options?: FailureOptions): Promise<void> {
    const { final = false, retryAfterMs } =
      options === undefined ? classified(error, this.#options.classifyError) : checkFailureOptions(options)
    this.#assertOpen()
    const stored = storeError(error, this.#options.maxStackBytes)
    const { ownership, executionId } = this
    await ownership.end((progress) => ({
      type: 'fail',
      executionId,
      error: stored,
      final,
      retryAfterMs,
      progress,
    }))
    this.#ended = { how: 'failed', error }
    ownership.publish({ type: 'failed', error })
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    const { unbind } = resolveOptions(RELEASE, options)
    this.#assertOpen()
    const { ownership, executionId } = this
    await ownership.end((progress) => ({ type: 'release', executionId, unbind, progress }))
    this.#ended = { how: 'released' }
    ownership.publish({ type: 'released' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { ownership } = this
    if (!ownership.isRunning) return
    const end = ownership.isInterrupted ? this.release() : this.markFailure(new ExecutionAbandonedError())
    // Disposal must not hide the error that led to it; an unrecorded end is left to the lease.
    await end.catch(() => ownership.stop())
  }

  /** A success that may be recorded is not made anything else. */
  #assertOpen(): void {
    this.ownership.assertNotEnded()
    if (this.#unconfirmed !== undefined) throw this.#unconfirmed
  }
}
