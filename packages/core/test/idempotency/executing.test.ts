import { describe, expect, it } from 'vitest'
import type { ExecutionContext, Idempotency, StartOptions } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { sendingTurns } from '../sending-turns.ts'
import { createWorld, watched } from './world.ts'

async function started(
  idempotency: Idempotency,
  options: StartOptions = {},
  key = 'k',
): Promise<ExecutionContext> {
  const begun = await idempotency.begin('job', key, options)
  if (begun.status !== 'started') throw new Error(`not started: ${begun.status}`)
  return begun.execution
}

const lost = { code: 'LEASE_LOST' }

describe('the lease', () => {
  it('is kept by renewals for as long as it takes, with one command each', async () => {
    const { runtime, commands, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    commands.length = 0
    await runtime.advance(60_000)
    expect(execution.signal.aborted).toBe(false)
    expect(commands.length).toBeGreaterThanOrEqual(60)
    expect(commands.length).toBeLessThanOrEqual(80)
    expect((await join().idempotency.begin('job', 'k')).status).toBe('inProgress')
    await execution.markSuccess()
  })

  it('of all executions of a process is renewed in the same turn', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency } = join()
    for (let i = 0; i < 20; i += 1) {
      await started(idempotency, { leaseMs: 3_000 }, `k${i}`)
      await runtime.advance(5)
    }
    const turns = await sendingTurns(runtime, commands, 5_000)
    expect(turns.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(80)
    expect(turns.length).toBeLessThanOrEqual(8)
  })

  it('survives an outage that is shorter than itself, and the progress shown meanwhile too', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const execution = await started(idempotency, { leaseMs: 3_000 })
    await execution.updateProgress(40, 'forty')
    const down = link.every('compareAndSet', 'lost')
    await runtime.advance(2_000)
    down()
    await runtime.advance(6_000)
    expect(execution.signal.aborted).toBe(false)
    const status = await idempotency.getExecutionStatus('job', 'k')
    expect(status).toMatchObject({ stalled: false, progressPercentage: 40, progressMessage: 'forty' })
  })

  it('is over before anybody else can have it, also when nothing is heard of the storage', async () => {
    const { runtime, now, join } = createWorld()
    const { idempotency, link } = join()
    const execution = await started(idempotency, { leaseMs: 3_000 })
    const grantedAt = now()
    link.blackHole = true
    let abortedAt = 0
    execution.signal.addEventListener('abort', () => (abortedAt = now()))
    await runtime.advance(5_000)
    expect(execution.signal.reason).toMatchObject({ ...lost, current: null })
    expect(abortedAt - grantedAt).toBeGreaterThan(2_000)
    expect(abortedAt - grantedAt).toBeLessThan(3_000)
    await expect(execution.updateProgress(50)).rejects.toMatchObject(lost)
    await expect(execution.saveCheckpoint(1)).rejects.toMatchObject(lost)
    await expect(execution.extendTimeout(1)).rejects.toMatchObject(lost)
  })

  it('is over for a process that slept, before its timers know', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    runtime.freeze(3_000)
    await expect(execution.updateProgress(50)).rejects.toMatchObject(lost)
  })

  it('does not care for a wall clock that is set back, nor for one that was always wrong', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    runtime.stepWall(-600_000)
    await runtime.advance(30_000)
    expect(execution.signal.aborted).toBe(false)
    await execution.markSuccess(1)
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'completed' })
  })

  it('is taken over once after a crash, as the next attempt, with the checkpoint and a greater fence', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    const first = await started(dead.idempotency, { leaseMs: 1_000 })
    await first.saveCheckpoint({ page: 7 })
    dead.link.blackHole = true
    await runtime.advance(998)
    expect((await join().idempotency.begin('job', 'k')).status).toBe('inProgress')
    await runtime.advance(2)
    const others = await Promise.all([1, 2, 3].map(() => join().idempotency.begin('job', 'k')))
    const taken = others.filter((begun) => begun.status === 'started')
    expect(taken).toHaveLength(1)
    const { execution } = taken[0] as { execution: ExecutionContext }
    expect(execution).toMatchObject({ attempt: 2, checkpoint: { page: 7 } })
    expect(execution.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(execution.executionId).not.toBe(first.executionId)
  })

  it('T4: stays failed when crashes have used up the attempts, and says so', async () => {
    const { runtime, join } = createWorld()
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const dead = join()
      await started(dead.idempotency, { leaseMs: 1_000, maxAttempts: 2 })
      dead.link.blackHole = true
      await runtime.advance(1_500)
    }
    const begun = await join().idempotency.begin('job', 'k', { maxAttempts: 2 })
    expect(begun).toMatchObject({ status: 'failedBefore', error: { code: 'EXECUTION_STALLED' } })
    expect(await join().idempotency.begin('job', 'k', { maxAttempts: 9 })).toMatchObject({
      status: 'failedBefore',
    })
  })

  it.each([
    ['fail', { status: 'failedBefore', error: { code: 'EXECUTION_STALLED' } }],
    ['reject', { status: 'inProgress', snapshot: { stalled: true, leaseRemainingMs: 0 } }],
  ] as const)('onStalled %s', async (onStalled, expected) => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: 1_000 })
    dead.link.blackHole = true
    await runtime.advance(1_500)
    expect(await join().idempotency.begin('job', 'k', { onStalled })).toMatchObject(expected)
  })
})

