import type { ExecutionContext, Holdfast } from '@holdfast/core'
import type { Code } from '@holdfast/cli/codes'
import { expect } from 'vitest'
import { inService, until } from '../poll.ts'
import { type Play, type Stage, becomes } from './stage.ts'

type JobCode =
  | Extract<Code, `EXECUTION_${string}` | `RESULT_${string}`>
  | 'CHECKPOINT_TOO_LARGE'
  | 'COMPLETION_UNCONFIRMED'
  | 'FINGERPRINT_MISMATCH'
  | 'LEASE_LOST'
  | 'RECORD_UNREADABLE'
  | 'WAIT_ABORTED'

/** The job of the page. */
export const CLIP = ['video', 'clip-3'] as const

export async function begun(
  { idempotency }: Holdfast,
  options: Parameters<Holdfast['idempotency']['tryStartExecution']>[2] = {},
): Promise<ExecutionContext> {
  const execution = await idempotency.tryStartExecution(...CLIP, options)
  if (execution === null) throw new Error('it runs already')
  return execution
}

/**
 * The same on a machine that has much else to do: a start that came too late to its caller may run, and then lasts until its
 * lease ends.
 */
export async function begunInService(
  { idempotency }: Holdfast,
  options: Parameters<Holdfast['idempotency']['tryStartExecution']>[2] = {},
): Promise<ExecutionContext> {
  const start = async () => (await idempotency.tryStartExecution(...CLIP, options)) ?? undefined
  return await until(async () => await inService(start))
}

