import { checkDuration, checkInteger } from '../check.ts'
import { InvalidArgumentError, StorageUnavailableError } from '../errors.ts'
import type { Instant, Timer } from '../runtime.ts'
import type { StorageCalls } from '../storage-calls.ts'
import type { RecordKey } from '../storage/records.ts'
import { Validity } from '../validity.ts'
import { type OwnerChange, type OwnerCommand, decide } from './decide.ts'
import {
  CompletionUnconfirmedError,
  ExecutionCancelledError,
  ExecutionLostError,
  ExecutionTimeoutError,
} from './errors.ts'
import { executions } from './events.ts'
import type { ResolvedOptions } from './options.ts'
import { type Current, type ExecutingRecord, type Progress, currentOf, startOf } from './record.ts'
import { type ExecutionSnapshot, snapshotOf } from './snapshot.ts'
import { storeError } from './stored-error.ts'
import { storeResult } from './stored-result.ts'

/** The running execution, as its body sees it. Every write is refused once another attempt owns the key. */
export interface ExecutionContext {
  readonly executionId: string
  readonly jobType: string
  readonly jobKey: string
  /** Storage's clock. */
  readonly startTime: Date
  /** 1 for the first start of this key. */
  readonly attempt: number
  /** Grows with every start of this key: hand it to what you write to, and let that refuse smaller ones. */
  readonly fencingToken: number
  /**
   * Aborted when the lease is lost (also when the storage cannot be reached until the lease may be over), on
   * `requestCancel`, on the timeout and on shutdown; `signal.reason` is the error that says which.
   */
  readonly signal: AbortSignal
  /** What the last attempt saved, or this one since; undefined when nothing was saved. */
  readonly checkpoint: unknown
  /**
   * Shows progress to everyone: 0 to 100 and a message. Coalesced to one write per `progressIntervalMs`; the last one
   * is always written. A smaller percentage than before counts as the one before unless `allowDecrease` is set. A
   * storage outage does not reject it. @throws ExecutionLostError
   */
  updateProgress(
    percentage: number,
    message?: string,
    options?: { readonly allowDecrease?: boolean },
  ): Promise<void>
  /** Stores what the next attempt starts from, should this one fail. @throws ExecutionLostError, StorageUnavailableError */
  saveCheckpoint(value: unknown): Promise<void>
  /** Adds to the overall timeout. @throws ExecutionLostError, StorageUnavailableError */
  extendTimeout(additionalMs: number): Promise<void>
  /**
   * Records the result; duplicates replay it. @throws ExecutionLostError, ResultTooLargeError, and
   * CompletionUnconfirmedError when the storage did not confirm it: it may be recorded or not.
   */
  markSuccess(result?: unknown): Promise<void>
  /** Records the failure; `final` keeps it from being run again, `retryAfterMs` for a while. @throws ExecutionLostError, StorageUnavailableError */
  markFailure(error: unknown, options?: FailureOptions): Promise<void>
  /** Gives the key back unfinished; the next start is the same attempt. @throws ExecutionLostError, StorageUnavailableError */
  release(): Promise<void>
  /** Ends an execution that was not ended as failed (`EXECUTION_ABANDONED`); never throws. */
  [Symbol.asyncDispose](): Promise<void>
}

export interface FailureOptions {
  readonly final?: boolean
  readonly retryAfterMs?: number
}

/** What is known of a key, and the storage's clock at about that time. */
export interface View {
  readonly current: Current | null
  readonly now: number
}

/** More foreign writes than this between two of our own are no honest conflict. */
const MAX_REBASES = 8

/**
 * The owner's side of an execution. All its writes go one after the other over the last known revision, so a late or
 * repeated one of its own can never overwrite a newer state, and one by a zombie changes nothing. Each of them renews
 * the lease.
 */
export class Execution implements ExecutionContext {
  readonly executionId: string
  readonly jobType: string
  readonly jobKey: string
  readonly startTime: Date
  readonly attempt: number
  readonly fencingToken: number
  readonly #calls: StorageCalls
  readonly #key: RecordKey
  readonly #options: ResolvedOptions
  readonly #abort = new AbortController()
  readonly #validity: Validity
  readonly #listeners = new Set<(view: View | 'lost') => void>()
  #current: Current & { readonly record: ExecutingRecord }
  #checkpoint: unknown
  #state: 'running' | 'lost' | 'ended' = 'running'
  #mailbox: Promise<unknown> = Promise.resolve()
  #pending: OwnerChange = {}
  #progress: Progress = { percentage: 0 }
  #progressWrittenAt = -Infinity
  #progressTimer: Timer | undefined
  #renewTimer: Timer | undefined
  #timeoutTimer: Timer | undefined
  #timeoutAt: number

