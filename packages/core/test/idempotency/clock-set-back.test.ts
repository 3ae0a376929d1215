import { describe, expect, it } from 'vitest'
import { createWorld } from './world.ts'

describe('a storage whose clock was set back', () => {
  it('lets a job that failed without a retry delay run again', async () => {
    const { join, stepStorage } = createWorld()
    const { idempotency } = join()
    await expect(idempotency.run('job', 'k', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    stepStorage(-60_000)
    await expect(idempotency.run('job', 'k', () => 'yes')).resolves.toMatchObject({
      attempt: 2,
      result: 'yes',
    })
  })

  it('makes no caller wait longer than the requested delay', async () => {
    const { join, stepStorage, runtime } = createWorld()
    const { idempotency } = join()
    const begun = await idempotency.begin('job', 'k')
    if (begun.status !== 'started') throw new Error(`not started: ${begun.status}`)
    await begun.execution.markFailure(new Error('no'), { retryAfterMs: 5_000 })
    await runtime.advance(1_000)
    stepStorage(-60_000)
    expect(await idempotency.begin('job', 'k')).toMatchObject({ status: 'failedBefore', retryAfterMs: 5_000 })
  })
})
