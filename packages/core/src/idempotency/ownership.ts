import type { TimerQueue } from '../support/timer-queue.ts'
import { type HoldfastError, InvalidArgumentError, hasCode } from '../errors.ts'
import { LazyAbortController } from '../support/lazy-abort-controller.ts'
import type { Instant } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { type OwnerChange, type OwnerCommand, unfinishedEnd } from './decide-owner.ts'
import { ExecutionCancelledError, ExecutionLostError, ExecutionTimeoutError } from './errors.ts'
import { type IdempotencyEvent, type OwnersEvent, executions, successorIn } from './events.ts'
import type { ProgressOptions } from './execution-context.ts'
import { type Loss, ranOut, reasonIn } from './loss.ts'
import type { JobKey } from './job-key.ts'
import type { ResolvedOptions } from './options.ts'
import { OwnerRecord, type Written } from './owner-record.ts'
import { ProgressReport } from './progress-report.ts'
import {
  type Executing,
  type Progress,
  type StoredState,
  type VersionedRecord,
  currentOf,
  startOf,
} from './record.ts'
import { type ExecutionSnapshot, snapshotOf } from './snapshot.ts'
import { Tenure, type TenureEvents } from './tenure.ts'

/** What an ownership needs of the instance that got it. */
export interface OwnershipHome {
  readonly calls: StorageClient
  /** Wakes owners for their renewals and ends; in the background. */
  readonly alarms: TimerQueue
  /** The key is no longer owned here. */
  left(ownership: Ownership): void
}

/**
 * The owning of a key by an execution of this process: it is renewed, written to, observed, and lost or ended.
 *
 * `running`: renewed and writable. `left`: lost, stopped, or its success was not confirmed; not renewed any more, only
 * an end may still be tried, which the revision decides. `ended`: recorded; nothing can follow.
 */
export class Ownership implements TenureEvents {
  readonly name: JobKey
  readonly executionId: string
  readonly #home: OwnershipHome
  readonly #options: ResolvedOptions
  readonly #record: OwnerRecord
  readonly #tenure: Tenure
  readonly #abort = new LazyAbortController()
  #state: 'running' | 'left' | 'ended' = 'running'
  readonly #startedAt: number
  #loss: ExecutionLostError | undefined
  /** Why the last renewal failed; undefined when it did not. */
  #renewalError: unknown
  // Made when they are needed: most executions are short, and nobody looks.
  #report: ProgressReport | undefined
  #listeners: Set<(view: StoredState | 'lost') => void> | undefined

  constructor(
    home: OwnershipHome,
    name: JobKey,
    options: ResolvedOptions,
    started: Executing,
    sentAt: Instant,
  ) {
    this.name = name
    this.executionId = started.record.executionId
    this.#home = home
    this.#options = options
    this.#startedAt = sentAt.monotonic
    this.#record = new OwnerRecord(home.calls, name.key, started, options)
    this.#tenure = new Tenure(home.calls.runtime, home.alarms, started.record, sentAt, this)
    this.#noticeCancel()
  }

  /** What is stored, as far as its owner knows. */
  get current(): Executing {
    return this.#record.current
  }