  constructor(
    calls: StorageCalls,
    key: RecordKey,
    name: { readonly jobType: string; readonly jobKey: string },
    options: ResolvedOptions,
    started: Current & { readonly record: ExecutingRecord },
    sentAt: Instant,
  ) {
    const { record, rev, writtenAt } = started
    this.executionId = record.executionId
    this.jobType = name.jobType
    this.jobKey = name.jobKey
    this.attempt = record.attempt
    this.fencingToken = rev
    this.startTime = new Date(writtenAt)
    this.#calls = calls
    this.#key = key
    this.#options = options
    this.#current = { ...started, record: { ...record, start: startOf(started) } }
    this.#checkpoint = record.checkpoint === undefined ? undefined : options.codec.decode(record.checkpoint)
    this.#validity = new Validity(calls.runtime, sentAt, record.leaseMs, () => this.#lose(null))
    this.#timeoutAt = sentAt.monotonic + record.timeoutMs
    this.#armTimeout()
    this.#armRenewal(record.leaseMs / 3)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get checkpoint(): unknown {
    return this.#checkpoint
  }

  /** Whether this process may still believe that it owns the key. */
  get isOwner(): boolean {
    return this.#state === 'running' && this.#validity.remainingMs() > 0
  }

  view(): View {
    const now = this.#calls.clock.known ? this.#calls.clock.earliest() : this.#current.writtenAt
    return { current: this.#current, now: Math.max(now, this.#current.writtenAt) }
  }

  /** Tells every later state, the last one included; `'lost'` when somebody else has to be asked. */
  observe(listener: (view: View | 'lost') => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async updateProgress(
    percentage: number,
    message?: string,
    options: { readonly allowDecrease?: boolean } = {},
  ): Promise<void> {
    if (typeof percentage !== 'number' || !(percentage >= 0 && percentage <= 100)) {
      throw new InvalidArgumentError(`percentage must be a number from 0 to 100, not ${String(percentage)}.`)
    }
    if (message !== undefined && typeof message !== 'string') {
      throw new InvalidArgumentError(`message must be a string, not ${typeof message}.`)
    }
    this.#assertOwner()
    const shown = options.allowDecrease ? percentage : Math.max(percentage, this.#progress.percentage)
    this.#progress = { percentage: shown, message }
    this.#pending = { ...this.#pending, progress: this.#progress }
    if (this.#progressTimer !== undefined) return
    const sinceLast = this.#calls.runtime.monotonicNow() - this.#progressWrittenAt
    const waitMs = this.#options.progressIntervalMs - sinceLast
    if (waitMs <= 0) return this.#writeProgress()
    this.#progressTimer = this.#calls.runtime.setTimer(waitMs, () => {
      this.#progressTimer = undefined
      // A loss found here is told by the signal.
      this.#writeProgress().catch(() => undefined)
    })
  }

  async saveCheckpoint(value: unknown): Promise<void> {
    const checkpoint = this.#options.codec.encode(value)
    this.#assertOwner()
    await this.#enqueue(() => this.#update({ checkpoint }))
    this.#checkpoint = this.#options.codec.decode(checkpoint)
  }

  async extendTimeout(additionalMs: number): Promise<void> {
    checkDuration('additionalMs', additionalMs, 1)
    this.#assertOwner()
    await this.#enqueue(() => this.#update({ timeoutMs: this.#current.record.timeoutMs + additionalMs }))
    this.#timeoutAt += additionalMs
    this.#armTimeout()
  }

  async markSuccess(result?: unknown): Promise<void> {
    this.#assertNotEnded()
    const { executionId } = this
    const stored = await storeResult(result, this.#options)
    const ttlMs = this.#options.completedTtlMs
    try {
      await this.#end({ type: 'complete', executionId, ttlMs, result: stored })
    } catch (error) {
      if (!(error instanceof StorageUnavailableError)) throw error
      throw new CompletionUnconfirmedError(executionId, result, { cause: error })
    }
  }

  async markFailure(error: unknown, options: FailureOptions = {}): Promise<void> {
    this.#assertNotEnded()
    const { final = false, retryAfterMs } = options
    if (retryAfterMs !== undefined) checkDuration('retryAfterMs', retryAfterMs, 0)
    const stored = storeError(error, this.#options.maxStackBytes)
    const ttlMs = Math.max(this.#options.failedTtlMs, retryAfterMs ?? 0)
    await this.#end({
      type: 'fail',
      executionId: this.executionId,
      ttlMs,
      error: stored,
      final,
      retryAfterMs,
    })
  }

  async release(): Promise<void> {
    this.#assertNotEnded()
    // Kept as long as a running execution: it holds the count of attempts and the checkpoint.
    await this.#end({ type: 'release', executionId: this.executionId, ttlMs: this.#options.executingTtlMs })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'running') return
    const abandoned = Object.assign(new Error('The execution was left without success or failure.'), {
      name: 'ExecutionAbandonedError',
      code: 'EXECUTION_ABANDONED',
    })
    // Disposal must not hide the error that led to it; an unrecorded end is left to the lease.
    await this.markFailure(abandoned).catch(() => this.stop())
  }

  /** Aborts the body's signal; the lease is kept while it settles. */
  abort(reason: Error): void {
    this.#abort.abort(reason)
  }

  /** Stops every timer and renewal: what is stored is left to its lease. */
  stop(): void {
    if (this.#state === 'running') this.#close('ended', 'lost')
  }

  /** What is stored now: for an owner that lost its key and wants to tell its caller what became of it. */
  async readCurrent(): Promise<ExecutionSnapshot | null> {
    const { reply } = await this.#calls.call(() => this.#calls.storage.records.read(this.#key))
    return this.#snapshot(currentOf(reply.entry), reply.now)
  }

  #snapshot(current: Current | null, now: number): ExecutionSnapshot | null {
    const name = { jobType: this.jobType, jobKey: this.jobKey }
    return current === null ? null : snapshotOf(name, current, now, this.#options.codec)
  }

  #assertOwner(): void {
    this.#assertNotEnded()
    if (!this.isOwner)
      throw this.#abort.signal.reason instanceof ExecutionLostError
        ? this.#abort.signal.reason
        : new ExecutionLostError(this.executionId, null)
  }

  #assertNotEnded(): void {
    if (this.#state === 'ended') {
      throw new InvalidArgumentError(
        `Execution ${this.executionId} has ended; nothing can be written to it any more.`,
      )
    }
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#mailbox.then(task)
    this.#mailbox = run.catch(() => undefined)
    return run
  }

  async #writeProgress(): Promise<void> {
    this.#progressWrittenAt = this.#calls.runtime.monotonicNow()
    try {
      await this.#enqueue(() => this.#update({}))
    } catch (error) {
      // It stays pending and goes out with the next write.
      if (!(error instanceof StorageUnavailableError)) throw error
    }
  }

  /** Writes what is pending plus `change`, and so renews the lease. */
  async #update(change: OwnerChange, timeoutMs?: number): Promise<void> {
    if (this.#state !== 'running') throw new ExecutionLostError(this.executionId, null)
    const pending = { ...this.#pending, ...change }
    this.#pending = {}
    const { executionId } = this
    const ttlMs = this.#options.executingTtlMs
    try {
      await this.#store(
        { type: 'update', executionId, ttlMs, change: pending },
        { notify: pending.progress !== undefined, timeoutMs },
      )
    } catch (error) {
      this.#pending = { progress: pending.progress, ...this.#pending }
      throw error
    }
    this.#armRenewal(this.#current.record.leaseMs / 3)
  }

  /** The last write. It is tried also when the local lease is over: the revision decides whether it still counts. */
  async #end(command: OwnerCommand): Promise<void> {
    this.#progressTimer?.cancel()
    const timeoutMs = Math.max(this.#calls.callTimeoutMs, this.#validity.remainingMs())
    const current = await this.#enqueue(async () => {
      this.#assertNotEnded()
      const { progress } = this.#pending
      if (progress !== undefined)
        this.#current = { ...this.#current, record: { ...this.#current.record, progress } }
      return this.#store(command, { notify: true, timeoutMs })
    })
    this.#close('ended', { current, now: current.writtenAt })
  }

  /** Stores what `decide` makes of the command, over the last known revision; follows honest foreign writes. */
  async #store(
    command: OwnerCommand,
    { notify, timeoutMs }: { readonly notify: boolean; readonly timeoutMs?: number | undefined },
  ): Promise<Current> {
    const { runtime, storage, clock } = this.#calls
    for (let rebases = 0; rebases <= MAX_REBASES; rebases += 1) {
      const { rev, writtenAt } = this.#current
      const decision = decide(this.#current, writtenAt, command)
      if (decision.type !== 'write') break
      // A renewal that is executed after we gave it up would keep a dead owner alive; a finish is true whenever.
      const notAfter =
        command.type === 'update' && clock.known
          ? clock.earliest(timeoutMs ?? this.#calls.callTimeoutMs)
          : undefined
      const write = {
        writeId: runtime.randomId(),
        value: JSON.stringify(decision.record),
        ttlMs: decision.ttlMs,
        notify,
        ...(notAfter === undefined ? {} : { notAfter }),
      }
      const { reply, sentAt } = await this.#calls.call(
        () => storage.records.compareAndSet(this.#key, rev, write),
        timeoutMs,
      )
      clock.observe(sentAt, reply.now)
      const stored = currentOf(reply.entry)
      const mine = stored?.record.executionId === this.executionId
      if (stored !== null && mine && stored.record.status !== 'executing') {
        // Ours has ended: by this very write, or by one before it whose answer was lost.
        if (reply.ok || stored.record.status === endOf(command)) return stored
      }
      if (stored === null || !mine || stored.record.status !== 'executing')
        throw this.#lose(this.#snapshot(stored, reply.now))
      this.#current = { ...stored, record: stored.record }
      this.#noticeCancel()
      if (reply.ok) {
        this.#validity.renewed(sentAt, stored.record.leaseMs)
        this.#tell({ current: stored, now: reply.now })
        return stored
      }
    }
    throw new StorageUnavailableError(
      `The record of ${this.executionId} kept changing; the write was given up.`,
      {
        maybeApplied: false,
      },
    )
  }

  #noticeCancel(): void {
    const { cancelRequested } = this.#current.record
    if (cancelRequested !== undefined) this.#abort.abort(new ExecutionCancelledError(cancelRequested))
  }

  #armRenewal(inMs: number): void {
    this.#renewTimer?.cancel()
    if (this.#state !== 'running') return
    const { runtime } = this.#calls
    const jitter = 0.9 + runtime.random() * 0.1
    this.#renewTimer = runtime.setTimer(inMs * jitter, () => void this.#renew(), { background: true })
  }

  /** Tries until the lease is over; only a definite answer or the local deadline is a loss. */
  async #renew(): Promise<void> {
    const { leaseMs } = this.#current.record
    try {
      await this.#enqueue(() =>
        this.#update({}, Math.max(1, Math.min(leaseMs / 6, this.#validity.remainingMs()))),
      )
    } catch (error) {
      if (error instanceof StorageUnavailableError) this.#armRenewal(leaseMs / 20)
      else if (!(error instanceof ExecutionLostError)) this.#armRenewal(leaseMs / 6)
    }
  }

  #armTimeout(): void {
    this.#timeoutTimer?.cancel()
    if (this.#state !== 'running') return
    const inMs = Math.max(0, this.#timeoutAt - this.#calls.runtime.monotonicNow())
    this.#timeoutTimer = this.#calls.runtime.setTimer(
      inMs,
      () => {
        this.#abort.abort(new ExecutionTimeoutError(this.#current.record.timeoutMs))
        // Not renewed any more: a body that does not listen is taken over after its lease.
        this.#renewTimer?.cancel()
      },
      { background: true },
    )
  }

  #lose(current: ExecutionSnapshot | null): ExecutionLostError {
    const error = new ExecutionLostError(this.executionId, current)
    if (this.#state === 'running') {
      this.#close('lost', 'lost')
      this.#abort.abort(error)
      const { executionId, jobType, jobKey } = this
      executions.publish(() => ({ type: 'lost', executionId, jobType, jobKey }))
    }
    return error
  }

  #close(state: 'lost' | 'ended', last: View | 'lost'): void {
    this.#state = state
    this.#validity.stop()
    this.#renewTimer?.cancel()
    this.#timeoutTimer?.cancel()
    this.#progressTimer?.cancel()
    this.#tell(last)
    this.#listeners.clear()
  }

  #tell(view: View | 'lost'): void {
    for (const listener of [...this.#listeners]) listener(view)
  }
}

function endOf(command: OwnerCommand): 'completed' | 'failed' | 'executing' {
  return command.type === 'complete' ? 'completed' : command.type === 'update' ? 'executing' : 'failed'
}
