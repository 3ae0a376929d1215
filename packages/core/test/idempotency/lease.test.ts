import { describe, expect, it } from 'vitest'
import type { ExecutionContext } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { sendingTurns } from '../sending-turns.ts'
import { createWorld, started, watched } from './world.ts'

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
    const down = link.every('replace', 'lost')
    await runtime.advance(2_000)
    down()
    await runtime.advance(6_000)
    expect(execution.signal.aborted).toBe(false)
    const status = await idempotency.getExecutionStatus('job', 'k')
    expect(status).toMatchObject({ stalled: false, progressPercentage: 40, progressMessage: 'forty' })
  })

  it('ends for its owner before another process can get it, also when the storage does not answer', async () => {
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

  it('is over for a process that slept, even before its timers run', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    runtime.freeze(3_000)
    await expect(execution.updateProgress(50)).rejects.toMatchObject(lost)
  })

  it('does not depend on a wall clock that is set back, or that was always wrong', async () => {
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
  it('does not extend the lease', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const execution = await started(idempotency, { leaseMs: 3_000 })
    let arrive: (() => Promise<unknown>) | undefined
    link.once('replace', { held: (execute) => (arrive = execute) })
    link.every('replace', 'lost')
    await runtime.advance(2_900)
    expect(execution.signal.aborted).toBe(false)
    await arrive?.()
    await runtime.advance(100)
    expect((await started(join().idempotency)).attempt).toBe(2)
  })
})

describe('a zombie', () => {
  it('changes nothing, and reports the successor', async () => {
    const { runtime, join } = createWorld()
    const zombie = join()
    const first = await started(zombie.idempotency, { leaseMs: 1_000, progressIntervalMs: 0 })
    const wake = zombie.link.every('replace', 'lost')
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

  it('gives the caller of run what the successor recorded', async () => {
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

  it('gives its caller the value that the body returned', async () => {
    const { runtime, join } = createWorld()
    const other = join().idempotency
    const overtaken = join().idempotency.run('job', 'overtaken', { leaseMs: 1_000 }, async () => {
      runtime.freeze(1_500)
      await other.run('job', 'overtaken', () => 'theirs')
      return 'ours'
    })
    await expect(overtaken).rejects.toMatchObject({ ...lost, result: 'ours', current: { result: 'theirs' } })
    const removed = join().idempotency.run('job', 'removed', async () => {
      await other.forget('job', 'removed')
      return 'ours'
    })
    await expect(removed).rejects.toMatchObject({ ...lost, result: 'ours', current: null })
  })

  it('that returns to its own lease, which no other process took, still ends it', async () => {
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