  // Asking for it looks at the clocks, so the answer is right also when the event loop was blocked, or the machine
  // slept, and no timer has fired yet.
  get signal(): AbortSignal {
    if (this.#state === 'running' && this.remainingMs() === 0) this.ranOut()
    return this.#abort.signal
  }

  /** Why the signal is or would be aborted. */
  get abortReason(): HoldfastError | undefined {
    return this.#abort.reason
  }

  /** The instance is being closed: what ends now ends because of that. */
  get isInterrupted(): boolean {
    return unfinishedEnd(this.#abort.reason) === 'release'
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Whether this process may still believe that it owns the key. */
  get isOwner(): boolean {
    return this.isRunning && this.remainingMs() > 0
  }

  /** How long the key is certainly still owned. */
  remainingMs(): number {
    return this.#tenure.remainingMs()
  }

  /** Settles when the writes that are under way are over; undefined when none is. */
  get busy(): Promise<unknown> | undefined {
    return this.#record.busy
  }

  view(): StoredState {
    const { current } = this.#record
    const { clock } = this.#home.calls
    const now = clock.known ? clock.earliest() : current.writtenAt
    // An owner that lives is not stalled, also where the storage's clock was set back and this process does not know yet.
    const alive = current.writtenAt + current.record.leaseMs - 1
    return { current, now: Math.min(Math.max(now, current.writtenAt), alive) }
  }

  /** Tells every later state, the last one included; `'lost'` when somebody else has to be asked. */
  observe(listener: (view: StoredState | 'lost') => void): () => void {
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  async showProgress(percentage: number, message?: string, options?: ProgressOptions): Promise<void> {
    this.assertOwner()
    this.assertInTime()
    this.#report ??= new ProgressReport(this.#home.calls.runtime, this.#options.progressIntervalMs, () =>
      this.#writeProgress(),
    )
    await this.#report.show(percentage, message, options)
  }

  async extendTimeout(additionalMs: number): Promise<void> {
    this.assertOwner()
    this.assertInTime()
    await this.update((timeoutMs) => ({ timeoutMs: timeoutMs + additionalMs }))
    // It may have come to its end meanwhile, and then the signal is aborted for good.
    this.assertInTime()
    this.#tenure.extendTimeout(additionalMs)
  }

  /** Writes the pending progress and a change, and so renews the lease. */
  update(change: (timeoutMs: number) => OwnerChange, timeoutMs?: number): Promise<void> {
    return this.#record.inTurn(async () => {
      if (!this.isRunning) throw this.#lossError()
      const { executionId } = this
      const progress = this.#report?.take()
      const changed = { ...change(this.current.record.timeoutMs), progress }
      let written: Written
      try {
        written = await this.#record.write(
          { type: 'update', executionId, change: changed },
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
      if (!stored) throw this.#lose(this.#lossIn(written))
      this.#renewalError = undefined
      this.#noticeCancel()
      if (!this.isRunning) return
      this.#tenure.renewed(sentAt)
      this.#tell({ current, now })
    })
  }

  /** The last write. It is tried also when the local lease is over: the revision decides whether it still counts. */
  end(
    command: (progress: Progress | undefined) => OwnerCommand,
    timeoutMs: number = this.#home.calls.callTimeoutMs,
  ): Promise<void> {
    return this.#record.inTurn(async () => {
      this.assertNotEnded()
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
      if (!stored) throw this.#lose(this.#lossIn(written))
      const isOurs = current === null || current.record.executionId === this.executionId
      this.#leave('ended', isOurs ? { current, now } : 'lost')
    })
  }

