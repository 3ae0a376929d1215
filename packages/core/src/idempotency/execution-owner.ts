// What this process does as the owner of a key, from the claim to the recorded end. `decide.ts` says what each write is,
// `record-writer.ts` writes it, `lease-keeper.ts` says when the lease is renewed.

import type { TimerQueue } from '../support/timer-queue.ts'
import type { LeaseDeadline } from '../lease-deadline.ts'
import { LeaseKeeper, type LeaseOwner } from '../lease-keeper.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { OwnerCommand } from './decide.ts'
import {
  type CompletionUnconfirmedError,
  ExecutionCancelledError,
  ExecutionLostError,
  ExecutionTimeoutError,
  type LossReason,
} from './errors.ts'
import { type OwnersEvent, publish, successorIn } from './events.ts'
import { type End, type ExecutionState, RUNNING, assertNotEnded, lossIn } from './execution-state.ts'
import type { JobKey } from './job-key.ts'
import type { LocalExecution, Observed } from './key-watcher.ts'
import type { ResolvedOptions } from './options.ts'
import type { ProgressReport } from './progress.ts'
import { type Executing, type Progress, type StoredState, type VersionedRecord, startOf } from './record.ts'
import { RecordWriter, type Written } from './record-writer.ts'
import { omissionOf, snapshotIn } from './snapshot.ts'
import type { CommandOf } from './stored-values.ts'

/** What an owner needs of the instance that started its execution. */
export interface OwnerDeps {
  readonly calls: StorageClient
  /** Wakes owners for their renewals and ends; in the background. */
  readonly alarms: TimerQueue<LeaseKeeper<ExecutionOwner>>
  /** This process does not own the key any more. */
  readonly onSettled: (owner: ExecutionOwner) => void
}

type Change = Pick<CommandOf<'update'>, 'checkpoint' | 'extendTimeoutMs'>

/** Owns the key of one execution: keeps its lease, writes its record in turn, and finds out when the key is lost. */
export class ExecutionOwner implements LeaseOwner, LocalExecution {
  readonly job: JobKey
  readonly executionId: string
  readonly options: ResolvedOptions
  readonly calls: StorageClient
  readonly writer: RecordWriter
  readonly keeper: LeaseKeeper<ExecutionOwner>
  /** Written here only. */
  state: ExecutionState = RUNNING
  /** What the next write takes along. Made when it is needed: most executions are short. */
  progress: ProgressReport | undefined
  readonly #onSettled: OwnerDeps['onSettled']
  /** On the monotonic clock. */
  readonly #startedAt: number
  /** Made when there is one. */
  #observers: Set<(seen: Observed) => void> | undefined

  /** `started`: the record with its `start`. */
  constructor(
    { calls, alarms, onSettled }: OwnerDeps,
    job: JobKey,
    options: ResolvedOptions,
    started: Executing,
    deadline: LeaseDeadline,
  ) {
    const { executionId, leaseMs, timeoutMs: limitMs } = started.record
    const { grantedAt } = deadline
    this.job = job
    this.executionId = executionId
    this.options = options
    this.calls = calls
    this.#onSettled = onSettled
    this.#startedAt = grantedAt
    this.writer = new RecordWriter(calls, job.key, started, options)
    const times = { leaseMs, limitMs, grantedAt }
    this.keeper = new LeaseKeeper<ExecutionOwner>(calls, alarms, this, deadline, times)
    this.#noticeCancel()
  }

  get isRunning(): boolean {
    return this.state.is === 'running'
  }

  /** Whether this process may still believe that it owns the key. */
  get isOwner(): boolean {
    return this.isRunning && this.keeper.deadline.remainingMs() > 0
  }

  /** Writes a change, and so renews the lease. */
  update(change: Change, timeoutMs?: number): Promise<void> {
    return this.write({ type: 'update', executionId: this.executionId, ...change }, undefined, timeoutMs)
  }

  /**
   * Writes when the writes before it are over, with the progress that is pending then. An `end` is tried also when the
   * local lease is over.
   */
  async write(command: OwnerCommand, end?: End, timeoutMs: number = this.calls.callTimeoutMs): Promise<void> {
    const turn = this.writer.enter()
    if (turn !== undefined) await turn
    let progress: Progress | undefined
    try {
      if (end !== undefined) assertNotEnded(this.state, this.executionId)
      else if (!this.isRunning) throw this.#ranOut()
      progress = this.progress?.take()
      const full = progress === undefined ? command : { ...command, progress }
      const written = await this.writer.write(full, timeoutMs)
      // A loss that was found out before says what led to it.
      if (written.lost !== undefined) throw this.lose(written.lost, written, lossIn(this.state)?.cause)
      if (end === undefined) this.#updated(written)
      else this.#ended(end, command, written)
    } catch (error) {
      this.progress?.restore(progress)
      throw error
    } finally {
      this.writer.leave()
    }
  }

