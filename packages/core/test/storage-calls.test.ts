import { describe, expect, it } from 'vitest'
import { createHoldfast, createLocks, memoryStorage } from '@holdfast/core'
import { manualRuntime } from './manual-runtime.ts'

describe('the limits of calls', () => {
  it.each([
    { callTimeoutMs: 0 },
    { callTimeoutMs: -1 },
    { callTimeoutMs: NaN },
    { callTimeoutMs: '5' as never },
    { maxPendingCalls: 0 },
    { maxPendingCalls: 1.5 },
    { maxPendingCalls: NaN },
  ])('are checked: %o', (limits) => {
    expect(() => createHoldfast({ storage: memoryStorage(), ...limits })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    )
  })
})

describe('an unanswered first claim', () => {
  it('tells of all the time that its caller waited, not of what was left after learning the time', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage()
    const silent = new Promise<never>(() => undefined)
    let asked = false
    const storage = {
      ...memory,
      // The time is answered in the last moment.
      time: async (): Promise<number> => {
        await new Promise<void>((resolve) => void runtime.setTimer(1_999, resolve))
        return memory.time()
      },
      leases: {
        ...memory.leases,
        acquire: (): Promise<never> => {
          asked = true
          return silent
        },
      },
    }
    const locks = createLocks(storage, { runtime, callTimeoutMs: 2_000 })
    const refused = expect(locks.tryAcquire('a')).rejects.toThrow(
      'The storage did not answer within 2000 ms.',
    )
    await runtime.advance(5_000)
    await refused
    expect(asked).toBe(true)
    await locks.close()
  })
})
