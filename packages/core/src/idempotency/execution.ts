// What a body does with its execution. Each method makes its command; `execution-owner.ts` writes it in turn.

import { checkDuration } from '../support/checks.ts'
import { hasCode } from '../errors.ts'
import { unfinishedEnd } from './decide.ts'
import { CompletionUnconfirmedError, ExecutionAbandonedError } from './errors.ts'
import type {
  ExecutionContext,
  FailureOptions,
  ProgressOptions,
  ReleaseOptions,
  SuccessOptions,
} from './execution-context.ts'
import type { ExecutionOwner } from './execution-owner.ts'
import { assertNotEnded, assertOpen } from './execution-state.ts'
import { readState } from './key-watcher.ts'
import { ProgressReport, checkProgress } from './progress.ts'
import { type ExecutionSnapshot, startOf } from './record.ts'
import { snapshotIn } from './snapshot.ts'
import { completeCommand, failCommand, releaseCommand, storeCheckpoint } from './stored-values.ts'

/** An execution of this process, as its body and the caller that started it use it. */
export class Execution implements ExecutionContext {
  readonly jobType: string
  readonly jobKey: string
  readonly executionId: string
  readonly startTime: Date
  readonly attempt: number
  readonly fencingToken: number
  readonly owner: ExecutionOwner
  /** A result that is saved elsewhere. The lease is renewed meanwhile: that is no write in turn. */
  #saving: Promise<unknown> | undefined

  constructor(owner: ExecutionOwner) {
    const { current } = owner.writer
    const start = startOf(current)
    this.owner = owner
    this.jobType = owner.job.jobType
    this.jobKey = owner.job.jobKey
    this.executionId = owner.executionId
    this.startTime = new Date(start.at)
    this.attempt = current.record.attempt
    this.fencingToken = start.fence
  }

  get signal(): AbortSignal {
    return this.owner.keeper.signal
  }

  get checkpoint(): unknown {
    const { checkpoint } = this.owner.writer.current.record
    return checkpoint === undefined ? undefined : this.owner.options.codec.decode(checkpoint)
  }

  updateProgress(percentage: number, message?: string, options?: ProgressOptions): Promise<void> {
    try {
      checkProgress(percentage, message, options)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    const shown = this.#showProgress(percentage, message, options)
    // Progress is often not awaited, and the signal reports a loss too: it need not end the process.
    shown.catch(() => undefined)
    return shown
  }

  async #showProgress(percentage: number, message?: string, options?: ProgressOptions): Promise<void> {
    const { owner } = this
    owner.assertOwner()
    owner.assertInTime()
    const { progressIntervalMs } = owner.options
    owner.progress ??= new ProgressReport(owner.calls.runtime, progressIntervalMs, () => owner.update({}))
    await owner.progress.show(percentage, message, options)
  }

  async saveCheckpoint(value: unknown): Promise<void> {
    const checkpoint = storeCheckpoint(value, this.owner.options)
    this.owner.assertOwner()
    await this.owner.update({ checkpoint })
  }

  async extendTimeout(additionalMs: number): Promise<void> {
    checkDuration('additionalMs', additionalMs, 1)
    const { owner } = this
    owner.assertOwner()
    owner.assertInTime()
    await owner.update({ extendTimeoutMs: additionalMs })
    // It may have come to its end meanwhile, and then the signal is aborted for good.
    owner.assertInTime()
    owner.keeper.extendLimit(additionalMs)
  }

  async markSuccess(result?: unknown, options?: SuccessOptions): Promise<void> {
    const { executionId, owner } = this
    assertNotEnded(owner.state, executionId)
    const encoded = completeCommand(executionId, result, options, owner.options)
    if (encoded instanceof Promise) this.#saving = encoded
    try {
      const command = encoded instanceof Promise ? await encoded : encoded
      // As long as no other process may run the job, because nothing else can bring the result back.
      const timeoutMs = Math.max(owner.calls.callTimeoutMs, owner.keeper.deadline.remainingMs())
      await owner.write(command, { how: 'completed', result }, timeoutMs)
    } catch (error) {
      if (hasCode(error, 'LEASE_LOST') || owner.state.is === 'ended') throw error
      // Any other error (an outage, a client that was closed): the body did succeed.
      const unconfirmed =
        error instanceof CompletionUnconfirmedError
          ? error
          : new CompletionUnconfirmedError(executionId, result, { cause: error })
      owner.unconfirmed(unconfirmed)
      throw unconfirmed
    }
  }

  async markFailure(error: unknown, options?: FailureOptions): Promise<void> {
    const { executionId, owner } = this
    const command = failCommand(executionId, error, options, owner.options)
    assertOpen(owner.state, executionId)
    await owner.write(command, { how: 'failed', error })
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    const { executionId, owner } = this
    const command = releaseCommand(executionId, options)
    assertOpen(owner.state, executionId)
    await owner.write(command, { how: 'released' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.owner.isRunning) return
    // Disposal must not hide the error that led to it; an unrecorded end is left to the lease.
    await this.endUnfinished(new ExecutionAbandonedError()).catch(() => this.owner.abandon())
  }

  /** Records the failure of the body, or releases the execution when the instance has interrupted it. */
  endUnfinished(error: unknown): Promise<void> {
    const end = unfinishedEnd(this.owner.keeper.abortReason)
    return end === 'release' ? this.release() : this.markFailure(error)
  }

  /** Whether a write or an end may be in flight. */
  get isBusy(): boolean {
    return this.owner.writer.isBusy || this.#saving !== undefined
  }

  /** Resolves when the writes and ends that were begun by now are over. */
  async idle(): Promise<void> {
    await this.#saving?.catch(() => undefined)
    const { writer } = this.owner
    await writer.enter()
    writer.leave()
  }

  /** Asks the storage what is stored now: for an owner that lost its key. */
  async readCurrent(): Promise<ExecutionSnapshot | null> {
    const { job, calls, options } = this.owner
    return snapshotIn(job, await readState(calls, job.key), options.codec)
  }
}
