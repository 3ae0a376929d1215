import { createHoldfast, type ExecutionContext, type StartOptions } from '@holdfast/core'
import { between, clock, type WorkerContext, type Workload } from '@holdfast/test-support/chaos'
import { witnessSignal } from './belief.ts'
import { together, work } from './busy.ts'
import { connect } from './connect.ts'
import { codeOf, refusedOrUnknown } from './trouble.ts'

/** Short, so that a run sees many takeovers; long enough to be renewed on a busy machine. */
const LEASE_MS = 600
/** How often new jobs appear, each of which must run once in the whole run. */
const GROUP_MS = 500
const JOBS_IN_GROUP = 3
const ONCE_WINDOW_MS = 3_600_000
/** And a few that may run again soon after they have completed. */
const AGAIN = ['again/0', 'again/1']
const AGAIN_WINDOW_MS = 250

/** All workers try to run the same jobs; every job must run once, no matter what happens. */
export const workload: Workload = {
  livenessMs: 60_000,
  windowMsOf: (key) => (key.startsWith('again/') ? AGAIN_WINDOW_MS : ONCE_WINDOW_MS),

  async run(context) {
    const { index, port, random, calm, stopping } = context
    const { storage, disconnect } = connect(index, port)
    const holdfast = createHoldfast({
      storage,
      prefix: 'chaos',
      instance: `worker-${index}`,
      idempotency: { leaseMs: LEASE_MS, progressIntervalMs: 20 },
    })
    const worker = { ...context, idempotency: holdfast.idempotency }
    const swept = new Promise<void>((resolve) => calm.addEventListener('abort', () => resolve(sweep(worker))))
    await together(3, stopping, async () => {
      const keys = [...AGAIN, ...jobsOfGroup(groupAt(context.startedAt, clock()))]
      await attempt(worker, keys[between(random, 0, keys.length - 1)] ?? 'again/0')
    })
    await swept
    await holdfast.close({ graceMs: 500 })
    disconnect()
  },
}

type Self = WorkerContext & { readonly idempotency: ReturnType<typeof createHoldfast>['idempotency'] }

function groupAt(startedAt: number, at: number): number {
  return Math.floor((at - startedAt) / 1_000 / GROUP_MS)
}

function jobsOfGroup(group: number): string[] {
  return Array.from({ length: JOBS_IN_GROUP }, (_, job) => `once/${group}-${job}`)
}

/** After the faults, requests every job of the run again: this finishes the jobs that a crash left unfinished. */
async function sweep(self: Self): Promise<void> {
  const groups = Array.from({ length: groupAt(self.startedAt, clock()) + 1 }, (_, group) => group)
  const keys = groups.flatMap(jobsOfGroup).filter((_, position) => position % self.workers === self.index)
  await Promise.all(
    [...keys, ...AGAIN].map(async (key) => {
      while (!(await attempt(self, key, { onInProgress: 'wait', waitMs: 3_000 })) && !self.stopping.aborted);
    }),
  )
}

/** One try to have a job done, in one of the two ways that the API offers. True: it is done now, or was before. */
async function attempt(
  self: Self,
  key: string,
  options: StartOptions = randomPolicy(self),
): Promise<boolean> {
  try {
    return await (self.random() < 0.5 ? viaRun(self, key, options) : viaBegin(self, key, options))
  } catch (error) {
    self.witness.record({ type: 'denied', at: clock(), key, why: codeOf(self.witness, error) })
    await work(self, 1)
    return false
  }
}

function randomPolicy({ random }: Self): StartOptions {
  return random() < 0.3 ? { onInProgress: 'wait', waitMs: between(random, 50, 800) } : {}
}

const nameOf = (key: string): [string, string] => key.split('/') as [string, string]
const policyOf = (key: string, options: StartOptions): StartOptions => ({
  ...options,
  completedWindowMs: workload.windowMsOf(key),
  completedRetentionMs: ONCE_WINDOW_MS,
})

/** The error of a body that has to fail, or whose signal was aborted. */
class Stopped extends Error {
  override readonly name = 'Stopped'
}