describe('a write that is executed after its owner gave up on it', () => {
  it('keeps nobody alive', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const execution = await started(idempotency, { leaseMs: 3_000 })
    let arrive: (() => Promise<unknown>) | undefined
    link.once('compareAndSet', { held: (execute) => (arrive = execute) })
    link.every('compareAndSet', 'lost')
    await runtime.advance(2_900)
    expect(execution.signal.aborted).toBe(false)
    await arrive?.()
    await runtime.advance(100)
    expect((await started(join().idempotency)).attempt).toBe(2)
  })
})

describe('a zombie', () => {
  it('changes nothing, and learns who has its place', async () => {
    const { runtime, join } = createWorld()
    const zombie = join()
    const first = await started(zombie.idempotency, { leaseMs: 1_000, progressIntervalMs: 0 })
    const wake = zombie.link.every('compareAndSet', 'lost')
    runtime.freeze(1_500)
    const other = await started(join().idempotency, { leaseMs: 60_000 })
    await other.updateProgress(80, 'mine')
    wake()
    const before = await join().idempotency.getExecutionStatus('job', 'k')
    await expect(first.updateProgress(10)).rejects.toMatchObject(lost)
    await expect(first.saveCheckpoint(1)).rejects.toMatchObject(lost)
    await expect(first.extendTimeout(1_000)).rejects.toMatchObject(lost)
    await expect(first.markSuccess('zombie')).rejects.toMatchObject({
      ...lost,
      current: { executionId: other.executionId, attempt: 2 },
    })
    await expect(first.markFailure(new Error('zombie'))).rejects.toMatchObject(lost)
    await expect(first.release()).rejects.toMatchObject(lost)
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toEqual(before)
    expect(first.signal.reason).toMatchObject(lost)
  })

  it('tells the caller of run what the successor recorded', async () => {
    const { runtime, join } = createWorld()
    const zombie = join()
    const run = watched(
      zombie.idempotency.run('job', 'k', { leaseMs: 1_000 }, async (execution) => {
        runtime.freeze(1_500)
        await join().idempotency.run('job', 'k', () => 'theirs')
        await execution.updateProgress(1)
      }),
    )
    await settle()
    expect(run.error).toMatchObject({ ...lost, current: { status: 'completed', result: 'theirs' } })
  })

  it('that comes back in time to its own lease, which nobody took, still ends it', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const execution = await started(idempotency, { leaseMs: 1_000 })
    link.blackHole = true
    await runtime.advance(1_500)
    expect(execution.signal.aborted).toBe(true)
    link.blackHole = false
    await execution.markSuccess('late')
    expect(await idempotency.begin('job', 'k')).toMatchObject({ status: 'replayed', result: 'late' })
  })
})

describe('requestCancel', () => {
  it("aborts the owner's signal at its next renewal, and is shown", async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    const { idempotency } = join()
    expect(await idempotency.requestCancel('job', 'k', { reason: 'wrong input' })).toBe(true)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ cancelRequested: 'wrong input' })
    await runtime.advance(1_100)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'wrong input' })
    // It is still the owner, and can save what it has.
    await execution.saveCheckpoint(5)
    await execution.markFailure(execution.signal.reason)
    expect((await started(idempotency)).checkpoint).toBe(5)
  })

  it('reaches an owner in the same process at once', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    await idempotency.requestCancel('job', 'k')
    await runtime.advance(1)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED' })
  })

  it('does not keep a dead owner alive, however often it is asked', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: 1_000 })
    dead.link.blackHole = true
    const { idempotency } = join()
    const asked: boolean[] = []
    for (let i = 0; i < 5; i += 1) {
      asked.push(await idempotency.requestCancel('job', 'k'))
      await runtime.advance(300)
    }
    expect(asked).toEqual([true, true, true, true, false])
    expect((await started(idempotency)).attempt).toBe(2)
  })

  it('of what is not running is false', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    expect(await idempotency.requestCancel('job', 'k')).toBe(false)
    await idempotency.run('job', 'k', () => 1)
    expect(await idempotency.requestCancel('job', 'k')).toBe(false)
  })

  it('does not undo what the owner writes at the same time, nor the other way round', async () => {
    const { join } = createWorld()
    const owner = join()
    const execution = await started(owner.idempotency, { progressIntervalMs: 0 })
    const asks = Array.from({ length: 5 }, (_, i) =>
      join().idempotency.requestCancel('job', 'k', { reason: `${i}` }),
    )
    await Promise.all([...asks, execution.updateProgress(30), execution.saveCheckpoint('c')])
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      progressPercentage: 30,
      checkpoint: 'c',
      cancelRequested: expect.any(String),
    })
  })
})

