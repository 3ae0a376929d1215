import type { ExecutionRecord } from '../../../idempotency/record.ts'
import type { DeleteReply, PutReply, RecordEntry, RecordKey, RecordMatch } from '../../../storage/records.ts'
import type { Command } from '../simulated-server.ts'
import type { World } from '../workload.ts'
import { Holdings, microsOf, textOf } from './holdings.ts'
import { JOB_TYPE, NESTED_JOB_TYPE } from './plan.ts'
import { type Held, type Seen, attemptAfter, checkpointOf, leaseEnd, nameOf } from './seen.ts'

/**
 * Judges what the storage was made to store against I1 to I9 of `docs/guarantees.md`. It reads records, and sees which
 * process a command came from; it trusts no process.
 */
export class Executions {
  readonly #world: World
  readonly #callTimeoutMs: number
  readonly #seen = new Map<string, Seen>()
  readonly #holdings: Holdings
  readonly #highestFence = new Map<string, number>()
  onStart: (key: string, executionId: string) => void = () => undefined
  onGone: (seen: Seen) => void = () => undefined

  constructor(world: World, callTimeoutMs: number, database: number) {
    this.#world = world
    this.#callTimeoutMs = callTimeoutMs
    this.#holdings = new Holdings(world, database)
  }

  get(executionId: string): Seen | undefined {
    return this.#seen.get(executionId)
  }

  all(): Iterable<Seen> {
    return this.#seen.values()
  }

  /** What the key of a job holds. */
  held(jobKey: string): Held | undefined {
    return this.#holdings.get(textOf({ collection: COLLECTION, id: jobKey }))
  }

  /** The record of this execution is what the key holds, and it runs. */
  isCurrent({ id, key }: Seen): boolean {
    const held = this.#holdings.get(key)
    return held?.record.executionId === id && held.record.status === 'executing'
  }

  /** The storage forgot what this key held, at some time. */
  wasEmptied({ key }: Seen): boolean {
    return this.#holdings.wasEmptied(key)
  }

