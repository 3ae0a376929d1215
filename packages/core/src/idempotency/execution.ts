import type { Alarms } from '../alarms.ts'
import { checkDuration, checkOneOf } from '../check.ts'
import { HoldfastError, InvalidArgumentError } from '../errors.ts'
import { LazySignal } from '../lazy-signal.ts'
import { checkOptions, optionNames } from '../option-names.ts'
import type { Instant } from '../runtime.ts'
import type { StorageCalls } from '../storage-calls.ts'
import type { RecordKey } from '../storage/records.ts'
import type { OwnerChange, OwnerCommand } from './decide.ts'
import {
  CompletionUnconfirmedError,
  ExecutionAbandonedError,
  ExecutionCancelledError,
  ExecutionLostError,
  ExecutionTimeoutError,
} from './errors.ts'
import { type IdempotencyEvent, executions } from './events.ts'
import type {
  ExecutionContext,
  FailureOptions,
  ProgressOptions,
  ReleaseOptions,
  SuccessOptions,
} from './execution-context.ts'
import { checkFailureOptions, classified } from './failure-options.ts'
import type { ResolvedOptions } from './options.ts'
import { type Executing, OwnerRecord, type Written } from './owner-record.ts'
import { ProgressReport, checkProgress } from './progress-report.ts'
import type { ExecutionName } from './names.ts'
import { type Current, type Progress, type View, currentOf, startOf } from './record.ts'
import { type ExecutionSnapshot, snapshotOf } from './snapshot.ts'
import { storeCheckpoint } from './stored-checkpoint.ts'
import { storeError } from './stored-error.ts'
import { storeResult } from './stored-result.ts'
import { Tenure, type TenureEvents } from './tenure.ts'

const PROGRESS_OPTIONS = optionNames<ProgressOptions>({ allowDecrease: true })
const SUCCESS_OPTIONS = optionNames<SuccessOptions>({ omitted: true })
const RELEASE_OPTIONS = optionNames<ReleaseOptions>({ unbind: true })

/** How an execution ended, as its owner said it. */
export type Ended =
  | { readonly how: 'completed'; readonly result: unknown }
  | { readonly how: 'failed'; readonly error: unknown }
  | { readonly how: 'released' }

/** What an execution needs of the instance that started it. */
export interface ExecutionHome {
  readonly calls: StorageCalls
  /** Wakes executions for their renewals and ends; in the background. */
  readonly alarms: Alarms
  /** The execution is no longer owned here. */
  left(execution: Execution): void
}

/**
 * The owner's side of an execution: renews its lease, writes its progress and its end.
 *
 * `running`: renewed and writable. `left`: lost, stopped, or its success was not confirmed; not renewed any more, only
 * an end may still be tried, which the revision decides. `ended`: recorded; nothing can follow.
 */
export class Execution implements ExecutionContext, TenureEvents {
  readonly executionId: string
  readonly jobType: string
  readonly jobKey: string
  readonly key: RecordKey
  readonly text: string
  readonly startTime: Date
  readonly attempt: number
  readonly fencingToken: number
  readonly #home: ExecutionHome
  readonly #options: ResolvedOptions
  readonly #record: OwnerRecord
  readonly #tenure: Tenure
  readonly #abort = new LazySignal()
  #state: 'running' | 'left' | 'ended' = 'running'
  #loss: ExecutionLostError | undefined
  #unconfirmed: CompletionUnconfirmedError | undefined
  #ended: Ended | undefined
  // Made when they are needed: most executions are short, and nobody looks.
  #report: ProgressReport | undefined
  #listeners: Set<(view: View | 'lost') => void> | undefined

  constructor(
    home: ExecutionHome,
    { jobType, jobKey, key, text }: ExecutionName,
    options: ResolvedOptions,
    started: Executing,
    sentAt: Instant,
  ) {
    const { record } = started
    const start = startOf(started)
    this.executionId = record.executionId
    this.jobType = jobType
    this.jobKey = jobKey
    this.key = key
    this.text = text
    this.attempt = record.attempt
    this.fencingToken = start.fence
    this.startTime = new Date(start.at)
    this.#home = home
    this.#options = options
    this.#record = new OwnerRecord(home.calls, key, { ...started, record: { ...record, start } })
    this.#tenure = new Tenure(home.calls.runtime, home.alarms, record, sentAt, this)
    this.#noticeCancel()
  }

