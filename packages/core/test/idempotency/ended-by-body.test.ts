import { describe, expect, it } from 'vitest'
import { createWorld } from './world.ts'

describe('a body that records its end itself', () => {
  it.each([
    ['and waits', true],
    ['and does not wait', false],
  ])('as a success: its caller gets what replays get, %s', async (_, waits) => {
    const { idempotency } = createWorld().join()
    const first = await idempotency.run('job', 'k', async (execution) => {
      const recorded = execution.markSuccess('recorded')
      if (waits) await recorded
      return 'returned'
    })
    expect(first).toMatchObject({ status: 'executed', result: 'recorded' })
    const second = await idempotency.run('job', 'k', () => 'again')
    expect(second).toMatchObject({ status: 'replayed', result: 'recorded' })
  })

  it.each([
    ['and waits', true],
    ['and does not wait', false],
  ])('as a failure: that is what its caller gets, %s', async (_, waits) => {
    const { idempotency } = createWorld().join()
    const failure = new RangeError('no such order')
    const run = idempotency.run('job', 'k', async (execution) => {
      const recorded = execution.markFailure(failure, { final: true })
      if (waits) await recorded
    })
    await expect(run).rejects.toBe(failure)
    const again = idempotency.run('job', 'k', () => 'again')
    await expect(again).rejects.toMatchObject({ name: 'RangeError', message: 'no such order' })
  })

  it('by giving it back: there is no result', async () => {
    const { idempotency } = createWorld().join()
    const run = idempotency.run('job', 'k', (execution) => execution.release())
    await expect(run).rejects.toMatchObject({ code: 'EXECUTION_ABANDONED' })
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ released: true })
  })
})
