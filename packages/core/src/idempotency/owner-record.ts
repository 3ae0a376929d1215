import { StorageUnavailableError } from '../errors.ts'
import type { Instant } from '../support/runtime.ts'
import type { TimedReply } from '../support/pending-request.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { DeleteReply, PutReply, RecordKey } from '../storage/records.ts'
import type { Retention } from './decide.ts'
import { type OwnerCommand, type OwnerWrite, decideOwner, ownerWrite } from './decide-owner.ts'
import { type Executing, type VersionedRecord, currentOf } from './record.ts'

/** What a write of the owner led to; `current` is what is stored now, which may be a successor's. */
export interface Written {
  /** False: another state is there, or nothing, and this write changed nothing. */
  readonly stored: boolean
  readonly current: VersionedRecord | null
  /** Nothing is stored, because a call has removed it. */
  readonly removed: boolean
  readonly now: number
  /** A moment before the write left. */
  readonly sentAt: Instant
}

interface WriteOptions {
  readonly notify: boolean
  readonly timeoutMs: number
  /** Write nothing after the deadline of the call: a late renewal would keep a dead owner alive. */
  readonly refuseLate: boolean
}

/** More writes of others than this between two of our own are no honest conflict. */
const MAX_REBASES = 8

/**
 * The record of a running execution in the hands of its owner. Writes go one after the other, each over the last known
 * revision, so a late or repeated one can never overwrite a newer state, and one by a zombie changes nothing.
 */
export class OwnerRecord {
  readonly #calls: StorageClient
  readonly #key: RecordKey
  readonly #retention: Retention
  #current: Executing
  #last: Promise<unknown> | undefined

  constructor(calls: StorageClient, key: RecordKey, started: Executing, retention: Retention) {
    this.#calls = calls
    this.#key = key
    this.#retention = retention
    this.#current = started
  }

  /** As it was when we last wrote or were refused. */
  get current(): Executing {
    return this.#current
  }

  /** Takes note of what another part of this process has written to it; false when it is not newer, or not ours. */
  learn({ record, rev, writtenAt }: VersionedRecord): boolean {
    const { current } = this
    if (record.status !== 'executing' || record.executionId !== current.record.executionId) return false
    if (rev <= current.rev) return false
    this.#current = { record, rev, writtenAt }
    return true
  }

  /** Settles when all tasks are over; undefined when there is none. */
  get busy(): Promise<unknown> | undefined {
    return this.#last
  }

  /** Runs `task` when all before it have settled; at once when there is none. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#last === undefined ? task() : this.#last.then(task)
    const over = (): void => {
      if (this.#last === settled) this.#last = undefined
    }
    const settled = run.then(over, over)
    this.#last = settled
    return run
  }

  /** Stores what the command makes of the record; follows other honest writes to it. Call only in turn. */
  async write(command: OwnerCommand, options: WriteOptions): Promise<Written> {
    for (let rebases = 0; rebases <= MAX_REBASES; rebases += 1) {
      const change = ownerWrite(this.#current, command, this.#retention)
      const { reply, sentAt } = await this.#send(change, options)
      const { outcome, entry, now } = reply
      this.#calls.clock.observe(sentAt, now)
      if (outcome === 'deleted') return { stored: true, current: null, removed: false, now, sentAt }
      if (outcome === 'written' && change.type === 'write') {
        // No need to parse what we have just written.
        const current = { record: change.record, rev: entry.rev, writtenAt: entry.writtenAt }
        this.learn(current)
        return { stored: true, current, removed: false, now, sentAt }
      }
      const current = currentOf(entry)
      const decision = decideOwner(current, command, this.#retention)
      if (decision.type === 'recorded' || decision.type === 'lost') {
        const removed = 'removed' in reply && reply.removed === true
        return { stored: decision.type === 'recorded', current, removed, now, sentAt }
      }
      this.learn(decision.over)
    }
    throw new StorageUnavailableError(
      `The record of ${command.executionId} kept changing; the write was given up.`,
      { maybeApplied: false },
    )
  }

  #send(change: OwnerWrite, options: WriteOptions): Promise<TimedReply<PutReply | DeleteReply>> {
    const { storage, runtime, clock } = this.#calls
    const { notify, timeoutMs, refuseLate } = options
    const key = this.#key
    const { rev } = change.over
    if (change.type === 'remove') {
      return this.#calls.call(() => storage.records.compareAndDelete(key, { rev }), timeoutMs)
    }
    const write = {
      writeId: runtime.randomId(),
      value: JSON.stringify(change.record),
      ttlMs: change.ttlMs,
      notify,
      ...(refuseLate && clock.known ? { notAfter: clock.earliest(timeoutMs) } : {}),
    }
    return this.#calls.call(() => storage.records.put(key, rev, write), timeoutMs)
  }
}
