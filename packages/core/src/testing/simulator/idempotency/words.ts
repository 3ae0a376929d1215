import { HoldfastError } from '../../../errors.ts'
import { ExecutionLostError } from '../../../idempotency/errors.ts'
import type { ExecutionContext } from '../../../idempotency/execution-context.ts'
import type { BeginOutcome } from '../../../idempotency/start-outcome.ts'
import type { ExecutionSnapshot } from '../../../idempotency/record.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import { isBodyError } from './body-error.ts'
import type { Executions } from './executions.ts'
import type { Owners } from './owners.ts'
import type { Start } from './plan.ts'
import type { Seen } from './seen.ts'

/** Which operation something was said to. */
interface Caller {
  readonly id: number
  readonly start?: Start
}

/** What a start may be refused with, besides what bodies throw and what was recorded before. */
const EXPECTED_CODES = new Set([
  'STORAGE_UNAVAILABLE',
  'EXECUTION_IN_PROGRESS',
  'FINGERPRINT_MISMATCH',
  'LEASE_LOST',
  'COMPLETION_UNCONFIRMED',
  'WAIT_ABORTED',
  'CLOSED',
  'EXECUTION_TIMEOUT',
  'EXECUTION_CANCELLED',
])

/** Judges the answers of callers and bodies against what the storage was seen to store. */
export class Words {
  readonly #world: World
  readonly #executions: Executions
  readonly #owners: Owners

  constructor(world: World, executions: Executions, owners: Owners) {
    this.#world = world
    this.#executions = executions
    this.#owners = owners
  }

  /** A body learns that it owns the execution. */
  started(process: SimulatedProcess, caller: Caller, execution: ExecutionContext): void {
    const { executionId, fencingToken, attempt, signal } = execution
    const seen = this.#executions.get(executionId)
    if (seen === undefined)
      return this.#violated('I1', `${process.name} runs ${executionId}, which was never stored`)
    if (seen.owner !== undefined) this.#violated('I1', `${executionId} runs twice`)
    if (seen.from !== process.name)
      this.#violated('I1', `${process.name} runs ${executionId} of ${seen.from}`)
    if (fencingToken !== seen.fence || attempt !== seen.attempt) {
      const told = `fence ${fencingToken}, attempt ${attempt}`
      this.#violated('I4', `${executionId} got ${told}, stored was ${seen.fence}, ${seen.attempt}`)
    }
    seen.owner = process
    seen.context = execution
    this.#mayStart(caller, seen.id)
    signal.addEventListener('abort', () => {
      seen.believed = false
      this.#world.history.add(process.index, () => `${executionId} aborted: ${codeOf(signal.reason)}`)
      if (!(signal.reason instanceof ExecutionLostError)) return
      this.#world.totals.count('lost leases told')
      this.#mustBeTrue(seen, signal.reason)
    })
    if (signal.aborted) return
    if (!this.#executions.isCurrent(seen) && !seen.gone)
      this.#violated('I1', `${process.name} learns that it runs ${executionId}, which was taken over already`)
    this.#owners.believes(seen)
  }

  /** The body has computed for long, and asks for its signal before any timer can have fired. */
  awake({ executionId, signal }: Pick<ExecutionContext, 'executionId' | 'signal'>): void {
    const seen = this.#executions.get(executionId)
    if (seen === undefined || signal.aborted || seen.goneAt > -Infinity || this.#executions.leftMs(seen) > 0)
      return
    this.#violated('I5', `${executionId} continues right after it computed for longer than its lease`)
  }

  returned(executionId: string, result: string): void {
    const seen = this.#executions.get(executionId)
    if (seen !== undefined) seen.returned = result
  }

  /** The body does nothing more. */
  finished(executionId: string): void {
    const seen = this.#executions.get(executionId)
    if (seen !== undefined) seen.believed = false
  }

  /** The caller got the result. */
  ended(
    process: SimulatedProcess,
    caller: Caller,
    status: 'executed' | 'replayed',
    executionId: string,
    result: unknown,
  ): void {
    this.#world.totals.count(status)
    const seen = this.#executions.get(executionId)
    if (seen === undefined)
      return this.#violated('I7', `${process.name} got the result of ${executionId}, which never ran`)
    if (result !== seen.returned)
      this.#violated(
        'I7',
        `${process.name} got ${String(result)} from ${executionId}, which returned ${String(seen.returned)}`,
      )
    if (status === 'executed') this.recorded(executionId, 'completed')
    else {
      if (!seen.hasCompleted && !seen.gone)
        this.#violated('I7', `${process.name} got a replay of ${executionId}, which never completed`)
      this.#startedNothing(caller, status)
    }
  }

  /** A caller learned that this end is recorded. */
  recorded(executionId: string, how: 'completed' | 'failed'): void {
    const seen = this.#executions.get(executionId)
    if (how === 'completed' && seen?.hasCompleted) return
    if (seen !== undefined && seen.ended !== how && !seen.gone)
      this.#violated('I2', `${executionId} got the answer that it is recorded as ${how}, but it is not`)
  }

  notStarted(caller: Caller, begun: Exclude<BeginOutcome, { status: 'started' }>): void {
    this.#world.totals.count(begun.status)
    this.#startedNothing(caller, begun.status)
    if (begun.status === 'replayed') {
      const { executionId } = begun.snapshot
      const seen = this.#executions.get(executionId)
      if (seen === undefined || begun.result !== seen.returned)
        this.#violated('I7', `the replay of ${executionId} is ${String(begun.result)}`)
    }
  }

  /** A state was shown; `last` is the one that was shown before it. */
  seen(snapshot: ExecutionSnapshot, last?: ExecutionSnapshot): void {
    const { executionId, status, result, fencingToken, progressPercentage } = snapshot
    const seen = this.#executions.get(executionId)
    if (seen === undefined) return this.#violated('I7', `${executionId} was shown, which never started`)
    if (status === 'completed' && result !== seen.returned)
      this.#violated(
        'I7',
        `${executionId} was shown with ${String(result)}, it returned ${String(seen.returned)}`,
      )
    if (last === undefined || this.#executions.wasEmptied(seen)) return
    const isBack =
      last.executionId === executionId
        ? progressPercentage < last.progressPercentage ||
          (last.status !== 'executing' && status === 'executing')
        : fencingToken < last.fencingToken
    if (isBack) {
      this.#violated('I4', `a watcher saw ${executionId} after ${last.executionId}, or its progress, go back`)
    }
  }

  refused(process: SimulatedProcess, caller: Caller, error: unknown): void {
    const code = codeOf(error)
    this.#world.totals.count(`told ${code}`)
    if (code === 'EXECUTION_IN_PROGRESS' || code === 'FINGERPRINT_MISMATCH')
      this.#startedNothing(caller, code)
    if (EXPECTED_CODES.has(code) || isOrdinary(error)) return
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#violated(
      'No surprise',
      `operation ${caller.id} of ${process.name} was refused with ${code}: ${what}`,
    )
  }

