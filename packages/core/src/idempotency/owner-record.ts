import { StorageUnavailableError } from '../errors.ts'
import type { Instant } from '../support/runtime.ts'
import type { TimedReply } from '../support/pending-request.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { CompareReply, RecordKey } from '../storage/records.ts'
import { type Decision, type OwnerCommand, decide } from './decide.ts'
import { type Current, type ExecutingRecord, currentOf } from './record.ts'

/** An executing record with the stamps of its last known write. */
export type Executing = Current & { readonly record: ExecutingRecord }

/** What a write of the owner led to; `current` is what is stored now, which may be a successor's. */
export interface Written {
  /** False: somebody else's state is there, or nothing, and this write changed nothing. */
  readonly stored: boolean
  readonly current: Current | null
  /** Nothing is stored, because somebody has removed it. */
  readonly removed: boolean
  readonly now: number
  /** A moment before the write left. */
  readonly sentAt: Instant
}

interface WriteOptions {
  readonly notify: boolean
  readonly timeoutMs: number
  /** Do nothing once we have given up waiting: a late renewal would keep a dead owner alive. */
  readonly refuseLate: boolean
}

/** More foreign writes than this between two of our own are no honest conflict. */
const MAX_REBASES = 8

/**
 * The record of a running execution in the hands of its owner. Writes go one after the other, each over the last known
 * revision, so a late or repeated one can never overwrite a newer state, and one by a zombie changes nothing.
 */
export class OwnerRecord {
  readonly #calls: StorageClient
  readonly #key: RecordKey
  #current: Executing
  #last: Promise<unknown> | undefined

  constructor(calls: StorageClient, key: RecordKey, started: Executing) {
    this.#calls = calls
    this.#key = key
    this.#current = started
  }

  /** As it was when we last wrote or were refused. */
  get current(): Executing {
    return this.#current
  }

  /** Takes note of what another part of this process has written to it; false when it is not newer, or not ours. */
  learn({ record, rev, writtenAt }: Current): boolean {
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

  /** Stores what `decide` makes of the command; follows honest foreign writes. Call only in turn. */
  async write(command: OwnerCommand, options: WriteOptions): Promise<Written> {
    for (let rebases = 0; rebases <= MAX_REBASES; rebases += 1) {
      const decision = decide(this.#current, this.#current.writtenAt, command)
      const { reply, sentAt } = await this.#send(decision, options)
      this.#calls.clock.observe(sentAt, reply.now)
      const current = this.#currentOf(reply, decision)
      const result = { current, removed: reply.removed === true, now: reply.now, sentAt }
      if (current === null) return { stored: reply.ok && decision.type === 'remove', ...result }
      const { record } = current
      if (record.executionId !== command.executionId) {
        // The answer to our end was lost, and meanwhile somebody has started anew over what it had stored.
        const { previous } = record
        const stored = previous?.executionId === command.executionId && previous.status === endOf(command)
        return { stored, ...result }
      }
      // Ours has ended: by this very write, or by one before it whose answer was lost.
      if (record.status !== 'executing') return { stored: record.status === endOf(command), ...result }
      if (current.rev >= this.#current.rev) this.#current = { ...current, record }
      if (reply.ok) return { stored: true, ...result }
    }
    throw new StorageUnavailableError(
      `The record of ${command.executionId} kept changing; the write was given up.`,
      { maybeApplied: false },
    )
  }

  #send(decision: Decision, options: WriteOptions): Promise<TimedReply<CompareReply>> {
    const { storage, runtime, clock } = this.#calls
    const { notify, timeoutMs, refuseLate } = options
    const key = this.#key
    const { rev } = this.#current
    if (decision.type === 'remove') {
      return this.#calls.call(() => storage.records.compareAndDelete(key, { rev }), timeoutMs)
    }
    if (decision.type !== 'write') throw new TypeError(`an owner's write was decided as ${decision.type}`)
    const write = {
      writeId: runtime.randomId(),
      value: JSON.stringify(decision.record),
      ttlMs: decision.ttlMs,
      notify,
      ...(refuseLate && clock.known ? { notAfter: clock.earliest(timeoutMs) } : {}),
    }
    return this.#calls.call(() => storage.records.compareAndSet(key, rev, write), timeoutMs)
  }

  /** What is stored; without parsing what we have just written ourselves. */
  #currentOf({ ok, entry }: CompareReply, decision: Decision): Current | null {
    if (entry === null || !ok || decision.type !== 'write') return currentOf(entry)
    return { record: decision.record, rev: entry.rev, writtenAt: entry.writtenAt }
  }
}

function endOf(command: OwnerCommand): 'completed' | 'failed' | undefined {
  if (command.type === 'update') return undefined
  return command.type === 'complete' ? 'completed' : 'failed'
}