  /** How long the storage grants it to no other process; 0 when it is not current. */
  leftMs(seen: Seen): number {
    const held = this.#holdings.get(seen.key)
    if (held === undefined || !this.isCurrent(seen)) return 0
    return Math.max(0, leaseEnd(held) - this.#world.server.now())
  }

  executed(command: Command, reply: unknown, now: number): void {
    const [key] = command.args as readonly [RecordKey]
    // Lists of job types and the like are no executions.
    if (typeof key === 'string' || !COLLECTIONS.has(key.collection)) return
    switch (command.op) {
      case 'put': {
        const { outcome, entry } = reply as PutReply
        if (outcome === 'written') this.#written(command, key, entry, now)
        return
      }
      case 'compareAndDelete': {
        const { outcome } = reply as DeleteReply
        if (outcome === 'deleted') this.#deleted(key, command.args[1] as RecordMatch, now)
      }
    }
  }

  /** The storage has forgotten: looks at what it still has. */
  async forgot(): Promise<void> {
    await this.#holdings.forgot()
    for (const seen of this.#seen.values()) {
      // A renewal may be forgotten although the execution is not.
      if (seen.believed) seen.goneAt = this.#world.scheduler.now
      if (this.isCurrent(seen)) seen.ended = null
      else if (seen.ended === null || this.#holdings.get(seen.key)?.record.executionId !== seen.id)
        this.#lose(seen)
    }
  }

  #written(command: Command, key: RecordKey, entry: RecordEntry, now: number): void {
    const text = textOf(key)
    const before = this.#live(text, now)
    if (before?.rev === entry.rev) return this.#world.totals.count('re-sent commands')
    const after = this.#holdings.written(key, entry)
    const { executionId, status } = after.record
    if (before !== null && before.record.executionId === executionId) {
      this.#ownersWrite(command, before, after)
    } else if (status === 'executing') {
      this.#start(command, text, before, after)
    } else {
      this.#violated('I2', `${executionId} ended as ${status}, but ${nameOf(before)} holds ${text}`)
    }
  }

  #start(command: Command, text: string, before: Held | null, after: Held): void {
    const { totals } = this.#world
    const { record, rev } = after
    const { executionId, attempt } = record
    totals.count('starts')
    this.#inTime(command, `the start of ${executionId}`)
    // The network may repeat a start after the storage forgot it, or after a caller had its result forgotten.
    if (this.#seen.has(executionId) && !this.#holdings.wasEmptied(text))
      this.#violated('I2', `${executionId} started twice`)
    const highest = this.#highestFence.get(text) ?? 0
    if (rev <= highest) this.#violated('I4', `${executionId} has fence ${rev}, an earlier one had ${highest}`)
    this.#highestFence.set(text, rev)
    const expected = attemptAfter(before)
    if (attempt !== expected)
      this.#violated('I4', `${executionId} is attempt ${attempt} after ${nameOf(before)}, not ${expected}`)
    const bound = before?.record.fingerprint
    if (bound !== undefined && record.fingerprint !== undefined && record.fingerprint !== bound) {
      this.#violated('I8', `${executionId} started over ${nameOf(before)} with another fingerprint`)
    }
    if (before?.record.status === 'executing') {
      totals.count('takeovers')
      if (!this.#isStalled(before))
        this.#violated('I2', `${executionId} took over from ${nameOf(before)}, whose lease is alive`)
    }
    if (
      before !== null &&
      before.record.status !== 'completed' &&
      before.record.checkpoint !== checkpointOf(after)
    ) {
      this.#violated('I4', `${executionId} did not get the checkpoint of ${nameOf(before)}`)
    }
    if (before !== null && goesOn(before.record)) {
      const asked = before.record.status === 'completed' ? undefined : before.record.cancelRequested
      if (asked !== undefined) totals.count('successors asked to stop')
      if (record.status !== 'executing' || record.cancelRequested !== asked)
        this.#violated('I4', `${executionId} was not asked to stop as ${nameOf(before)} was`)
    }
    const twin = this.#seen.get(executionId)
    // Its owner continues with the answer to the first.
    if (twin?.owner !== undefined) Object.assign(twin, { gone: false, ended: null })
    else
      this.#seen.set(executionId, {
        id: executionId,
        key: text,
        attempt,
        fence: rev,
        from: command.from,
        operation: command.operation,
        startedAt: this.#world.scheduler.now,
        before,
        ended: null,
        hasCompleted: false,
        gone: false,
        goneAt: -Infinity,
        owner: undefined,
        context: undefined,
        believed: false,
        watched: false,
        returned: undefined,
      })
    this.onStart(text, executionId)
  }

