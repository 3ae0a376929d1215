import type { TimerQueue } from '../support/timer-queue.ts'
import { StringMap } from '../support/string-map.ts'
import { HoldfastError, StorageUnavailableError } from '../errors.ts'
import type { Instant } from '../support/runtime.ts'
import type { TimedReply } from '../support/pending-request.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { CompareReply, CreateReply, RecordKey, RecordWrite } from '../storage/records.ts'
import type { OperatorWrites } from './administration.ts'
import { type BeginCommand, decide } from './decide.ts'
import { Execution } from './execution.ts'
import type { ExecutionName } from './names.ts'
import type { ResolvedOptions } from './options.ts'
import { type Executing, OwnerRecord } from './owner-record.ts'
import { Ownership, type OwnershipHome } from './ownership.ts'
import { type Current, type ExecutionRecord, type View, currentOf, startOf } from './record.ts'
import { LeaseDeadline } from '../lease-deadline.ts'

/** The execution is present when this very call started it. */
export interface StartAnswer {
  readonly view: View
  readonly execution?: Execution
}

/** What is to be written over what was found: null for nothing. */
interface Claim {
  readonly current: Current | null
  readonly record: ExecutionRecord
  readonly write: RecordWrite
}

type ClaimReply = CreateReply | CompareReply

/** How long an abandoned claim is chased; `notAfter` keeps it from being executed later than its deadline anyway. */
const COMPENSATION_MS = 10_000

/**
 * The writes that make an execution: claims of an absent key, takeovers and re-runs. One at a time per key and
 * process: the others share its answer, so a hundred duplicates cost the storage about one.
 */
export class Starts implements OperatorWrites {
  readonly #calls: StorageClient
  readonly #running: StringMap<Ownership>
  readonly #home: OwnershipHome
  readonly #underWay = new StringMap<Promise<StartAnswer>>()
  /** The revision that was removed while a start of the key was on its way. */
  readonly #removed = new Map<string, number>()

