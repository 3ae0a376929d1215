import { describe, expect, it } from 'vitest'
import type { BeginOutcome, ExecutionOptions } from '@holdfast/core'
import { createWorld, started } from './world.ts'

type World = ReturnType<typeof createWorld>

/** Makes `job k` what the policy is about, by another process. */
const states = {
  async running({ join }: World): Promise<void> {
    await started(join().idempotency, { leaseMs: 60_000 })
  },
  async completed({ join }: World): Promise<void> {
    await join().idempotency.run('job', 'k', () => 'first')
  },
  async failed({ join }: World): Promise<void> {
    await (await started(join().idempotency)).markFailure(new Error('first'))
  },
  async stalled({ join, runtime }: World): Promise<void> {
    const dead = join()
    await started(dead.idempotency, { leaseMs: 1_000 })
    dead.link.blackHole = true
    await runtime.advance(1_000)
  },
}

/** The outcome of a start, in one word. */
const wordOf = (begun: BeginOutcome): string =>
  begun.status === 'started' ? `started #${begun.execution.attempt}` : begun.status

/** A state, and two policies that differ in it. `wait` ends at once, and says so by what it costs. */
const cases: readonly [keyof typeof states, ExecutionOptions, string, ExecutionOptions, string][] = [
  ['completed', { onCompleted: 'replay' }, 'replayed', { onCompleted: 'rerun' }, 'started #1'],
  ['failed', { onFailed: 'rerun' }, 'started #2', { onFailed: 'replay' }, 'failedBefore'],
  ['stalled', { onStalled: 'takeOver' }, 'started #2', { onStalled: 'fail' }, 'failedBefore'],
  ['stalled', { onStalled: 'reject' }, 'inProgress', { onStalled: 'takeOver' }, 'started #2'],
  [
    'running',
    { onInProgress: 'reject' },
    'inProgress',
    { onInProgress: 'wait', waitMs: 0 },
    'inProgress, looked twice',
  ],
]

describe('each policy, of the instance, of the job type and of the call', () => {
  const begin = async (
    world: World,
    [ofInstance, ofType, ofCall]: readonly ExecutionOptions[],
  ): Promise<string> => {
    const { idempotency } = world.join(ofInstance)
    const job = idempotency.define<string, unknown>('job', { key: (id) => id, ...ofType })
    await started(idempotency, {}, 'warm-up')
    world.commands.length = 0
    const beginning = job.begin('k', ofCall)
    await world.runtime.advance(0)
    const begun = await beginning
    const looked = world.commands.filter((command) => command === 'read k').length
    return looked > 0 ? `${wordOf(begun)}, looked twice` : wordOf(begun)
  }

  it.each(cases)('%s: the nearest one counts (%o is %s, %o is %s)', async (state, one, oneIs, two, twoIs) => {
    const none = {}
    for (const [given, expected] of [
      [[one, none, none], oneIs],
      [[two, none, none], twoIs],
      [[one, two, none], twoIs],
      [[two, one, none], oneIs],
      [[one, one, two], twoIs],
      [[two, two, one], oneIs],
      [[one, none, two], twoIs],
    ] as const) {
      const world = createWorld()
      await states[state](world)
      expect([given, await begin(world, given)]).toEqual([given, expected])
    }
  })
})

describe('without a word about it', () => {
  it('a start is rejected while the job runs, for a lease of 30 seconds', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency)
    dead.link.blackHole = true
    const { idempotency } = join()
    expect(await idempotency.begin('job', 'k')).toMatchObject({
      status: 'inProgress',
      snapshot: { leaseRemainingMs: 30_000 },
    })
    await runtime.advance(29_999)
    expect((await idempotency.begin('job', 'k')).status).toBe('inProgress')
    await runtime.advance(1)
    expect((await started(idempotency)).attempt).toBe(2)
  })

  it('a body has 30 minutes', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency)
    await runtime.advance(1_799_999)
    expect(execution.signal.aborted).toBe(false)
    await runtime.advance(1)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_TIMEOUT' })
  })

  it('a completion is replayed for 5 minutes, and kept for an hour', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    await idempotency.run('job', 'k', () => 1)
    await idempotency.run('job', 'seen', () => 1)
    await runtime.advance(300_000)
    expect((await idempotency.run('job', 'k', () => 2)).status).toBe('replayed')
    await runtime.advance(1)
    expect((await idempotency.run('job', 'k', () => 2)).status).toBe('executed')
    await runtime.advance(3_300_000 - 2)
    expect(await idempotency.getExecutionStatus('job', 'seen')).toMatchObject({ status: 'completed' })
    await runtime.advance(1)
    expect(await idempotency.getExecutionStatus('job', 'seen')).toBeNull()
  })

  it('a failure is kept for 10 minutes', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    await (await started(idempotency)).markFailure(new Error('x'))
    await runtime.advance(599_999)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'failed' })
    await runtime.advance(1)
    expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
  })

  it('a lease may be as short as a second, and is renewed in time', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 1_000 })
    const { idempotency } = join()
    for (let i = 0; i < 50; i += 1) {
      await runtime.advance(100)
      expect((await idempotency.begin('job', 'k')).status).toBe('inProgress')
    }
    expect(execution.signal.aborted).toBe(false)
  })
})

describe('attempts that are used up by crashes', () => {
  it('are remembered however slow the retries are, for a day', async () => {
    const { runtime, join } = createWorld()
    const policy = { maxAttempts: 2 }
    for (const attempt of [1, 2]) {
      const dead = join()
      const execution = await started(dead.idempotency, policy)
      expect(execution.attempt).toBe(attempt)
      dead.link.blackHole = true
      await runtime.advance(23 * 3_600_000)
    }
    const { idempotency } = join()
    const stalled = { status: 'failedBefore', error: { code: 'EXECUTION_STALLED' } }
    expect(await idempotency.begin('job', 'k', policy)).toMatchObject(stalled)
    await runtime.advance(23 * 3_600_000)
    expect(await idempotency.begin('job', 'k', policy)).toMatchObject(stalled)
  })
})

describe('tryStartExecution', () => {
  it('is null while the job runs and within the window of its completion, else an execution', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const other = join().idempotency
    const execution = await idempotency.tryStartExecution('job', 'k')
    expect(execution?.attempt).toBe(1)
    expect(await idempotency.tryStartExecution('job', 'k')).toBeNull()
    expect(await other.tryStartExecution('job', 'k')).toBeNull()
    await execution?.markSuccess()
    expect(await other.tryStartExecution('job', 'k')).toBeNull()
  })

  it('throws the recorded error of a failure that is not to be run again', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const thrown = Object.assign(new RangeError('no'), { code: 'E_NO' })
    await (await started(idempotency)).markFailure(thrown, { final: true })
    await expect(join().idempotency.tryStartExecution('job', 'k')).rejects.toMatchObject({
      name: 'RangeError',
      message: 'no',
      code: 'E_NO',
    })
  })

  it('waits where the policy allows it, and continues a released execution', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency)
    const waiting = join().idempotency.tryStartExecution('job', 'k', { onInProgress: 'wait' })
    await runtime.advance(10)
    await execution.release()
    expect((await waiting)?.attempt).toBe(1)
  })
})