  // Asking for it looks at the clocks, so the answer is right also when the event loop was blocked, or the machine
  // slept, and no timer has fired yet.
  get signal(): AbortSignal {
    if (this.#state === 'running' && this.#tenure.remainingMs() === 0) this.ranOut()
    return this.#abort.signal
  }

  /** Why the signal is or would be aborted. */
  get abortReason(): HoldfastError | undefined {
    return this.#abort.reason
  }

  get checkpoint(): unknown {
    const { checkpoint } = this.#record.current.record
    return checkpoint === undefined ? undefined : this.#options.codec.decode(checkpoint)
  }

  /** Whether this process may still believe that it owns the key. */
  get isOwner(): boolean {
    return this.#state === 'running' && this.#tenure.remainingMs() > 0
  }

  /** The end that is recorded. */
  get ended(): Ended | undefined {
    return this.#ended
  }

  /** Settles when the writes that are under way are over; undefined when none is. */
  get busy(): Promise<unknown> | undefined {
    return this.#record.busy
  }

  view(): View {
    const { current } = this.#record
    const { clock } = this.#home.calls
    const now = clock.known ? clock.earliest() : current.writtenAt
    return { current, now: Math.max(now, current.writtenAt) }
  }

  /** Tells every later state, the last one included; `'lost'` when somebody else has to be asked. */
  observe(listener: (view: View | 'lost') => void): () => void {
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  updateProgress(percentage: number, message?: string, options?: ProgressOptions): Promise<void> {
    try {
      checkProgress(percentage, message)
      if (options !== undefined) checkOptions(options, PROGRESS_OPTIONS)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    const shown = this.#show(percentage, message, options)
    // Progress is often not awaited, and the signal tells of a loss too: it need not end the process.
    shown.catch(() => undefined)
    return shown
  }

  async saveCheckpoint(value: unknown): Promise<void> {
    const checkpoint = storeCheckpoint(value, this.#options)
    this.#assertOwner()
    await this.#update(() => ({ checkpoint }))
  }

  async extendTimeout(additionalMs: number): Promise<void> {
    checkDuration('additionalMs', additionalMs, 1)
    this.#assertOwner()
    this.#assertInTime()
    await this.#update((timeoutMs) => ({ timeoutMs: timeoutMs + additionalMs }))
    // It may have come to its end meanwhile, and then the signal is aborted for good.
    this.#assertInTime()
    this.#tenure.extendTimeout(additionalMs)
  }

  async markSuccess(result?: unknown, options: SuccessOptions = {}): Promise<void> {
    const { omitted } = checkOptions(options, SUCCESS_OPTIONS)
    if (omitted !== undefined) checkOneOf('omitted', omitted, ['stream'])
    this.#assertNotEnded()
    const { executionId } = this
    const ttlMs = this.#options.completedTtlMs
    // What refuses the result refuses it before anything is sent.
    const kept =
      omitted === undefined
        ? storeResult(result, this.#options, executionId)
        : ({ kind: 'omitted', reason: omitted } as const)
    try {
      const stored = kept instanceof Promise ? await kept : kept
      // Nothing else can bring the result back: it is tried for as long as nobody else may run the job.
      const timeoutMs = Math.max(this.#home.calls.callTimeoutMs, this.#tenure.remainingMs())
      await this.#end(
        (progress) => ({ type: 'complete', executionId, ttlMs, result: stored, progress }),
        timeoutMs,
      )
    } catch (error) {
      if (isLoss(error) || this.#state === 'ended') throw error
      // Whatever else went wrong (an outage, a client that was closed): the body did succeed.
      const unconfirmed =
        error instanceof CompletionUnconfirmedError
          ? error
          : new CompletionUnconfirmedError(executionId, result, { cause: error })
      this.#unconfirmed = unconfirmed
      this.stop()
      this.#publish({ type: 'unconfirmed', error: unconfirmed })
      throw unconfirmed
    }
    this.#ended = { how: 'completed', result }
    this.#publish({ type: 'completed' })
  }

  async markFailure(error: unknown, options?: FailureOptions): Promise<void> {
    const { final = false, retryAfterMs } =
      options === undefined ? classified(error, this.#options.classifyError) : checkFailureOptions(options)
    this.#assertNotEnded()
    this.#assertNotSucceeded()
    const stored = storeError(error, this.#options.maxStackBytes)
    // It must outlive the time for which it keeps others away, or the count of attempts is lost.
    const ttlMs = this.#options.failedTtlMs + Math.ceil(retryAfterMs ?? 0)
    const { executionId } = this
    await this.#end((progress) => ({
      type: 'fail',
      executionId,
      ttlMs,
      error: stored,
      final,
      retryAfterMs,
      progress,
    }))
    this.#ended = { how: 'failed', error }
    this.#publish({ type: 'failed', error })
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    const { unbind = false } = checkOptions(options, RELEASE_OPTIONS)
    this.#assertNotEnded()
    this.#assertNotSucceeded()
    const { executionId } = this
    // Kept as long as a running execution: it holds the count of attempts and the checkpoint.
    const ttlMs = this.#options.executingTtlMs
    await this.#end((progress) => ({ type: 'release', executionId, ttlMs, unbind, progress }))
    this.#ended = { how: 'released' }
    this.#publish({ type: 'released' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'running') return
    const end = this.isInterrupted ? this.release() : this.markFailure(new ExecutionAbandonedError())
    // Disposal must not hide the error that led to it; an unrecorded end is left to the lease.
    await end.catch(() => this.stop())
  }

  /** The instance is being closed: what ends now ends because of that. */
  get isInterrupted(): boolean {
    return this.#abort.reason?.code === 'CLOSED'
  }

  /** Aborts the body's signal; the lease is kept while it settles. */
  abort(reason: HoldfastError): void {
    this.#abort.abort(reason)
  }

  /** Leaves what is stored to its lease. */
  stop(): void {
    if (this.#state === 'running') this.#leave('left', 'lost')
  }

  /** Resolves when it is no longer owned here, for whatever reason. */
  whenLeft(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#state !== 'running') resolve()
      else
        this.observe((view) => {
          if (view === 'lost' || view.current?.record.status !== 'executing') resolve()
        })
    })
  }

  /** The same process owns the key as another execution now: this one was taken over before it could notice. */
  supersede(): void {
    if (this.#state === 'running') this.#lose(null)
  }

  /** Looks now, instead of at the next renewal, whether somebody cancelled or removed it. */
  checkNow(): void {
    if (this.#state === 'running') this.#tenure.renewNow()
  }

  /** What is stored now: for an owner that lost its key and wants to tell its caller what became of it. */
  async readCurrent(): Promise<ExecutionSnapshot | null> {
    const { calls } = this.#home
    const { reply } = await calls.call(() => calls.storage.records.read(this.key))
    return this.#snapshot(currentOf(reply.entry), reply.now)
  }

  ranOut(): void {
    this.#lose(null)
  }

  timedOut(): void {
    this.abort(new ExecutionTimeoutError(this.#record.current.record.timeoutMs))
  }

  /** Tries until the lease is over; only a definite answer or the local deadline is a loss. */
  async renewalDue(): Promise<void> {
    const { leaseMs } = this.#options
    try {
      await this.#update(() => ({}), Math.max(1, Math.min(leaseMs / 6, this.#tenure.remainingMs())))
    } catch (error) {
      if (this.#state === 'running') this.#tenure.renewIn(isUnavailable(error) ? leaseMs / 20 : leaseMs / 6)
    }
  }

  async #show(percentage: number, message?: string, options?: ProgressOptions): Promise<void> {
    this.#assertOwner()
    this.#assertInTime()
    this.#report ??= new ProgressReport(this.#home.calls.runtime, this.#options.progressIntervalMs, () =>
      this.#writeProgress(),
    )
    await this.#report.show(percentage, message, options)
  }

  async #writeProgress(): Promise<void> {
    try {
      await this.#update(() => ({}))
    } catch (error) {
      if (isLoss(error)) throw error
    }
  }

  /** Writes the pending progress and a change, and so renews the lease. */
  #update(change: (timeoutMs: number) => OwnerChange, timeoutMs?: number): Promise<void> {
    return this.#record.inTurn(async () => {
      if (this.#state !== 'running') throw this.#lossError()
      const { executionId } = this
      const { leaseMs, executingTtlMs: ttlMs } = this.#options
      const progress = this.#report?.take()
      const changed = { ...change(this.#record.current.record.timeoutMs), progress, leaseMs }
      let written: Written
      try {
        written = await this.#record.write(
          { type: 'update', executionId, ttlMs, change: changed },
          {
            notify: progress !== undefined,
            timeoutMs: timeoutMs ?? this.#home.calls.callTimeoutMs,
            refuseLate: true,
          },
        )
      } catch (error) {
        this.#report?.giveBack(progress)
        throw error
      }
      const { stored, current, now, sentAt } = written
      if (!stored) throw this.#lose(this.#snapshot(current, now))
      this.#noticeCancel()
      if (this.#state !== 'running') return
      this.#tenure.renewed(sentAt)
      this.#tell({ current, now })
    })
  }

  /** The last write. It is tried also when the local lease is over: the revision decides whether it still counts. */
  #end(
    command: (progress: Progress | undefined) => OwnerCommand,
    timeoutMs = this.#home.calls.callTimeoutMs,
  ): Promise<void> {
    return this.#record.inTurn(async () => {
      this.#assertNotEnded()
      const progress = this.#report?.take()
      let written: Written
      try {
        const options = { notify: true, timeoutMs, refuseLate: false }
        written = await this.#record.write(command(progress), options)
      } catch (error) {
        this.#report?.giveBack(progress)
        throw error
      }
      const { stored, current, now } = written
      if (!stored) throw this.#lose(this.#snapshot(current, now))
      const isOurs = current === null || current.record.executionId === this.executionId
      this.#leave('ended', isOurs ? { current, now } : 'lost')
    })
  }

  #noticeCancel(): void {
    const { cancelRequested } = this.#record.current.record
    if (cancelRequested !== undefined) this.abort(new ExecutionCancelledError(cancelRequested))
  }

  #lose(current: ExecutionSnapshot | null): ExecutionLostError {
    const error = new ExecutionLostError(this.executionId, current)
    this.#loss ??= error
    if (this.#state === 'running') {
      this.#leave('left', 'lost')
      this.abort(error)
      this.#publish({ type: 'lost' })
    }
    return error
  }

  #leave(state: 'left' | 'ended', last: View | 'lost'): void {
    const wasRunning = this.#state === 'running'
    this.#state = state
    if (!wasRunning) return
    this.#report?.stop()
    this.#tenure.end()
    this.#home.left(this)
    this.#tell(last)
    this.#listeners?.clear()
  }