  /** `running`: the keys that this process owns, by their text, kept up to date here. */
  constructor(calls: StorageClient, alarms: TimerQueue, running: StringMap<Ownership>) {
    this.#calls = calls
    this.#running = running
    this.#home = {
      calls,
      alarms,
      left: (ownership) => {
        const { text } = ownership.name
        if (running.get(text) === ownership) running.delete(text)
      },
    }
  }

  /** What this process knows without asking: the state of a key that it executes itself. */
  known({ text }: ExecutionName): View | undefined {
    const local = this.#running.get(text)
    return local?.isOwner ? local.view() : undefined
  }

  /** The answer to a start of this key that is already on its way. */
  underWay({ text }: ExecutionName): Promise<StartAnswer> | undefined {
    return this.#underWay.get(text)
  }

  removed({ text }: ExecutionName, rev: number): void {
    if (this.#underWay.get(text) !== undefined) this.#removed.set(text, rev)
    this.#running.get(text)?.removed(rev)
  }

  cancelled({ text }: ExecutionName, current: Current): void {
    this.#running.get(text)?.rewritten(current)
  }

  /** Settles when no start is on its way any more; never rejects. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay.values())
  }

  /** Claims the key over `view`, which `decide` found to be free, or as absent without one. */
  start(
    job: ExecutionName,
    view: View | undefined,
    command: BeginCommand,
    options: ResolvedOptions,
  ): Promise<StartAnswer> {
    const current = view?.current ?? null
    const decision = decide(current, view?.now ?? 0, command)
    if (decision.type !== 'write') throw new TypeError(`a start was decided as ${decision.type}`)
    const { record, ttlMs } = decision
    // Every claim has an id of its own, which names its write as well.
    const claim = { current, record, write: writeOf(record, ttlMs, command.executionId) }
    const answer = this.#claim(job, claim, command, options)
    this.#underWay.set(job.text, answer)
    return answer
  }

  /** Removes an execution that nobody runs; the state after that. */
  async takeBack({ key }: ExecutionName, { rev }: Current): Promise<View> {
    const { storage } = this.#calls
    const { reply } = await this.#calls.call(() => storage.records.compareAndDelete(key, { rev }))
    return { current: currentOf(reply.entry), now: reply.now }
  }

  async #claim(
    job: ExecutionName,
    { current, record, write }: Claim,
    command: BeginCommand,
    options: ResolvedOptions,
  ): Promise<StartAnswer> {
    const { records } = this.#calls.storage
    let lastNotAfter = 0
    const send = (notAfter: number): Promise<ClaimReply> => {
      lastNotAfter = notAfter
      const { key } = job
      return current === null
        ? records.createOrRead(key, { ...write, notAfter })
        : records.compareAndSet(key, current.rev, { ...write, notAfter })
    }
    const isLate = (reply: ClaimReply): boolean =>
      !isWon(reply) && (reply.entry?.rev ?? null) === (current?.rev ?? null)
    let answer: TimedReply<ClaimReply>
    let removedRev: number | undefined
    try {
      answer = await this.#calls.claim(send, isLate)
    } catch (error) {
      if (record.status === 'executing' && mayHaveBegun(error) && lastNotAfter > 0) {
        void this.#compensate(job.key, current, write.writeId, command, lastNotAfter)
      }
      throw error
    } finally {
      removedRev = this.#removed.get(job.text)
      this.#removed.delete(job.text)
      this.#underWay.delete(job.text)
    }
    const { entry, now } = answer.reply
    // A caller that was answered here "removed" must not be answered with it. (What another program wrote has revision 0.)
    if (entry !== null && removedRev !== undefined && entry.rev <= removedRev)
      return { view: { current: null, now } }
    if (isLate(answer.reply)) {
      throw new StorageUnavailableError(
        'The claim reached the storage too late; its clock may have been stepped.',
        { maybeApplied: false },
      )
    }
    const stored =
      isWon(answer.reply) && entry !== null
        ? { record, rev: entry.rev, writtenAt: entry.writtenAt }
        : currentOf(entry)
    const answered = { view: { current: stored, now } }
    // Ours also when the answer was lost and somebody, who asked to cancel it, has written since.
    const isOurs = stored?.record.executionId === command.executionId
    if (stored === null || !isOurs || stored.record.status !== 'executing') return answered
    const started = { ...stored, record: stored.record }
    const { leaseMs } = started.record
    if (new LeaseDeadline(this.#calls.runtime, answer.sentAt, leaseMs).remainingMs() > 0) {
      return { ...answered, execution: this.#adopt(job, started, answer.sentAt, options) }
    }
    return this.#confirm(job, started, command, options)
  }

  /**
   * The answer took as long as the lease, so the key may be somebody else's by now: no body may begin before the lease
   * was renewed.
   */
  async #confirm(
    job: ExecutionName,
    started: Executing,
    { executionId, ttlMs, leaseMs }: BeginCommand,
    options: ResolvedOptions,
  ): Promise<StartAnswer> {
    const record = new OwnerRecord(this.#calls, job.key, started)
    const { stored, current, now, sentAt } = await record.write(
      { type: 'update', executionId, ttlMs, change: { leaseMs } },
      { notify: false, timeoutMs: this.#calls.callTimeoutMs, refuseLate: true },
    )
    const view = { current, now }
    if (!stored) return { view }
    if (new LeaseDeadline(this.#calls.runtime, sentAt, leaseMs).remainingMs() > 0) {
      return { view, execution: this.#adopt(job, record.current, sentAt, options) }
    }
    throw new StorageUnavailableError(
      `The storage takes longer to answer than the lease of ${leaseMs} ms lasts; nothing was started.`,
      { maybeApplied: true },
    )
  }

  #adopt(job: ExecutionName, started: Executing, sentAt: Instant, options: ResolvedOptions): Execution {
    this.#running.get(job.text)?.supersede(started, started.writtenAt)
    // The write that started it says when and with which token.
    const record = { ...started.record, start: startOf(started) }
    const ownership = new Ownership(this.#home, job, options, { ...started, record }, sentAt)
    this.#running.set(job.text, ownership)
    return new Execution(ownership, options)
  }

  /**
   * Nobody will run what a claim with an unseen answer may have started: take it back, so that the key is not blocked
   * for a lease. A first start is deleted, which also voids it if it is still under way. A takeover is given back
   * instead, uncounted and with its checkpoint; it cannot come later than its `notAfter`, which is over by now.
   */
  async #compensate(
    key: RecordKey,
    current: Current | null,
    writeId: string,
    command: BeginCommand,
    notAfter: number,
  ): Promise<void> {
    const { records } = this.#calls.storage
    const send = <T>(request: () => Promise<T>): Promise<TimedReply<T>> =>
      this.#calls.call(request, COMPENSATION_MS, { background: true })
    try {
      if (current === null) {
        const { reply } = await send(() => records.compareAndDelete(key, { writeId, notAfter }))
        const left = currentOf(reply.entry)
        // Somebody asked to cancel it, and so wrote over it.
        if (left?.record.executionId === command.executionId) {
          await send(() => records.compareAndDelete(key, { rev: left.rev }))
        }
        return
      }
      const { reply } = await send(() => records.read(key))
      const left = currentOf(reply.entry)
      const { executionId, ttlMs } = command
      const decision = decide(left, reply.now, { type: 'release', executionId, ttlMs })
      if (left === null || decision.type !== 'write') return
      const release = writeOf(decision.record, decision.ttlMs, this.#calls.runtime.randomId())
      await send(() => records.compareAndSet(key, left.rev, release))
    } catch {
      // Still unreachable: the lease ends it.
    }
  }
}

function isWon(reply: ClaimReply): boolean {
  return 'created' in reply ? reply.created : reply.ok
}

/** Not when it was never sent; a refusal may be the answer to the second sending of a claim that was executed. */
function mayHaveBegun(error: unknown): boolean {
  if (!HoldfastError.isInstance(error)) return true
  return error instanceof StorageUnavailableError ? error.maybeApplied : error.code !== 'CLOSED'
}

function writeOf(record: ExecutionRecord, ttlMs: number, writeId: string): RecordWrite {
  return { writeId, value: JSON.stringify(record), ttlMs, notify: true }
}