  /** The reason that an owner gives for its loss is what has happened. */
  #mustBeTrue(seen: Seen, { reason, current }: ExecutionLostError): void {
    this.#world.totals.count(`lost: ${reason}`)
    const isTrue = {
      outage: true,
      expired: true,
      takenOver: this.#executions.get(current?.executionId ?? '')?.key === seen.key,
      ended: seen.ended !== null || seen.gone,
      forgotten: this.#executions.wasEmptied(seen),
      vanished: this.#executions.wasEmptied(seen),
    }
    if (!isTrue[reason])
      this.#violated('reason', `${seen.id} says that it was lost as ${reason}, which is not so`)
  }

  /** The policy of the call allows this start over what was there. */
  #mayStart({ start }: Caller, id: string): void {
    const seen = this.#executions.get(id)
    if (start === undefined || seen === undefined) return
    const { options } = start
    const { before } = seen
    if (seen.attempt > options.maxAttempts && before?.record.status !== 'failed')
      this.#violated('maxAttempts', `${id} is attempt ${seen.attempt} of ${options.maxAttempts}`)
    if (before === null) return
    const agoMs = this.#executions.startedAfterMs(seen, before)
    if (before.record.status === 'completed' && options.onCompleted === 'replay') {
      const { completedWindowMs } = options
      if (isShort(agoMs, completedWindowMs))
        this.#violated('I3', `${id} started ${afterA('completion', agoMs, completedWindowMs)}`)
    }
    if (before.record.status === 'failed' && !before.record.released) {
      const { retryAfterMs = 0 } = before.record
      if (isShort(agoMs, retryAfterMs))
        this.#violated('retryAfterMs', `${id} started ${afterA('failure', agoMs, retryAfterMs)}`)
      if (before.record.final || options.onFailed === 'replay')
        this.#violated('onFailed', `${id} runs again what had failed for good`)
    }
    if (before.record.status === 'executing' && options.onStalled !== 'takeOver')
      this.#violated('onStalled', `${id} took over although the policy was to ${options.onStalled}`)
  }

  /**
   * A call whose answer says that it started nothing has not; unless what had stood in its way was removed, and the network
   * repeated the start then.
   */
  #startedNothing({ id }: Caller, told: string): void {
    for (const seen of this.#executions.all()) {
      if (seen.operation !== id || seen.owner !== undefined || this.#executions.wasEmptied(seen)) continue
      if (!seen.gone && this.#executions.isCurrent(seen))
        this.#violated('I9', `operation ${id} got ${told}, but it had started ${seen.id} itself`)
    }
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, message)
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code)
  return error instanceof Error ? error.name : String(error)
}

/** Fractions of milliseconds count: only the arithmetic of the simulation may be a little off. */
function isShort(agoMs: number, promisedMs: number): boolean {
  return agoMs < promisedMs - 1e-3
}

function afterA(what: string, agoMs: number, promisedMs: number): string {
  return `${agoMs.toFixed(3)} ms after a ${what}; the time until then was to be ${promisedMs} ms`
}

/** Thrown by a body of the workload, or recorded of one, or by an impatient caller: nothing to wonder about. */
function isOrdinary(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isBodyError(error) || error.message === 'out of patience') return true
  return !HoldfastError.isInstance(error) && codeOf(error).startsWith('EXECUTION_')
}
