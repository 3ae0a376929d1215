import { StorageUnavailableError } from '../errors.ts'
import type { Instant } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { DeleteReply, PutReply, RecordKey } from '../storage/records.ts'
import { type Retention, type OwnerCommand, type OwnerWrite, decideOwner, ownerWrite } from './decide.ts'
import type { LossReason } from './errors.ts'
import { type Executing, type VersionedRecord, currentOf } from './record.ts'

/** What a write of the owner led to. */
export interface Written {
  /** What is stored now, which may be a successor's. */
  readonly current: VersionedRecord | null
  readonly now: number
  /** A moment before the write left. */
  readonly sentAt: Instant
  /** Why the write changed nothing; absent when it is stored. */
  readonly lost?: LossReason
}

type Reply = PutReply | DeleteReply

/** More foreign writes than this between two of ours are no honest conflict. */
const MAX_RETRIES = 8

/**
 * Writes the record of a running execution for its owner. Writes go one after the other, each over the last known
 * revision, so a late or repeated one can never overwrite a newer state, and one by a zombie changes nothing.
 */
export class RecordWriter {
  readonly #calls: StorageClient
  readonly #key: RecordKey
  readonly #retention: Retention
  /** The record as of our last write, or of the state that refused it. Written here only. */
  current: Executing
  /** A turn has begun. */
  isBusy = false
  #waiting: (() => void)[] | undefined

  constructor(calls: StorageClient, key: RecordKey, started: Executing, retention: Retention) {
    this.#calls = calls
    this.#key = key
    this.#retention = retention
    this.current = started
  }

  /** Takes note of what another part of this process has written to it; false when that is not newer, or not ours. */
  learn({ record, rev, writtenAt }: VersionedRecord): boolean {
    const { current } = this
    if (record.status !== 'executing' || record.executionId !== current.record.executionId) return false
    if (rev <= current.rev) return false
    this.current = { record, rev, writtenAt }
    return true
  }

  /** Begins a turn, in the order of the calls. Undefined: it has begun; else it begins when the promise resolves. */
  enter(): Promise<void> | undefined {
    if (this.isBusy) return new Promise((resolve) => (this.#waiting ??= []).push(resolve))
    this.isBusy = true
    return undefined
  }

  /** Ends the turn; the next one begins. */
  leave(): void {
    const next = this.#waiting?.shift()
    if (next === undefined) this.isBusy = false
    else next()
  }

  /** Stores what the command makes of the record; retries over honest writes of others. Call it in turn. */
  async write(command: OwnerCommand, timeoutMs: number): Promise<Written> {
    for (let retries = 0; retries <= MAX_RETRIES; retries += 1) {
      const change = ownerWrite(this.current, command, this.#retention)
      const { reply, sentAt } = await this.#calls.call(this.#request(change, command, timeoutMs), timeoutMs)
      const { outcome, entry, now } = reply
      this.#calls.clock.observe(sentAt, now)
      if (outcome === 'deleted') return { current: null, now, sentAt }
      if (outcome === 'written' && change.type === 'write') {
        // No need to parse what we have just written.
        const current = { record: change.record, rev: entry.rev, writtenAt: entry.writtenAt }
        if (command.type === 'update') this.learn(current)
        return { current, now, sentAt }
      }
      const current = currentOf(entry)
      const decision = decideOwner(current, command, this.#retention)
      if (decision.type === 'recorded') return { current, now, sentAt }
      if (decision.type === 'lost') {
        const isRemoved = 'removed' in reply && reply.removed === true
        return { current, now, sentAt, lost: this.#reasonFor(current, isRemoved) }
      }
      if (decision.over.rev < change.over.rev) this.#returnTo(decision.over.rev)
      else this.learn(decision.over)
    }
    throw new StorageUnavailableError(
      `The record of ${command.executionId} changed before each of ${MAX_RETRIES + 1} writes, so nothing was written. ` +
        'Find out what else writes to this key, and call again.',
      { maybeApplied: false },
    )
  }

  /**
   * The storage has lost our last writes (a failover, a restored backup), and no process has taken over: the next write
   * goes over the revision that the storage has, with all that this process knows.
   */
  #returnTo(rev: number): void {
    this.current = { ...this.current, rev }
  }

  #request(change: OwnerWrite, command: OwnerCommand, timeoutMs: number): () => Promise<Reply> {
    const { storage, runtime, clock } = this.#calls
    const { records } = storage
    const key = this.#key
    const { rev } = change.over
    if (change.type === 'remove') return () => records.compareAndDelete(key, { rev })
    const isEnd = command.type !== 'update'
    const write = {
      writeId: runtime.randomId(),
      value: JSON.stringify(change.record),
      ttlMs: change.ttlMs,
      // A mere renewal is of no interest to observers.
      notify: isEnd || command.progress !== undefined,
      // A late renewal would keep a dead owner alive.
      ...(!isEnd && clock.known ? { notAfter: clock.notAfter(timeoutMs) } : {}),
    }
    return () => records.put(key, rev, write)
  }

  /** Why the owner finds this instead of its record. */
  #reasonFor(found: VersionedRecord | null, isRemoved: boolean): LossReason {
    const own = this.current
    if (found === null) return isRemoved ? 'forgotten' : 'vanished'
    if (found.record.executionId === own.record.executionId) return 'ended'
    // Revisions grow: an older one is there only because the storage has lost what came after it.
    return found.rev > own.rev ? 'takenOver' : 'vanished'
  }
}
