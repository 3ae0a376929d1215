import { describe, expect, it } from 'vitest'
import { createWorld, started, watched } from './world.ts'

describe('release', () => {
  it('lets another process continue the same attempt at once, with the checkpoint', async () => {
    const { join } = createWorld()
    const first = await started(join().idempotency)
    await first.saveCheckpoint(['a'])
    await first.release()
    const second = await started(join().idempotency, { maxAttempts: 1 })
    expect([second.attempt, second.checkpoint]).toEqual([1, ['a']])
    expect(first.signal.aborted).toBe(false)
  })

  it('leaves nothing when the work never started, not even the fingerprint', async () => {
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
