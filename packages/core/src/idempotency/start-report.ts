import { hasCode } from '../errors.ts'
import { leaseRemaining } from './decide.ts'
import { type Replay, type StartersEvent, type WaitOutcome, publish } from './events.ts'
import type { Execution } from './execution.ts'
import type { JobKey } from './job-key.ts'
import type { KeyWatchers } from './key-watcher.ts'
import type { OnDropped } from './trace-context.ts'
import type { Executing, ExecutingRecord, ExecutionRecord, ExecutionSnapshot } from './record.ts'

/** What is known of the execution that an event is about. */
interface About {
  readonly executionId: string
  readonly instance?: string | null | undefined
}

/** Publishes how one call to start a job goes: what it waits for, how the wait ends, and what it answers. */
export class StartReport {
  readonly job: JobKey
  readonly #watchers: KeyWatchers
  #waitsSince: number | undefined
  /** What it began to wait for. */
  #awaited: ExecutingRecord | undefined
  /** Of the executions of this process, the one that it waited for. */
  #joinedId: string | undefined

  constructor(watchers: KeyWatchers, job: JobKey) {
    this.#watchers = watchers
    this.job = job
  }

  waits(current: Executing, now: number): void {
    this.#joinedId = this.#watchers.local(this.job)?.current?.record.executionId ?? this.#joinedId
    if (this.#waitsSince !== undefined) return
    this.#waitsSince = this.#watchers.calls.runtime.monotonicNow()
    this.#awaited = current.record
    const leaseRemainingMs = leaseRemaining(current.record, current, now)
    this.#publish(current.record, () => ({ type: 'waiting', leaseRemainingMs }))
  }

  /** How this call came by a result of this execution. */
  replayOf(executionId: string): Replay {
    if (executionId === this.#joinedId) return 'joined'
    return this.#waitsSince === undefined ? 'stored' : 'waited'
  }

  /** `before`: the record that it replaced. */
  started(
    { executionId, attempt, fencingToken, owner }: Execution,
    before: ExecutionRecord | undefined,
  ): void {
    this.#waited('started')
    const { instance } = owner.writer.current.record
    this.#publish({ executionId, instance }, () => {
      const started = { type: 'started', attempt, fencingToken } as const
      if (before?.status !== 'executing') return started
      return { ...started, takenOverFrom: before.executionId, takenOverFromInstance: before.instance }
    })
  }

  /** Says of an execution that a tracer's context was dropped. */
  droppedBy({ executionId }: About): OnDropped {
    return (reason, error) =>
      this.#publish({ executionId }, () => ({
        type: 'traceContextDropped',
        reason,
        ...(error === undefined ? {} : { error }),
      }))
  }

  answered(
    snapshot: ExecutionSnapshot,
    event: Extract<StartersEvent, { type: 'replayed' | 'failedBefore' | 'inProgress' | 'mismatch' }>,
  ): void {
    if (event.type === 'inProgress') this.#waited('timedOut')
    else this.#waited(event.type === 'replayed' && event.replay === 'joined' ? 'joined' : event.type)
    this.#publish(snapshot, () => event)
  }

  failed(error: unknown): void {
    this.#waited(outcomeFor(error), error)
  }

  #waited(outcome: WaitOutcome, error?: unknown): void {
    const since = this.#waitsSince
    const awaited = this.#awaited
    if (since === undefined || awaited === undefined) return
    // A call ends once, but its answer may still fail: a result that has to be loaded.
    this.#awaited = undefined
    this.#publish(awaited, () => {
      const waitedMs = this.#watchers.calls.runtime.monotonicNow() - since
      return { type: 'waited', waitedMs, outcome, ...(error === undefined ? {} : { error }) }
    })
  }

  #publish(about: About, event: () => StartersEvent): void {
    publish(this.job, about, this.#watchers.calls.runtime, event)
  }
}

function outcomeFor(error: unknown): WaitOutcome {
  if (hasCode(error, 'WAIT_ABORTED')) return 'aborted'
  if (hasCode(error, 'STORAGE_UNAVAILABLE')) return 'storageUnavailable'
  return hasCode(error, 'CLOSED') ? 'closed' : 'failed'
}