describe('forget, while it runs', () => {
  it('costs the owner its lease at the next write, and another may start', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    const { idempotency } = join()
    expect(await idempotency.forget('job', 'k')).toBe(true)
    expect((await started(idempotency)).attempt).toBe(1)
    await runtime.advance(1_100)
    expect(execution.signal.reason).toMatchObject(lost)
    await expect(execution.markSuccess()).rejects.toMatchObject(lost)
    expect(await idempotency.isExecuting('job', 'k')).toBe(true)
  })

  it('reaches an owner in the same process at once, which may then start it again', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    await idempotency.forget('job', 'k')
    await runtime.advance(1)
    expect(execution.signal.reason).toMatchObject({ ...lost, current: null })
    expect((await started(idempotency)).executionId).not.toBe(execution.executionId)
  })

  it('of nothing is false', async () => {
    const { join } = createWorld()
    expect(await join().idempotency.forget('job', 'k')).toBe(false)
  })
})

describe('the timeout', () => {
  it('aborts the signal and ends the renewals: who does not listen is taken over', async () => {
    const { runtime, commands, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000, timeoutMs: 10_100 })
    await runtime.advance(10_099)
    expect(execution.signal.aborted).toBe(false)
    await runtime.advance(1)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    commands.length = 0
    await runtime.advance(3_000)
    expect(commands).toEqual([])
    expect((await started(join().idempotency)).attempt).toBe(2)
    await expect(execution.markSuccess()).rejects.toMatchObject(lost)
  })

  it('is told wherever it can be: progress does not keep it alive', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000, timeoutMs: 5_000 })
    await runtime.advance(5_000)
    await expect(execution.updateProgress(50)).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    await expect(execution.extendTimeout(5_000)).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    // What was done so far may be saved, once; that does not start renewals again.
    await execution.saveCheckpoint('so far')
    await runtime.advance(3_000)
    expect((await started(join().idempotency)).checkpoint).toBe('so far')
  })

  it('is extended by what is asked, and the record says so', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { timeoutMs: 5_000 })
    await execution.extendTimeout(5_000)
    await execution.extendTimeout(5_000)
    await runtime.advance(14_999)
    expect(execution.signal.aborted).toBe(false)
    await runtime.advance(1)
    expect(execution.signal.aborted).toBe(true)
  })
})

describe('release', () => {
  it('lets another start the same attempt at once, with the checkpoint', async () => {
    const { join } = createWorld()
    const first = await started(join().idempotency)
    await first.saveCheckpoint(['a'])
    await first.release()
    const second = await started(join().idempotency, { maxAttempts: 1 })
    expect([second.attempt, second.checkpoint]).toEqual([1, ['a']])
    expect(first.signal.aborted).toBe(false)
  })

  it('leaves nothing when the work never began, the fingerprint included', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const first = await started(idempotency, { fingerprint: 'a' })
    await first.release({ unbind: true })
    expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
    expect((await idempotency.list('job')).executions).toEqual([])
    const second = await started(idempotency, { fingerprint: 'b' })
    await second.markFailure(new Error('x'))
    const third = await started(idempotency, { fingerprint: 'b' })
    await third.release({ unbind: true })
    expect((await idempotency.begin('job', 'k', { fingerprint: 'a' })).status).toBe('mismatch')
    expect((await started(idempotency, { fingerprint: 'b' })).attempt).toBe(2)
  })
})

describe('disposal', () => {
  it('records what was left without an end as failed', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    {
      await using execution = await started(idempotency)
      expect(execution.attempt).toBe(1)
    }
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'failed',
      error: { code: 'EXECUTION_ABANDONED' },
    })
  })

  it('does nothing after an end, and never throws', async () => {
    const { commands, runtime, join } = createWorld()
    const { idempotency, link } = join()
    const ended = await started(idempotency)
    await ended.markSuccess(1)
    commands.length = 0
    await ended[Symbol.asyncDispose]()
    expect(commands).toEqual([])
    const cutOff = await started(idempotency, { leaseMs: 1_000 }, 'other')
    link.blackHole = true
    const disposal = watched(cutOff[Symbol.asyncDispose]())
    await runtime.advance(2_000)
    expect(disposal.state).toBe('resolved')
  })
})

describe('an execution that has ended', () => {
  it('refuses everything', async () => {
    const { join } = createWorld()
    const execution = await started(join().idempotency)
    await execution.markSuccess(1)
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(execution.updateProgress(1)).rejects.toMatchObject(refused)
    await expect(execution.saveCheckpoint(1)).rejects.toMatchObject(refused)
    await expect(execution.markSuccess(2)).rejects.toMatchObject(refused)
    await expect(execution.markFailure(new Error('x'))).rejects.toMatchObject(refused)
    await expect(execution.release()).rejects.toMatchObject(refused)
  })

  it('leaves no timer behind that keeps the process alive', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    for (let i = 0; i < 50; i += 1) {
      const execution = await started(idempotency, {}, `k${i}`)
      await execution.updateProgress(5)
      void execution.updateProgress(6)
      await execution.markSuccess(i)
    }
    expect(runtime.timers).toBe(0)
  })
})