  #updated(written: Written): void {
    this.#noticeCancel()
    if (!this.isRunning) return
    this.keeper.renewed(written.sentAt)
    this.#notify(written)
  }

  #ended(end: End, command: OwnerCommand, written: Written): void {
    const isOurs = written.current === null || written.current.record.executionId === this.executionId
    this.#settle({ is: 'ended', end }, isOurs ? written : 'lost')
    this.#report(() => {
      if (end.how === 'failed') return { type: end.how, error: end.error }
      return { type: end.how, ...(command.type === 'complete' && omissionOf(command.result)) }
    })
  }

  /** The body succeeded, and the storage did not confirm that. */
  unconfirmed(error: CompletionUnconfirmedError): void {
    this.#settle({ is: 'unconfirmed', error }, 'lost')
    this.#report(() => ({ type: 'unconfirmed', error }))
  }

  /** Leaves the record to its lease. */
  abandon(): void {
    if (!this.isRunning) return
    this.#settle({ is: 'lost' }, 'lost')
    this.#report(() => ({ type: 'abandoned' }))
  }

  /** The key is no longer this execution's: `found` is stored instead, as far as that is known. */
  lose(reason: LossReason, found?: StoredState, cause?: unknown): ExecutionLostError {
    const current = found === undefined ? null : snapshotIn(this.job, found, this.options.codec)
    const error = new ExecutionLostError(this.executionId, { reason, cause, current })
    if (this.isRunning) {
      this.#settle({ is: 'lost', error }, 'lost')
      this.keeper.abort(error)
      this.#report(() => ({ type: 'lost', reason, error, ...(current && { by: successorIn(current) }) }))
    } else if (this.state.is === 'lost' && this.state.error === undefined) {
      this.state = { is: 'lost', error }
    }
    return error
  }

  async renew(timeoutMs: number): Promise<void> {
    try {
      await this.update({}, timeoutMs)
      if (!this.isRunning) return
      const { keeper } = this
      this.#report(() => ({
        type: 'renewed',
        lagMs: keeper.lagMs(),
        remainingMs: keeper.deadline.remainingMs(),
      }))
    } catch (error) {
      if (!this.isRunning) return
      this.keeper.retry(error)
      this.#report(() => ({ type: 'renewalFailed', error, remainingMs: this.keeper.deadline.remainingMs() }))
    }
  }

  timeIsUp(of: 'lease' | 'limit'): void {
    if (of === 'limit') this.keeper.abort(this.#timedOut())
    else if (this.isRunning) this.#ranOut()
  }

  assertOwner(): void {
    assertNotEnded(this.state, this.executionId)
    if (!this.isOwner) throw this.#ranOut()
  }

  /** For bodies that ignore the signal. */
  assertInTime(): void {
    if (this.keeper.isLimitReached) throw this.#timedOut()
  }

  /** This process has written to the record for another caller: a request to cancel. */
  rewritten(current: VersionedRecord): void {
    if (!this.isRunning || !this.writer.learn(current)) return
    this.#noticeCancel()
    this.#notify({ current, now: current.writtenAt })
  }

  /** The stored state as far as its owner knows. */
  storedState(): StoredState {
    const { current } = this.writer
    const { clock } = this.calls
    const now = clock.known ? clock.earliest() : current.writtenAt
    // An owner that lives is not stalled, also where the storage's clock was set back and this process does not know yet.
    const alive = current.writtenAt + current.record.leaseMs - 1
    return { current, now: Math.min(Math.max(now, current.writtenAt), alive) }
  }

  observe(observer: (seen: Observed) => void): () => void {
    const observers = (this.#observers ??= new Set())
    observers.add(observer)
    return () => observers.delete(observer)
  }

  /** Resolves when this process does not own the key any more. */
  whenSettled(): Promise<void> {
    if (!this.isRunning) return Promise.resolve()
    return new Promise((resolve) => this.observe(() => this.isRunning || resolve()))
  }

  #notify(seen: Observed): void {
    for (const observer of this.#observers ?? []) observer(seen)
  }

  #settle(state: ExecutionState, last: Observed): void {
    const wasRunning = this.isRunning
    this.state = state
    if (!wasRunning) return
    this.progress?.stop()
    this.keeper.stop()
    this.#onSettled(this)
    if (this.#observers !== undefined) this.#notify(last)
    this.#observers = undefined
  }

  /** The deadline may be over although no timer has fired yet. */
  #ranOut(): ExecutionLostError {
    const { renewalError, abortReason } = this.keeper
    const reason = renewalError === undefined ? 'expired' : 'outage'
    return lossIn(this.state) ?? this.lose(reason, undefined, renewalError ?? abortReason)
  }

  #noticeCancel(): void {
    const { cancelRequested } = this.writer.current.record
    if (cancelRequested !== undefined) this.keeper.abort(new ExecutionCancelledError(cancelRequested))
  }

  #timedOut(): ExecutionTimeoutError {
    return new ExecutionTimeoutError(this.writer.current.record.timeoutMs)
  }

  #report(event: () => OwnersEvent): void {
    const { current } = this.writer
    const { runtime } = this.calls
    publish(this.job, current.record, runtime, () => ({
      attempt: current.record.attempt,
      fencingToken: startOf(current).fence,
      ranMs: runtime.monotonicNow() - this.#startedAt,
      ...event(),
    }))
  }
}