  #tell(view: View | 'lost'): void {
    for (const listener of this.#listeners ?? []) listener(view)
  }

  #assertOwner(): void {
    this.#assertNotEnded()
    if (!this.isOwner) throw this.#lossError()
  }

  #assertNotEnded(): void {
    if (this.#state === 'ended') {
      throw new InvalidArgumentError(
        `Execution ${this.executionId} has ended; nothing can be written to it any more.`,
      )
    }
  }

  #assertNotSucceeded(): void {
    if (this.#unconfirmed !== undefined) throw this.#unconfirmed
  }

  /** After its time a body that does not listen to the signal is told wherever it can be. */
  #assertInTime(): void {
    if (this.#tenure.isTimedOut) {
      throw new ExecutionTimeoutError(this.#record.current.record.timeoutMs)
    }
  }

  #lossError(): ExecutionLostError {
    return this.#loss ?? new ExecutionLostError(this.executionId, null)
  }

  #snapshot(current: Current | null, now: number): ExecutionSnapshot | null {
    return current === null ? null : snapshotOf(this, current, now, this.#options.codec)
  }

  #publish(event: OwnEvent): void {
    const { executionId, jobType, jobKey } = this
    executions.publish(() => ({ executionId, jobType, jobKey, ...event }) as IdempotencyEvent)
  }
}

type OwnEvent =
  | { readonly type: 'completed' | 'released' | 'lost' }
  | { readonly type: 'failed' | 'unconfirmed'; readonly error: unknown }

function isLoss(error: unknown): boolean {
  return HoldfastError.isInstance(error) && error.code === 'LEASE_LOST'
}

function isUnavailable(error: unknown): boolean {
  return HoldfastError.isInstance(error) && error.code === 'STORAGE_UNAVAILABLE'
}