async function viaRun(self: Self, key: string, options: StartOptions): Promise<boolean> {
  const { idempotency, witness, random } = self
  const askedAt = clock()
  let owner: string | undefined
  try {
    const outcome = await idempotency.run(...nameOf(key), policyOf(key, options), async (execution) => {
      owner = execution.executionId
      if (!(await body(self, key, execution, askedAt))) throw new Stopped()
      if (random() < 0.2) throw new Stopped()
      return ending(self, execution)
    })
    const { executionId, result } = outcome
    if (outcome.status === 'replayed') await wasDone(self, key, executionId, result)
    else witness.record({ type: 'ended', at: clock(), owner: executionId, accepted: true })
    return true
  } catch (error) {
    if (error instanceof Stopped) return false // whether the failure was recorded is not said
    if (owner === undefined) throw error
    witness.record({ type: 'ended', at: clock(), owner, accepted: refusedOrUnknown(codeOf(witness, error)) })
    return false
  }
}

async function viaBegin(self: Self, key: string, options: StartOptions): Promise<boolean> {
  const { idempotency, witness, random } = self
  const askedAt = clock()
  const outcome = await idempotency.begin(...nameOf(key), policyOf(key, options))
  if (outcome.status === 'replayed') {
    await wasDone(self, key, outcome.snapshot.executionId, String(outcome.result))
    return true
  }
  if (outcome.status !== 'started') {
    witness.record({ type: 'denied', at: clock(), key, why: outcome.status })
    await work(self, 1)
    return false
  }
  await using execution = outcome.execution
  if (!(await body(self, key, execution, askedAt))) return false
  const owner = execution.executionId
  const how =
    (['success', 'success', 'success', 'failure', 'release'] as const)[between(random, 0, 4)] ?? 'success'
  const result = how === 'success' ? ending(self, execution) : undefined
  if (how !== 'success') witness.record({ type: 'ending', at: clock(), owner, how })
  try {
    if (how === 'success') await execution.markSuccess(result)
    else if (how === 'failure') await execution.markFailure(new Error('as intended'))
    else await execution.release()
    witness.record({ type: 'ended', at: clock(), owner, accepted: true })
    return how === 'success'
  } catch (error) {
    witness.record({ type: 'ended', at: clock(), owner, accepted: refusedOrUnknown(codeOf(witness, error)) })
    return false
  }
}

async function wasDone(self: Self, key: string, owner: string, result: string): Promise<void> {
  self.witness.record({ type: 'replayed', at: clock(), key, owner, result })
  await work(self, 1)
}

/** Says that the execution is about to end with success; answers with its result. */
function ending({ witness, random }: Self, { executionId: owner }: ExecutionContext): string {
  const result = `${owner}:${between(random, 0, 1_000_000)}`
  witness.record({ type: 'ending', at: clock(), owner, how: 'success', result })
  return result
}

/** The work itself. False: it learned that it is to stop, and did. `close` releases what it interrupts, uncounted. */
async function body(self: Self, key: string, execution: ExecutionContext, askedAt: number): Promise<boolean> {
  const { witness } = self
  const { executionId: owner, fencingToken: fence, attempt, signal } = execution
  witness.record({ type: 'granted', at: clock(), askedAt, key, owner, fence, attempt })
  const done = await steps(self, key, execution)
  const { code } = Object(signal.reason) as { code?: unknown }
  if (!done && code === 'CLOSED') witness.record({ type: 'ending', at: clock(), owner, how: 'release' })
  return done
}

/** Step by step. */
async function steps(self: Self, key: string, execution: ExecutionContext): Promise<boolean> {
  const { witness, ledger, random } = self
  const { executionId: owner, fencingToken: fence, signal } = execution
  for (let left = between(random, 0, 6); left > 0 && !signal.aborted; left--) {
    await work(self, 2 * LEASE_MS)
    await witnessSignal(witness, owner, signal)
    if (random() < 0.3) await save(self, execution)
    const value = await ledger.read(key, owner, fence)
    await work(self, 2 * LEASE_MS)
    // A body stops when the resource reports a successor. A body that is only paused here will be refused.
    if (value === null || (await ledger.increment(key, owner, fence, value)) === null) return false
  }
  await witnessSignal(witness, owner, signal)
  return !signal.aborted
}

/** A checkpoint, which must be refused once there is a successor, or progress, which must do no harm. */
async function save({ witness, random }: Self, execution: ExecutionContext): Promise<void> {
  const owner = execution.executionId
  const sentAt = clock()
  try {
    if (random() < 0.5) await execution.updateProgress(between(random, 0, 100), 'on its way')
    else {
      await execution.saveCheckpoint({ at: sentAt })
      witness.record({ type: 'saved', at: clock(), sentAt, owner, accepted: true })
    }
  } catch (error) {
    if (refusedOrUnknown(codeOf(witness, error)) === false) {
      witness.record({ type: 'saved', at: clock(), sentAt, owner, accepted: false })
    }
  }
}
