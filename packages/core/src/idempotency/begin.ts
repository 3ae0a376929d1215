import { AsyncResource } from 'node:async_hooks'
import type { StorageClient } from '../support/storage-client.ts'
import { type ClosedError, SelfDeadlockError } from '../errors.ts'
import { callChain, contains, innermost } from '../support/call-chain.ts'
import { type BeginCommand, decide } from './decide.ts'
import { WaitAbortedError } from './errors.ts'
import { Execution } from './execution.ts'
import type { ExecutionName } from './names.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Observations } from './observation.ts'
import type { AnyStartOptions, ResolvedOptions, StartOptions } from './options.ts'
import { Patience, waitPatiently } from './patience.ts'
import type { View } from './record.ts'
import { type ExecutionSnapshot, snapshotOf } from './snapshot.ts'
import { StartReport } from './start-report.ts'
import type { Starts } from './starts.ts'
import { type Begun, inProgress, outcomeOf } from './start-outcome.ts'

/** The instance on behalf of which is started. */
export interface Starter {
  readonly calls: StorageClient
  readonly starts: Starts
  readonly observations: Observations
  /** How this process calls itself. */
  readonly instance: string
  /** Set once it is being closed. */
  readonly closing: () => ClosedError | undefined
  /** A job of this type was started. */
  readonly started: (jobType: string) => void
}

/**
 * Asks, decides, and claims or waits as often as the state changes on the way, until there is an answer. What is known
 * without asking is used first: the executions of this process, the starts and the observations under way.
 */
export async function beginJob(
  starter: Starter,
  job: ExecutionName,
  start: AnyStartOptions,
  resolved: ResolvedOptions,
): Promise<Begun> {
  const { calls, starts, observations } = starter
  assertOpen(starter)
  if (start.signal?.aborted) throw waitAborted(job, start.signal)
  let command = commandOf(starter, start, resolved)
  const mayWait = resolved.onInProgress === 'wait'
  const patience = mayWait ? new Patience(calls, resolved.waitMs) : undefined
  let view =
    starts.known(job) ?? (mayWait ? runningElsewhere(observations.latest(job.key), command) : undefined)
  let isConfirmed = false
  const report = new StartReport(calls, starts, job)
  /** Ids that may have been stored are not used for another attempt. */
  const spent: string[] = []
  try {
    for (;;) {
      if (view?.current?.record.status === 'executing' && spent.includes(view.current.record.executionId)) {
        // The network repeated our claim after its answer, when what had stood in its way was gone: no body runs for it.
        view = await starts.takeBack(job, view.current)
        assertOpen(starter)
        continue
      }
      const decision = view?.current ? decide(view.current, view.now, command) : undefined
      if (view?.current && decision !== undefined && decision.type !== 'write') {
        if (decision.type !== 'inProgress')
          return await outcomeOf(report, resolved, decision, view.current, view.now)
        if (patience === undefined || isConfirmed) return inProgress(report, resolved, view.current, view.now)
        report.waits(view)
        const waited = await waitElsewhere(starter, job, start, resolved, view, patience, spent)
        assertOpen(starter)
        ;({ view } = waited)
        isConfirmed = waited.isLate
        if (wasCancelled(view)) command = { ...command, policy: { ...command.policy, onFailed: 'replay' } }
        continue
      }
      if (spent.includes(command.executionId)) {
        command = { ...command, executionId: calls.runtime.randomId() }
      }
      const before = view?.current?.record
      const underWay = starts.underWay(job)
      const answer = await (underWay ?? starts.start(job, view, command, resolved))
      view = answer.view
      const closing = starter.closing()
      const execution = underWay === undefined ? answer.execution : undefined
      if (closing !== undefined) {
        // It began while the instance was being closed: nobody will run it.
        await execution?.release().catch(() => execution.ownership.stop())
        throw closing
      }
      if (execution === undefined) {
        if (underWay === undefined) spent.push(command.executionId)
        continue
      }
      report.started(execution, before)
      starter.started(job.jobType)
      return { status: 'started', execution }
    }
  } catch (error) {
    report.failed(error)
    throw error
  }
}

function commandOf(
  starter: Starter,
  { fingerprint }: AnyStartOptions,
  resolved: ResolvedOptions,
): BeginCommand {
  return {
    type: 'begin',
    executionId: starter.calls.runtime.randomId(),
    policy: resolved,
    leaseMs: resolved.leaseMs,
    timeoutMs: resolved.timeoutMs,
    ttlMs: resolved.executingTtlMs,
    failedTtlMs: resolved.failedTtlMs,
    fingerprint: fingerprint === undefined ? undefined : fingerprintOf(fingerprint),
    parentExecutionId: innermost(Execution)?.executionId,
    instance: starter.instance,
  }
}

/** Whoever asked for that did not mean that one of those who waited starts it again. */
function wasCancelled({ current }: View): boolean {
  if (current?.record.status !== 'failed' || current.record.released) return false
  return current.record.cancelRequested !== undefined
}

/** Good enough to begin waiting; any other answer must be asked for. */
function runningElsewhere(view: View | undefined, command: BeginCommand): View | undefined {
  return view?.current && decide(view.current, view.now, command).type === 'inProgress' ? view : undefined
}

/** The state after the wait that the policy allows; `isLate` when the time is over. */
async function waitElsewhere(
  { calls, observations, starts }: Starter,
  job: ExecutionName,
  start: AnyStartOptions,
  { onStalled, codec }: ResolvedOptions,
  seen: View,
  patience: Patience,
  spent: readonly string[],
): Promise<{ readonly view: View; readonly isLate: boolean }> {
  const awaitedId = seen.current?.record.executionId
  if (contains(callChain(), Execution, ({ executionId }) => executionId === awaitedId)) {
    throw new SelfDeadlockError(
      `${job.jobType} ${job.jobKey} would wait for the execution that it is part of.`,
    )
  }
  let shownRev: number | undefined
  // What is heard is told in turn to all who wait for it: each in the async context that it came from.
  const onProgress = start.onProgress && AsyncResource.bind(start.onProgress)
  const isOver = ({ current, now }: View): boolean => {
    if (current?.record.status !== 'executing' || spent.includes(current.record.executionId)) return true
    const snapshot = snapshotOf(job, current, now, codec)
    if (current.rev !== shownRev) {
      shownRev = current.rev
      show(onProgress, snapshot)
    }
    return snapshot.stalled && onStalled !== 'reject'
  }
  const { signal } = start
  const known = (): View | undefined => starts.known(job)
  const waited = await waitPatiently(observations, calls, job.key, isOver, { patience, signal, seen, known })
  if (waited === 'aborted') throw waitAborted(job, signal)
  return waited
}

/** An async `onProgress` is not waited for, and its rejection must not end the process. */
function show(onProgress: StartOptions['onProgress'], snapshot: ExecutionSnapshot): void {
  const shown: unknown = onProgress?.(snapshot)
  if (shown instanceof Promise) shown.catch(() => undefined)
}

export function waitAborted({ jobType, jobKey }: ExecutionName, signal: AbortSignal | undefined): Error {
  return new WaitAbortedError(`${jobType} ${jobKey}`, { cause: signal?.reason })
}

function assertOpen({ closing }: Starter): void {
  const error = closing()
  if (error !== undefined) throw error
}