/** A body that ends only when it is asked to. */
function untilAborted({ signal }: { readonly signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

/** A body that reports progress and ends only when it is asked to. It hears of that with what it writes. */
export async function encodesForEver(execution: ExecutionContext): Promise<void> {
  const encoding = setInterval(() => void execution.updateProgress(40, 'encoding').catch(() => {}), 50)
  await untilAborted(execution).finally(() => clearInterval(encoding))
}

/** What both lines of most entries show. */
async function bothShow(stage: Stage, text: string): Promise<void> {
  expect(await stage.run('jobs show')).toContain(text)
  expect(await stage.run('job video')).toContain(text)
}

/** The process stands still for this long, with all that it does. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

export const PLAYS_OF_JOBS: Readonly<Record<JobCode, Play>> = {
  async LEASE_LOST(stage) {
    const [one, two] = [stage.open('web-1'), stage.open('web-2')]
    const first = await begunInService(one, { leaseMs: 100 })
    standStill(200)
    await becomes(() => first.signal.aborted)
    expect(first.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
    const next = await two.idempotency.run(...CLIP, ({ attempt }) => attempt)
    expect(next.result).toBe(first.attempt + 1)
    await bothShow(stage, 'web-2')
    await expect(first.markSuccess()).rejects.toMatchObject({ code: 'LEASE_LOST' })
  },
  async EXECUTION_IN_PROGRESS(stage) {
    const [one, two] = [stage.open('web-1'), stage.open('web-2')]
    const first = await begun(one)
    const refused = two.idempotency.run(...CLIP, () => 'twice')
    await expect(refused).rejects.toMatchObject({ code: 'EXECUTION_IN_PROGRESS' })
    await bothShow(stage, 'web-1')
    await first.markSuccess('once')
    const again = two.idempotency.run(...CLIP, { onInProgress: 'wait' }, () => 'twice')
    expect(await again).toMatchObject({ status: 'replayed', result: 'once' })
  },
  async FINGERPRINT_MISMATCH(stage) {
    const { idempotency } = stage.open()
    const run = (bitrate: number) => idempotency.run(...CLIP, { fingerprint: { bitrate } }, () => bitrate)
    await run(800)
    await expect(run(900)).rejects.toMatchObject({ code: 'FINGERPRINT_MISMATCH' })
    await bothShow(stage, 'web-1')
    expect(await run(800)).toMatchObject({ status: 'replayed', result: 800 })
  },
  async RESULT_NOT_STORED(stage) {
    const { idempotency } = stage.open('web-1', { idempotency: { maxResultBytes: 50 } })
    await idempotency.run(...CLIP, () => 'x'.repeat(100))
    const again = idempotency.run(...CLIP, () => 'again')
    await expect(again).rejects.toMatchObject({ code: 'RESULT_NOT_STORED' })
    await bothShow(stage, 'too-large')
    await stage.run('jobs forget')
    expect(await idempotency.run(...CLIP, () => 'clips/3')).toMatchObject({ status: 'executed' })
    expect(await idempotency.run(...CLIP, () => 'again')).toMatchObject({ result: 'clips/3' })
  },
  async RESULT_TOO_LARGE(stage) {
    const limits = { maxResultBytes: 50, onResultTooLarge: 'throw' } as const
    const { idempotency } = stage.open('web-1', { idempotency: limits })
    const large = idempotency.run(...CLIP, () => 'x'.repeat(100))
    await expect(large).rejects.toMatchObject({ code: 'RESULT_TOO_LARGE' })
    await bothShow(stage, 'RESULT_TOO_LARGE')
    const again = idempotency.run(...CLIP, () => 'clips/3')
    await expect(again).rejects.toMatchObject({ code: 'RESULT_TOO_LARGE' })
    await stage.run('jobs forget')
    expect(await idempotency.run(...CLIP, () => 'clips/3')).toMatchObject({ result: 'clips/3' })
  },
  async CHECKPOINT_TOO_LARGE(stage) {
    const execution = await begun(stage.open('web-1', { idempotency: { maxCheckpointBytes: 50 } }))
    await execution.saveCheckpoint('small')
    const large = execution.saveCheckpoint('x'.repeat(100))
    await expect(large).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_LARGE' })
    await bothShow(stage, 'small')
  },
  async COMPLETION_UNCONFIRMED(stage) {
    const execution = await begunInService(stage.open('web-1', { callTimeoutMs: 300 }), { leaseMs: 3_000 })
    stage.freeze()
    const ended = execution.markSuccess('paid')
    await expect(ended).rejects.toMatchObject({ code: 'COMPLETION_UNCONFIRMED', result: 'paid' })
    stage.node.resume()
    // Whether its end is recorded is what the lines are for: it had reached the server, which goes on with it.
    await becomes(async () => (await stage.run('job video')).includes('"completed"'))
    expect(await stage.run('jobs show')).toContain('completed')
    expect(await stage.open('web-2').idempotency.run(...CLIP, () => 'twice')).toMatchObject({
      result: 'paid',
    })
  },
  async WAIT_ABORTED(stage) {
    const [one, two] = [stage.open('web-1'), stage.open('web-2')]
    const first = await begun(one)
    const caller = new AbortController()
    const waits = two.idempotency.waitForCompletion(...CLIP, { signal: caller.signal })
    caller.abort(new Error('the client hung up'))
    await expect(waits).rejects.toMatchObject({ code: 'WAIT_ABORTED' })
    await bothShow(stage, 'executing')
    await first.markSuccess('done')
    expect(await two.idempotency.waitForCompletion(...CLIP)).toMatchObject({ result: 'done' })
  },
  async RECORD_UNREADABLE(stage) {
    const { idempotency } = stage.open()
    await idempotency.run(...CLIP, () => 1)
    await fromTheFuture(stage, '{holdfast:r:shop:video:*}:clip-3')
    const again = idempotency.run(...CLIP, { completedWindowMs: 0 }, () => 2)
    await expect(again).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    expect(await stage.run('job video')).toContain('"v":9')
    await stage.run('jobs forget')
    expect(await idempotency.run(...CLIP, () => 3)).toMatchObject({ result: 3 })
  },
  async EXECUTION_TIMEOUT(stage) {
    const { idempotency } = stage.open()
    const run = idempotency.run(...CLIP, { timeoutMs: 100 }, untilAborted)
    await expect(run).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    await bothShow(stage, 'EXECUTION_TIMEOUT')
    expect(await idempotency.run(...CLIP, { timeoutMs: 60_000 }, () => 1)).toMatchObject({ result: 1 })
  },
  async EXECUTION_CANCELLED(stage) {
    const { idempotency } = stage.open()
    const run = idempotency.run(...CLIP, encodesForEver)
    run.catch(() => {})
    await becomes(async () => await idempotency.requestCancel(...CLIP, { reason: 'wrong clip' }))
    await expect(run).rejects.toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'wrong clip' })
    await bothShow(stage, 'wrong clip')
    await stage.run('jobs forget')
    expect(await idempotency.run(...CLIP, () => 1)).toMatchObject({ result: 1 })
  },
  async EXECUTION_ABANDONED(stage) {
    const { idempotency } = stage.open()
    const outcome = await idempotency.begin(...CLIP)
    if (outcome.status === 'started') await outcome.execution[Symbol.asyncDispose]()
    await bothShow(stage, 'EXECUTION_ABANDONED')
    expect(await idempotency.run(...CLIP, () => 1)).toMatchObject({ status: 'executed' })
  },
  async EXECUTION_RELEASED(stage) {
    const one = stage.open('web-1')
    const run = one.idempotency.run(...CLIP, async (execution) => {
      await execution.saveCheckpoint({ frame: 1200 })
      await untilAborted(execution)
    })
    run.catch(() => {})
    await becomes(async () => (await one.idempotency.getExecutionStatus(...CLIP))?.checkpoint !== undefined)
    await one.close({ graceMs: 60_000 })
    await expect(run).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await stage.run('--status released')).toContain('clip-3')
    expect(await stage.run('job video')).toContain('"released":true')
    const two = stage.open('web-2').idempotency
    const goesOn = two.run<unknown>(...CLIP, ({ attempt, checkpoint }) => [attempt, checkpoint])
    expect(await goesOn).toMatchObject({ result: [1, { frame: 1200 }] })
  },
  async EXECUTION_STALLED(stage) {
    const one = stage.open('web-1')
    await begunInService(one, { leaseMs: 100 })
    await one.close()
    const { idempotency } = stage.open('web-2', { idempotency: { onStalled: 'fail' } })
    await becomes(async () => (await idempotency.begin(...CLIP)).status === 'failedBefore')
    await bothShow(stage, 'EXECUTION_STALLED')
    await stage.run('jobs forget')
    expect(await idempotency.run(...CLIP, () => 1)).toMatchObject({ result: 1 })
  },
}

/** Makes the record that this pattern finds one of a version that there is not yet. */
export async function fromTheFuture({ node }: Stage, pattern: string): Promise<void> {
  const [key = ''] = (await node.ask('KEYS', pattern)) as string[]
  const record = String(await node.ask('GET', key))
  await node.ask('SET', key, record.replace('{"v":1,', '{"v":9,'), 'KEEPTTL')
}
