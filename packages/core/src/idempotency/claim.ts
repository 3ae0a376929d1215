// The claim goes to the storage's `put` through `support/storage-client.ts`; its answer becomes an `Execution` and its owner.

import { StringMap } from '../support/string-map.ts'
import { HoldfastError, StorageUnavailableError } from '../errors.ts'
import type { TimedReply } from '../support/pending-request.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { PutReply, RecordKey, RecordWrite } from '../storage/records.ts'
import type { OperatorWrites } from './admin.ts'
import { type Write, decideOwner } from './decide.ts'
import type { StartCommand } from './decide-start.ts'
import { Execution } from './execution.ts'
import { ExecutionOwner, type OwnerDeps } from './execution-owner.ts'
import type { JobKey } from './job-key.ts'
import type { ResolvedOptions } from './options.ts'
import { type Executing, type StoredState, type VersionedRecord, currentOf, startOf } from './record.ts'
import { RecordWriter } from './record-writer.ts'
import { LeaseDeadline } from '../lease-deadline.ts'

/** The state after a claim; `execution` is present when this claim started it. */
export interface ClaimAnswer {
  readonly state: StoredState
  readonly execution?: Execution
}

/** How long an abandoned claim is chased; `notAfter` keeps it from being executed later than its deadline anyway. */
const COMPENSATION_MS = 10_000

/**
 * The writes that make an execution: claims of an absent key, takeovers and re-runs. A process has one claim of a key in
 * flight at a time and its other callers share the answer, so a hundred duplicates cost the storage about one.
 */
export class ClaimCoordinator implements OperatorWrites {
  readonly #calls: StorageClient
  readonly #running: StringMap<ExecutionOwner>
  readonly #deps: OwnerDeps
  readonly #inFlight = new StringMap<Promise<ClaimAnswer>>()
  /** The revision that was removed while a claim of the key was in flight. */
  readonly #removed = new Map<string, number>()

