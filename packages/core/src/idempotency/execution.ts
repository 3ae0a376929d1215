// The owner's side, from the claim to the recorded end. `decide.ts` says what each write is, `record-writer.ts` writes it.

import type { TimerQueue } from '../support/timer-queue.ts'
import { checkDuration } from '../support/checks.ts'
import { type HoldfastError, hasCode } from '../errors.ts'
import type { LeaseDeadline } from '../lease-deadline.ts'
import { LeaseKeeper, type LeaseOwner } from '../lease-keeper.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { type OwnerCommand, unfinishedEnd } from './decide.ts'
import {
  CompletionUnconfirmedError,
  ExecutionAbandonedError,
  ExecutionCancelledError,
  ExecutionLostError,
  ExecutionTimeoutError,
  type LossReason,
} from './errors.ts'
import { type OwnersEvent, executions, successorIn } from './events.ts'
import type {
  ExecutionContext,
  FailureOptions,
  ProgressOptions,
  ReleaseOptions,
  SuccessOptions,
} from './execution-context.ts'
import {
  type End,
  type ExecutionState,
  RUNNING,
  assertNotEnded,
  assertOpen,
  lossIn,
} from './execution-state.ts'
import type { JobKey } from './job-key.ts'
import type { ResolvedOptions } from './options.ts'
import { ProgressReport, checkProgress } from './progress.ts'
import {
  type Executing,
  type Progress,
  type StoredState,
  type VersionedRecord,
  currentOf,
  startOf,
  type ExecutionSnapshot,
} from './record.ts'
import { RecordWriter, type Written } from './record-writer.ts'
import { omissionOf, snapshotOf } from './snapshot.ts'
import {
  type CommandOf,
  completeCommand,
  failCommand,
  releaseCommand,
  storeCheckpoint,
} from './stored-values.ts'

/** What an execution needs of the instance that started it. */
export interface ExecutionDeps {
  readonly calls: StorageClient
  /** Wakes executions for their renewals and ends; in the background. */
  readonly alarms: TimerQueue<LeaseKeeper<Execution>>
  /** This process does not own the key any more. */
  readonly onSettled: (execution: Execution) => void
}

type Change = Pick<CommandOf<'update'>, 'checkpoint' | 'extendTimeoutMs'>

/** What an observer gets: the state after a write, or `lost` when the storage has to be asked. */
type Observed = StoredState | 'lost'

/** An execution of this process: what its body uses, and what the instance does with it. */
export class Execution implements ExecutionContext, LeaseOwner {
  readonly job: JobKey
  readonly jobType: string
  readonly jobKey: string
  readonly executionId: string
  readonly startTime: Date
  readonly attempt: number
  readonly fencingToken: number
  readonly #deps: ExecutionDeps
  readonly #options: ResolvedOptions
  readonly #startedAt: number
  readonly #writer: RecordWriter
  readonly #keeper: LeaseKeeper<Execution>
  /** Written here only. */
  state: ExecutionState = RUNNING
  /** A result that is saved elsewhere. The lease is renewed meanwhile: that is no write in turn. */
  #saving: Promise<unknown> | undefined
  // Made when they are needed: most executions are short, and nothing observes them.
  #progress: ProgressReport | undefined
  #observers: Set<(seen: Observed) => void> | undefined

  /** `started`: the record with its `start`. */
  constructor(
    deps: ExecutionDeps,
    job: JobKey,
    options: ResolvedOptions,
    started: Executing,
    deadline: LeaseDeadline,
  ) {
    const { calls, alarms } = deps
    const { executionId, attempt, leaseMs, timeoutMs: limitMs } = started.record
    const start = startOf(started)
    const { grantedAt } = deadline
    this.job = job
    this.jobType = job.jobType
    this.jobKey = job.jobKey
    this.executionId = executionId
    this.startTime = new Date(start.at)
    this.attempt = attempt
    this.fencingToken = start.fence
    this.#deps = deps
    this.#options = options
    this.#startedAt = grantedAt
    this.#writer = new RecordWriter(calls, job.key, started, options)
    this.#keeper = new LeaseKeeper<Execution>(calls, alarms, this, deadline, { leaseMs, limitMs, grantedAt })
    this.#noticeCancel()
  }

  get signal(): AbortSignal {
    return this.#keeper.signal
  }