  /** As long as a call may take, and as nobody else may run the job: for what nothing else can bring back. */
  get patienceMs(): number {
    return Math.max(this.#home.calls.callTimeoutMs, this.remainingMs())
  }

  /** Aborts the body's signal; the lease is kept while it settles. */
  abort(reason: HoldfastError): void {
    this.#abort.abort(reason)
  }

  /** Leaves what is stored to its lease. */
  stop(): void {
    if (this.isRunning) this.#leave('left', 'lost')
  }

  /** Resolves when it is no longer owned here, for whatever reason. */
  whenLeft(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isRunning) resolve()
      else
        this.observe((view) => {
          if (view === 'lost' || view.current?.record.status !== 'executing') resolve()
        })
    })
  }

  /** The same process owns the key as another execution now: this one was taken over before it could notice. */
  supersede(current: VersionedRecord, now: number): void {
    if (this.isRunning) this.#lose({ reason: 'takenOver', current: this.#snapshot(current, now) })
  }

  /** This process has removed what was stored with `rev`: what had started by then is gone, whatever is still believed. */
  removed(rev: number): void {
    if (this.isRunning && startOf(this.current).fence <= rev)
      this.#lose({ reason: 'forgotten', current: null })
  }

  /** This process has written to the record on behalf of somebody else. */
  rewritten(current: VersionedRecord): void {
    if (!this.isRunning || !this.#record.learn(current)) return
    this.#noticeCancel()
    this.#tell({ current, now: current.writtenAt })
  }

  /** What is stored now: for an owner that lost its key and wants to tell its caller what became of it. */
  async readCurrent(): Promise<ExecutionSnapshot | null> {
    const { calls } = this.#home
    const { reply } = await calls.call(() => calls.storage.records.read(this.name.key))
    return this.#snapshot(currentOf(reply.entry), reply.now)
  }

  ranOut(): void {
    this.#lose(ranOut(this.#renewalError, this.abortReason))
  }

  timedOut(): void {
    this.abort(new ExecutionTimeoutError(this.current.record.timeoutMs))
  }

  /** Tries until the lease is over; only a definite answer or the local deadline is a loss. */
  async renewalDue(): Promise<void> {
    const { leaseMs } = this.#options
    try {
      await this.update(() => ({}), Math.max(1, Math.min(leaseMs / 6, this.remainingMs())))
    } catch (error) {
      if (!this.isRunning) return
      this.#renewalError = error
      this.publish({ type: 'renewalFailed', error, remainingMs: this.remainingMs() })
      // It may be lost by now, with this for the reason.
      if (this.isRunning)
        this.#tenure.renewIn(hasCode(error, 'STORAGE_UNAVAILABLE') ? leaseMs / 20 : leaseMs / 6)
    }
  }

  assertOwner(): void {
    this.assertNotEnded()
    if (!this.isOwner) throw this.#lossError()
  }

  assertNotEnded(): void {
    if (this.hasEnded) {
      throw new InvalidArgumentError(
        `Execution ${this.executionId} has ended; nothing can be written to it any more.`,
      )
    }
  }

  /** After its time a body that does not listen to the signal is told wherever it can be. */
  assertInTime(): void {
    if (this.#tenure.isTimedOut) throw new ExecutionTimeoutError(this.current.record.timeoutMs)
  }

  publish(event: OwnersEvent): void {
    executions.publish((): IdempotencyEvent => {
      const { executionId } = this
      const { jobType, jobKey } = this.name
      const { record } = this.current
      const { runtime } = this.#home.calls
      return {
        jobType,
        jobKey,
        executionId,
        at: runtime.wallNow(),
        instance: record.instance ?? null,
        attempt: record.attempt,
        fencingToken: startOf(this.current).fence,
        ranMs: runtime.monotonicNow() - this.#startedAt,
        ...event,
      }
    })
  }

  async #writeProgress(): Promise<void> {
    try {
      await this.update(() => ({}))
    } catch (error) {
      if (hasCode(error, 'LEASE_LOST')) throw error
    }
  }

  #noticeCancel(): void {
    const { cancelRequested } = this.current.record
    if (cancelRequested !== undefined) this.abort(new ExecutionCancelledError(cancelRequested))
  }

  #lose(loss: Loss): ExecutionLostError {
    const error = new ExecutionLostError(this.executionId, loss)
    this.#loss ??= error
    if (this.isRunning) {
      this.#leave('left', 'lost')
      this.abort(error)
      const { reason, current } = loss
      this.publish({ type: 'lost', reason, error, ...(current === null ? {} : { by: successorIn(current) }) })
    }
    return error
  }

  #lossIn({ current, now, removed }: Written): Loss {
    const reason = reasonIn(this.current, current, removed)
    return { reason, cause: this.#loss?.cause, current: this.#snapshot(current, now) }
  }

  #leave(state: 'left' | 'ended', last: StoredState | 'lost'): void {
    const wasRunning = this.isRunning
    this.#state = state
    if (!wasRunning) return
    this.#report?.stop()
    this.#tenure.end()
    this.#home.left(this)
    this.#tell(last)
    this.#listeners?.clear()
  }

  #tell(view: StoredState | 'lost'): void {
    for (const listener of this.#listeners ?? []) listener(view)
  }

  #lossError(): ExecutionLostError {
    // Its deadline is over, and the timer has not told of it yet.
    return this.#loss ?? this.#lose(ranOut(this.#renewalError, this.abortReason))
  }

  #snapshot(current: VersionedRecord | null, now: number): ExecutionSnapshot | null {
    return current === null ? null : snapshotOf(this.name, current, now, this.#options.codec)
  }
}