  #ownersWrite(command: Command, before: Held, after: Held): void {
    const { executionId } = after.record
    if (before.record.status !== 'executing') {
      if (isCancelOfReleased(before.record, after.record)) return
      return this.#violated(
        'I2',
        `${executionId} was written to after it had ended as ${before.record.status}`,
      )
    }
    const seen = this.#seen.get(executionId)
    const isOwners = seen?.from === command.from
    switch (after.record.status) {
      case 'executing': {
        // Asked twice, it may ask for what is there already.
        const { cancelRequested } = after.record
        const isCancel = isOwners
          ? cancelRequested !== before.record.cancelRequested
          : cancelRequested !== undefined
        if (!isOwners && !isCancel)
          this.#violated('I5', `${command.from} wrote to ${executionId}, which is not its own`)
        if (isOwners && !isCancel) this.#inTime(command, `a renewal of ${executionId}`)
        const percentage = after.record.progress?.percentage ?? 0
        if (percentage < (before.record.progress?.percentage ?? 0))
          this.#violated('I4', `the progress of ${executionId} went back to ${percentage}`)
        return
      }
      case 'completed':
        if (!isOwners) this.#violated('I5', `${command.from} completed ${executionId}, which is not its own`)
        if (seen !== undefined) this.#end(seen, 'completed')
        return
      case 'failed': {
        const isStalledOut = after.record.error.code === 'EXECUTION_STALLED'
        if (isStalledOut && !this.#isStalled(before))
          this.#violated('I2', `${executionId} was given up while its lease was alive`)
        if (!isOwners && !isStalledOut)
          this.#violated('I5', `${command.from} failed ${executionId}, which is not its own`)
        if (isStalledOut) this.#world.totals.count('given up')
        if (seen !== undefined) this.#end(seen, after.record.released ? 'released' : 'failed')
      }
    }
  }

  #end(seen: Seen, how: 'completed' | 'failed' | 'released'): void {
    this.#world.totals.count(how)
    if (seen.ended !== null) this.#violated('I2', `${seen.id} ended twice: ${seen.ended}, then ${how}`)
    seen.ended = how
    if (how === 'completed') seen.hasCompleted = true
  }

  #deleted(key: RecordKey, match: RecordMatch, now: number): void {
    const text = textOf(key)
    const before = this.#live(text, now)
    if (before === null) return
    this.#holdings.removed(text)
    const isRight = 'rev' in match ? before.rev === match.rev : before.writeId === match.writeId
    if (!isRight) return this.#violated('I5', `${nameOf(before)} was deleted by a command that meant another`)
    this.#world.totals.count('rev' in match ? 'removed' : 'undone')
    const seen = this.#seen.get(before.record.executionId)
    if (seen === undefined) return
    // It may have been gone before: a failover brought it back.
    seen.goneAt = this.#world.scheduler.now
    this.#lose(seen)
  }

  /** What the key holds, unless its time is over; a running or resting attempt must not be forgotten. */
  #live(text: string, now: number): Held | null {
    const held = this.#holdings.get(text)
    if (held === undefined || held.endsAt > microsOf(now)) return held ?? null
    this.#holdings.expired(text)
    const { record } = held
    if (record.status === 'executing' || (record.status === 'failed' && record.released))
      this.#violated('I4', `${nameOf(held)} expired, and with it the count of its attempts`)
    return null
  }

  #inTime({ sentAt }: Command, what: string): void {
    const { scheduler, scenario } = this.#world
    const late = scheduler.now - sentAt - this.#callTimeoutMs
    // The estimate of the storage's clock may be off by what it was stepped, and by a drift of 1 %.
    const tolerance =
      scenario.setBackMs + scenario.setOnMs + this.#callTimeoutMs * 0.01 + scenario.calmFrom * 0.01
    if (late > tolerance)
      this.#violated('G8', `${what} was executed ${late.toFixed(0)} ms after its sender gave up`)
  }

  #lose(seen: Seen): void {
    if (seen.gone) return
    seen.gone = true
    seen.goneAt = this.#world.scheduler.now
    this.onGone(seen)
  }

  /** Its owner was silent for the whole lease, by the storage's rate; steps of its clock aside. */
  #isStalled({ record, since }: Held): boolean {
    return record.status !== 'executing' || this.#longestMs(since) + ROUNDING_MS >= record.leaseMs
  }

  /** How long after the write before it the storage executed this start, by what it can take that time for at most. */
  startedAfterMs({ startedAt }: Seen, { since }: Held): number {
    return this.#longestMs(since, startedAt)
  }

  /** In how many milliseconds of true time the storage will have counted so many since it wrote what the key holds. */
  endOf({ since }: Held, ms: number): number {
    return since + ms / this.#world.scenario.storageClock.rate - this.#world.scheduler.now
  }

  /** The longest that the storage can take the time since then for: by its rate, and with all that it was set on. */
  #longestMs(since: number, until: number = this.#world.scheduler.now): number {
    const { storageClock, incidents } = this.#world.scenario
    const setOnMs = incidents.reduce((sum, incident) => {
      const isOn = incident.kind === 'stepStorageClock' && incident.byMs > 0
      return isOn && since <= incident.at && incident.at <= until ? sum + incident.byMs : sum
    }, 0)
    return (until - since) * storageClock.rate + setOnMs
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, message)
  }
}

/** A lease ends in a whole millisecond of the storage: its owner keeps a margin, which covers that. */
const ROUNDING_MS = 1

const COLLECTION = `sim:${JOB_TYPE}`
const COLLECTIONS = new Set([COLLECTION, `sim:${NESTED_JOB_TYPE}`])

/** It was neither completed nor failed by its body: the next start continues it. */
function goesOn(record: ExecutionRecord): boolean {
  return record.status === 'executing' || (record.status === 'failed' && record.released)
}

/** A released execution continues, so its cancellation can still be requested. */
function isCancelOfReleased(before: ExecutionRecord, after: ExecutionRecord): boolean {
  if (before.status !== 'failed' || after.status !== 'failed') return false
  return before.released && after.released && after.cancelRequested !== undefined
}