  get checkpoint(): unknown {
    const { checkpoint } = this.current.record
    return checkpoint === undefined ? undefined : this.#options.codec.decode(checkpoint)
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

  async saveCheckpoint(value: unknown): Promise<void> {
    const checkpoint = storeCheckpoint(value, this.#options)
    this.#assertOwner()
    await this.#update({ checkpoint })
  }

  async extendTimeout(additionalMs: number): Promise<void> {
    checkDuration('additionalMs', additionalMs, 1)
    this.#assertOwner()
    this.#assertInTime()
    await this.#update({ extendTimeoutMs: additionalMs })
    // It may have come to its end meanwhile, and then the signal is aborted for good.
    this.#assertInTime()
    this.#keeper.extendLimit(additionalMs)
  }

  async markSuccess(result?: unknown, options?: SuccessOptions): Promise<void> {
    assertNotEnded(this.state, this.executionId)
    const { executionId } = this
    const encoded = completeCommand(executionId, result, options, this.#options)
    if (encoded instanceof Promise) this.#saving = encoded
    try {
      const command = encoded instanceof Promise ? await encoded : encoded
      // As long as no other process may run the job, because nothing else can bring the result back.
      const timeoutMs = Math.max(this.#deps.calls.callTimeoutMs, this.remainingMs())
      await this.#write(command, timeoutMs, { how: 'completed', result })
    } catch (error) {
      if (hasCode(error, 'LEASE_LOST') || this.state.is === 'ended') throw error
      // Any other error (an outage, a client that was closed): the body did succeed.
      const unconfirmed =
        error instanceof CompletionUnconfirmedError
          ? error
          : new CompletionUnconfirmedError(executionId, result, { cause: error })
      this.#settle({ is: 'unconfirmed', error: unconfirmed }, 'lost')
      this.#publish(() => ({ type: 'unconfirmed', error: unconfirmed }))
      throw unconfirmed
    }
  }

  async markFailure(error: unknown, options?: FailureOptions): Promise<void> {
    const command = failCommand(this.executionId, error, options, this.#options)
    assertOpen(this.state, this.executionId)
    await this.#write(command, this.#deps.calls.callTimeoutMs, { how: 'failed', error })
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    const command = releaseCommand(this.executionId, options)
    assertOpen(this.state, this.executionId)
    await this.#write(command, this.#deps.calls.callTimeoutMs, { how: 'released' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isRunning) return
    // Disposal must not hide the error that led to it; an unrecorded end is left to the lease.
    await this.endUnfinished(new ExecutionAbandonedError()).catch(() => this.abandon())
  }

  /** Records the failure of the body, or releases the execution when the instance has interrupted it. */
  endUnfinished(error: unknown): Promise<void> {
    return unfinishedEnd(this.abortReason) === 'release' ? this.release() : this.markFailure(error)
  }

  /** The record as far as its owner knows. */
  get current(): Executing {
    return this.#writer.current
  }

  get isRunning(): boolean {
    return this.state.is === 'running'
  }

  /** Whether this process may still believe that it owns the key. */
  get isOwner(): boolean {
    return this.isRunning && this.remainingMs() > 0
  }

  remainingMs(): number {
    return this.#keeper.deadline.remainingMs()
  }

  /** Why the signal is or would be aborted. */
  get abortReason(): HoldfastError | undefined {
    return this.#keeper.abortReason
  }

  /** Aborts the body's signal; the lease is kept while the body settles. */
  abort(reason: HoldfastError): void {
    this.#keeper.abort(reason)
  }

  /** Leaves the record to its lease. */
  abandon(): void {
    if (this.isRunning) this.#settle({ is: 'lost' }, 'lost')
  }

  /** Whether a write or an end may be in flight. */
  get isBusy(): boolean {
    return this.#writer.isBusy || this.#saving !== undefined
  }

  /** Resolves when the writes and ends that were begun by now are over. */
  async idle(): Promise<void> {
    await this.#saving?.catch(() => undefined)
    await this.#writer.enter()
    this.#writer.leave()
  }

  /** Resolves when this process does not own the key any more. */
  whenSettled(): Promise<void> {
    if (!this.isRunning) return Promise.resolve()
    return new Promise((resolve) => this.observe(() => this.isRunning || resolve()))
  }

  /** The stored state as far as its owner knows. */
  storedState(): StoredState {
    const { current } = this
    const { clock } = this.#deps.calls
    const now = clock.known ? clock.earliest() : current.writtenAt
    // An owner that lives is not stalled, also where the storage's clock was set back and this process does not know yet.
    const alive = current.writtenAt + current.record.leaseMs - 1
    return { current, now: Math.min(Math.max(now, current.writtenAt), alive) }
  }

  /** Calls the observer with every later state, the last one included. */
  observe(observer: (seen: Observed) => void): () => void {
    const observers = (this.#observers ??= new Set())
    observers.add(observer)
    return () => observers.delete(observer)
  }

  /** The key is no longer this execution's: `found` is stored instead, as far as that is known. */
  lose(reason: LossReason, found?: StoredState, cause?: unknown): ExecutionLostError {
    const current = found?.current
      ? snapshotOf(this.job, found.current, found.now, this.#options.codec)
      : null
    const error = new ExecutionLostError(this.executionId, { reason, cause, current })
    if (this.isRunning) {
      this.#settle({ is: 'lost', error }, 'lost')
      this.abort(error)
      this.#publish(() => ({ type: 'lost', reason, error, ...(current && { by: successorIn(current) }) }))
    } else if (this.state.is === 'lost' && this.state.error === undefined) {
      this.state = { is: 'lost', error }
    }
    return error
  }

  /** This process has written to the record for another caller: a request to cancel. */
  rewritten(current: VersionedRecord): void {
    if (!this.isRunning || !this.#writer.learn(current)) return
    this.#noticeCancel()
    this.#notify({ current, now: current.writtenAt })
  }

  /** Asks the storage what is stored now: for an owner that lost its key. */
  async readCurrent(): Promise<ExecutionSnapshot | null> {
    const { calls } = this.#deps
    const { reply } = await calls.call(() => calls.storage.records.read(this.job.key))
    const current = currentOf(reply.entry)
    return current && snapshotOf(this.job, current, reply.now, this.#options.codec)
  }

  async renew(timeoutMs: number): Promise<void> {
    try {
      await this.#update({}, timeoutMs)
    } catch (error) {
      if (!this.isRunning) return
      this.#keeper.retry(error)
      this.#publish(() => ({ type: 'renewalFailed', error, remainingMs: this.remainingMs() }))
    }
  }

  timeIsUp(of: 'lease' | 'limit'): void {
    if (of === 'limit') this.abort(this.#timedOut())
    else if (this.isRunning) this.#ranOut()
  }

  async #showProgress(percentage: number, message?: string, options?: ProgressOptions): Promise<void> {
    this.#assertOwner()
    this.#assertInTime()
    const { progressIntervalMs } = this.#options
    this.#progress ??= new ProgressReport(this.#deps.calls.runtime, progressIntervalMs, () =>
      this.#update({}),
    )
    await this.#progress.show(percentage, message, options)
  }

  /** Writes a change, and so renews the lease. */
  #update(change: Change, timeoutMs: number = this.#deps.calls.callTimeoutMs): Promise<void> {
    return this.#write({ type: 'update', executionId: this.executionId, ...change }, timeoutMs)
  }

  /**
   * Writes when the writes before it are over, with the progress that is pending then. An `end` is tried also when the
   * local lease is over.
   */
  async #write(command: OwnerCommand, timeoutMs: number, end?: End): Promise<void> {
    const turn = this.#writer.enter()
    if (turn !== undefined) await turn
    let progress: Progress | undefined
    try {
      if (end !== undefined) assertNotEnded(this.state, this.executionId)
      else if (!this.isRunning) throw this.#ranOut()
      progress = this.#progress?.take()
      const full = progress === undefined ? command : { ...command, progress }
      const written = await this.#writer.write(full, timeoutMs)
      // A loss that was found out before says what led to it.
      if (written.lost !== undefined) throw this.lose(written.lost, written, lossIn(this.state)?.cause)
      if (end === undefined) this.#updated(written)
      else this.#ended(end, command, written)
    } catch (error) {
      this.#progress?.restore(progress)
      throw error
    } finally {
      this.#writer.leave()
    }
  }

  #updated(written: Written): void {
    this.#noticeCancel()
    if (!this.isRunning) return
    this.#keeper.renewed(written.sentAt)
    this.#notify(written)
  }

  #ended(end: End, command: OwnerCommand, written: Written): void {
    const isOurs = written.current === null || written.current.record.executionId === this.executionId
    this.#settle({ is: 'ended', end }, isOurs ? written : 'lost')
    this.#publish(() => {
      if (end.how === 'failed') return { type: 'failed', error: end.error }
      if (command.type === 'complete') return { type: 'completed', ...omissionOf(command.result) }
      return { type: 'released' }
    })
  }

  /** The deadline may be over although no timer has fired yet. */
  #ranOut(): ExecutionLostError {
    const { renewalError, abortReason } = this.#keeper
    const reason = renewalError === undefined ? 'expired' : 'outage'
    return lossIn(this.state) ?? this.lose(reason, undefined, renewalError ?? abortReason)
  }

  #settle(state: ExecutionState, last: Observed): void {
    const wasRunning = this.isRunning
    this.state = state
    if (!wasRunning) return
    this.#progress?.stop()
    this.#keeper.stop()
    this.#deps.onSettled(this)
    if (this.#observers !== undefined) this.#notify(last)
    this.#observers = undefined
  }

  #notify(seen: Observed): void {
    for (const observer of this.#observers ?? []) observer(seen)
  }

  #noticeCancel(): void {
    const { cancelRequested } = this.#writer.current.record
    if (cancelRequested !== undefined) this.abort(new ExecutionCancelledError(cancelRequested))
  }

  #assertOwner(): void {
    assertNotEnded(this.state, this.executionId)
    if (!this.isOwner) throw this.#ranOut()
  }

  /** For bodies that ignore the signal. */
  #assertInTime(): void {
    if (this.#keeper.isLimitReached) throw this.#timedOut()
  }

  #timedOut(): ExecutionTimeoutError {
    return new ExecutionTimeoutError(this.current.record.timeoutMs)
  }

  #publish(event: () => OwnersEvent): void {
    executions.publish(() => {
      const { jobType, jobKey, executionId, attempt, fencingToken } = this
      const { runtime } = this.#deps.calls
      const { instance = null } = this.current.record
      const ranMs = runtime.monotonicNow() - this.#startedAt
      const at = runtime.wallNow()
      return { jobType, jobKey, executionId, at, instance, attempt, fencingToken, ranMs, ...event() }
    })
  }
}