  /** `running`: the keys that this process owns, by `mapKey`, kept up to date here. */
  constructor(calls: StorageClient, alarms: OwnerDeps['alarms'], running: StringMap<ExecutionOwner>) {
    this.#calls = calls
    this.#running = running
    this.#deps = {
      calls,
      alarms,
      onSettled: (owner) => {
        const { mapKey } = owner.job
        if (running.get(mapKey) === owner) running.delete(mapKey)
      },
    }
  }

  /** The answer to a claim of this key that is in flight. */
  inFlight({ mapKey }: JobKey): Promise<ClaimAnswer> | undefined {
    return this.#inFlight.get(mapKey)
  }

  removed({ mapKey }: JobKey, rev: number): void {
    if (this.#inFlight.get(mapKey) !== undefined) this.#removed.set(mapKey, rev)
    const local = this.#running.get(mapKey)
    // What had started by then is gone, no matter what its owner believes.
    if (local !== undefined && startOf(local.writer.current).fence <= rev) local.lose('forgotten')
  }

  cancelled({ mapKey }: JobKey, current: VersionedRecord): void {
    this.#running.get(mapKey)?.rewritten(current)
  }

  /** Settles when no claim is in flight; never rejects. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight.values())
  }

  /** Writes what `decideStart` made of `current`; null for a key that is not known to be taken. */
  claim(
    job: JobKey,
    current: VersionedRecord | null,
    decision: Write,
    command: StartCommand,
    options: ResolvedOptions,
  ): Promise<ClaimAnswer> {
    const answer = this.#claim(job, current, decision, command, options)
    this.#inFlight.set(job.mapKey, answer)
    return answer
  }

  /** Removes an execution that no body runs; the state after that. */
  async undoClaim({ key }: JobKey, { rev }: VersionedRecord): Promise<StoredState> {
    const { storage } = this.#calls
    const { reply } = await this.#calls.call(() => storage.records.compareAndDelete(key, { rev }))
    return { current: currentOf(reply.entry), now: reply.now }
  }

  async #claim(
    job: JobKey,
    current: VersionedRecord | null,
    decision: Write,
    command: StartCommand,
    options: ResolvedOptions,
  ): Promise<ClaimAnswer> {
    const { records } = this.#calls.storage
    const { record } = decision
    const rev = current?.rev ?? null
    // Every claim has its own id, which names its write as well.
    const write = writeOf(decision, command.executionId)
    let lastNotAfter = 0
    const send = (notAfter: number): Promise<PutReply> => {
      const { writeId, value, ttlMs, notify } = write
      lastNotAfter = notAfter
      return records.put(job.key, rev, { writeId, value, ttlMs, notify, notAfter })
    }
    let answer: TimedReply<PutReply>
    let removedRev: number | undefined
    try {
      answer = await this.#calls.claim(send)
    } catch (error) {
      if (record.status === 'executing' && mayHaveBegun(error) && lastNotAfter > 0) {
        void this.#compensate(job.key, rev, command, lastNotAfter)
      }
      throw error
    } finally {
      removedRev = this.#removed.get(job.mapKey)
      this.#removed.delete(job.mapKey)
      this.#inFlight.delete(job.mapKey)
    }
    const { outcome, entry, now } = answer.reply
    // A caller that has seen the removal here must not see what was removed. (What another program wrote has revision 0.)
    if (entry !== null && removedRev !== undefined && entry.rev <= removedRev) {
      return { state: { current: null, now } }
    }
    if (outcome === 'late') {
      throw new StorageUnavailableError(
        'The claim reached the storage after its deadline: the storage ignored it, and nothing was started. Call again. ' +
          'If this repeats, look for jumps of the clock of the storage.',
        { maybeApplied: false },
      )
    }
    const stored =
      outcome === 'written' ? { record, rev: entry.rev, writtenAt: entry.writtenAt } : currentOf(entry)
    const state = { current: stored, now }
    // Ours also when the answer was lost and a request to cancel was written since.
    if (stored?.record.status !== 'executing' || stored.record.executionId !== command.executionId) {
      return { state }
    }
    const started = { ...stored, record: stored.record }
    const deadline = new LeaseDeadline(this.#calls.runtime, answer.sentAt, started.record.leaseMs)
    return deadline.remainingMs() > 0
      ? { state, execution: this.#adopt(job, started, deadline, options) }
      : this.#confirm(job, started, command, options)
  }

  /**
   * The answer took as long as the lease, so another process may own the key by now: no body may begin before the lease
   * was renewed.
   */
  async #confirm(
    job: JobKey,
    started: Executing,
    { executionId, policy }: StartCommand,
    options: ResolvedOptions,
  ): Promise<ClaimAnswer> {
    const writer = new RecordWriter(this.#calls, job.key, started, policy)
    const { lost, current, now, sentAt } = await writer.write(
      { type: 'update', executionId },
      this.#calls.callTimeoutMs,
    )
    const state = { current, now }
    if (lost !== undefined) return { state }
    const deadline = new LeaseDeadline(this.#calls.runtime, sentAt, policy.leaseMs)
    if (deadline.remainingMs() > 0) {
      return { state, execution: this.#adopt(job, writer.current, deadline, options) }
    }
    throw new StorageUnavailableError(
      `The storage takes longer to answer than the lease of ${policy.leaseMs} ms lasts, so the body was not started. ` +
        'Find out why the storage is slow, or raise leaseMs.',
      { maybeApplied: true },
    )
  }

  #adopt(job: JobKey, started: Executing, deadline: LeaseDeadline, options: ResolvedOptions): Execution {
    this.#running.get(job.mapKey)?.lose('takenOver', { current: started, now: started.writtenAt })
    // The stamps of the write that started it say when it started and with which token.
    const record = { ...started.record, start: startOf(started) }
    const owner = new ExecutionOwner(this.#deps, job, options, { ...started, record }, deadline)
    this.#running.set(job.mapKey, owner)
    return new Execution(owner)
  }

  /**
   * No body will run what a claim with an unseen answer may have started: undo it, so that the key is not blocked for a
   * lease. A first start is deleted, which also voids a claim that is still in flight. A takeover is released instead,
   * uncounted and with its checkpoint; it cannot come later than its `notAfter`, which is over by now.
   */
  async #compensate(
    key: RecordKey,
    rev: number | null,
    { executionId, policy }: StartCommand,
    notAfter: number,
  ): Promise<void> {
    const { records } = this.#calls.storage
    const send = <T>(request: () => Promise<T>): Promise<TimedReply<T>> =>
      this.#calls.call(request, COMPENSATION_MS, { background: true })
    try {
      if (rev === null) {
        const { reply } = await send(() => records.compareAndDelete(key, { writeId: executionId, notAfter }))
        const left = currentOf(reply.entry)
        // A request to cancel was written over it.
        if (left?.record.executionId === executionId) {
          await send(() => records.compareAndDelete(key, { rev: left.rev }))
        }
        return
      }
      const { reply } = await send(() => records.read(key))
      const release = decideOwner(currentOf(reply.entry), { type: 'release', executionId }, policy)
      if (release.type !== 'write') return
      const write = writeOf(release, this.#calls.runtime.randomId())
      await send(() => records.put(key, release.over.rev, write))
    } catch {
      // Still unreachable: the lease ends it.
    }
  }
}

/** Not when it was never sent; a refusal may be the answer to the second sending of a claim that was executed. */
function mayHaveBegun(error: unknown): boolean {
  if (!HoldfastError.isInstance(error)) return true
  return error instanceof StorageUnavailableError ? error.maybeApplied : error.code !== 'CLOSED'
}

function writeOf({ record, ttlMs }: Write, writeId: string): RecordWrite {
  return { writeId, value: JSON.stringify(record), ttlMs, notify: true }
}
