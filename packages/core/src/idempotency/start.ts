// One start: `decide-start.ts` says what to do, `claim.ts` writes it, and `wait.ts` waits for other executions.

import { AsyncResource } from 'node:async_hooks'
import type { StorageClient } from '../support/storage-client.ts'
import { type ClosedError, SelfDeadlockError } from '../errors.ts'
import { callChain, contains, innermost } from '../support/call-chain.ts'
import type { ClaimCoordinator } from './claim.ts'
import { decideStart, type StartCommand } from './decide-start.ts'
import type { JobKey } from './job-key.ts'
import { Execution } from './execution.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { KeyWatchers } from './key-watcher.ts'
import type { AnyStartOptions, ResolvedOptions, StartOptions } from './options.ts'
import type { Executing, ExecutionSnapshot, StoredState } from './record.ts'
import { snapshotOf } from './snapshot.ts'
import { StartReport } from './start-report.ts'
import { outcomeOf, type StartOutcome } from './start-outcome.ts'
import { showTraceContext, withTraceContext } from './trace-context.ts'
import { WaitTimeouts, type Waited, until, waitAborted } from './wait.ts'

/** What a start needs of its instance. */
export interface StartDeps {
  readonly calls: StorageClient
  readonly claims: ClaimCoordinator
  readonly watchers: KeyWatchers
  /** How this process calls itself. */
  readonly instance: string
  /** Set once the instance is being closed. */
  closing: ClosedError | undefined
  /** A job of this type was started. */
  readonly started: (jobType: string) => void
}

/**
 * Decides, and claims the key or waits, as often as the stored state changes on the way, until there is an answer. What
 * this process knows without asking comes first: its own executions, claims in flight, and keys that it watches.
 */
export async function startExecution(
  deps: StartDeps,
  job: JobKey,
  start: AnyStartOptions,
  resolved: ResolvedOptions,
): Promise<StartOutcome> {
  const { calls, claims, watchers } = deps
  assertOpen(deps)
  if (start.signal?.aborted) throw waitAborted(job, start.signal)
  let command = commandOf(deps, start, resolved)
  // The time to wait begins with the call.
  let timeouts =
    resolved.onInProgress === 'wait' ? new WaitTimeouts(calls.runtime, resolved.waitMs) : undefined
  let state: StoredState | undefined = watchers.local(job) ?? runningElsewhere(deps, job, command)
  const report = new StartReport(watchers, job)
  const { traceContext: hooks } = resolved
  /** This call has claimed with the id of its command. */
  let isIdSpent = false
  try {
    for (;;) {
      const { current, now } = state ?? NOTHING_KNOWN
      const decision = decideStart(current, now, command)
      switch (decision.type) {
        case 'write': {
          if (isIdSpent) {
            // It decides again: the record names its execution.
            command = withFreshId(calls, command)
            isIdSpent = false
            break
          }
          const shared = claims.inFlight(job)
          const write =
            hooks !== undefined && shared === undefined
              ? withTraceContext(decision, job, hooks, report.droppedBy(command))
              : decision
          const answer = await (shared ?? claims.claim(job, current, write, command, resolved))
          ;({ state } = answer)
          const execution = shared === undefined ? answer.execution : undefined
          const { closing } = deps
          if (closing !== undefined) {
            // It began while the instance was being closed: no body runs for it.
            await execution?.release().catch(() => execution.owner.abandon())
            throw closing
          }
          if (execution !== undefined) {
            report.started(execution, current?.record)
            if (hooks !== undefined)
              showTraceContext(current?.record, job, execution, hooks, report.droppedBy(execution))
            deps.started(job.jobType)
            return { status: 'started', execution }
          }
          isIdSpent = shared === undefined
          break
        }
        case 'alreadyStarted':
          // The network repeated our claim after its answer, when the state that had stood in its way was gone.
          state = await claims.undoClaim(job, decision.current)
          assertOpen(deps)
          break
        case 'wait': {
          report.waits(decision.current, now)
          timeouts ??= new WaitTimeouts(calls.runtime, resolved.waitMs)
          const since = { current: decision.current, now }
          const waited = await waitElsewhere(deps, job, start, command, resolved, since, timeouts)
          assertOpen(deps)
          ;({ state } = waited)
          command = { ...command, hasWaited: true, isLate: waited.isLate }
          break
        }
        case 'running':
        case 'replay':
        case 'failedBefore':
        case 'mismatch': {
          const outcome = outcomeOf(report, resolved, decision, now)
          return outcome instanceof Promise ? await outcome : outcome
        }
      }
    }
  } catch (error) {
    report.failed(error)
    throw error
  }
}

/** Decides as for an absent key, so a claim finds out. */
const NOTHING_KNOWN: StoredState = { current: null, now: 0 }

function commandOf(
  { calls, instance }: StartDeps,
  { fingerprint }: AnyStartOptions,
  policy: ResolvedOptions,
): StartCommand {
  return {
    executionId: calls.runtime.randomId(),
    policy,
    fingerprint: fingerprint === undefined ? undefined : fingerprintOf(fingerprint),
    parentExecutionId: innermost(Execution)?.executionId,
    instance,
    usedIds: [],
    hasWaited: false,
    isLate: false,
  }
}

/** An id that may be stored is not used for another attempt. */
function withFreshId({ runtime }: StorageClient, command: StartCommand): StartCommand {
  const usedIds = [...command.usedIds, command.executionId]
  return { ...command, usedIds, executionId: runtime.randomId() }
}

/** What this process watches is good enough to begin waiting; any other answer must be asked for. */
function runningElsewhere(
  { watchers }: StartDeps,
  job: JobKey,
  command: StartCommand,
): StoredState | undefined {
  // At most a lost hint behind.
  const state = watchers.get(job)?.latest
  return state && decideStart(state.current, state.now, command).type === 'wait' ? state : undefined
}

/** The state that ends the wait; `isLate` when the time to wait is over. */
async function waitElsewhere(
  { watchers }: StartDeps,
  job: JobKey,
  start: AnyStartOptions,
  command: StartCommand,
  { codec }: ResolvedOptions,
  since: { readonly current: Executing; readonly now: number },
  timeouts: WaitTimeouts,
): Promise<Waited> {
  const awaitedId = since.current.record.executionId
  if (contains(callChain(), Execution, ({ executionId }) => executionId === awaitedId)) {
    throw new SelfDeadlockError(
      `${job.jobType} ${job.jobKey} is running around this call, which would wait for itself. ` +
        "Do the work in the running body, use another key, or call with onInProgress: 'reject'.",
    )
  }
  let shownRev: number | undefined
  // Each caller sees the states in the async context that it came from.
  const onProgress = start.onProgress && AsyncResource.bind(start.onProgress)
  const isOver = ({ current, now }: StoredState): boolean => {
    const decision = decideStart(current, now, command)
    if (decision.type !== 'wait') return true
    if (onProgress !== undefined && decision.current.rev !== shownRev) {
      shownRev = decision.current.rev
      show(onProgress, snapshotOf(job, decision.current, now, codec))
    }
    return false
  }
  return await until(watchers, { job, isOver, timeouts, signal: start.signal, since })
}

/** An async `onProgress` is not waited for, and its rejection must not end the process. */
function show(onProgress: NonNullable<StartOptions['onProgress']>, snapshot: ExecutionSnapshot): void {
  const shown: unknown = onProgress(snapshot)
  if (shown instanceof Promise) shown.catch(() => undefined)
}

function assertOpen({ closing }: StartDeps): void {
  if (closing !== undefined) throw closing
}
