import { describe, expect, it } from 'vitest'
import { StorageUnavailableError, createHoldfast, createLocks, memoryStorage } from '@holdfast/core'
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

describe('a call that fails until its time is over', () => {
  const replica = "Redis cannot serve it now: READONLY You can't write against a read only replica."

  it.each([false, true])('says what the storage said last; executed perhaps: %s', async (maybeApplied) => {
    const runtime = manualRuntime()
    const memory = memoryStorage()
    const cause = new StorageUnavailableError(replica, { maybeApplied })
    const acquire = async (): Promise<never> => Promise.reject(cause)
    const locks = createLocks({ ...memory, leases: { ...memory.leases, acquire } }, { runtime })
    const refused = expect(locks.tryAcquire('a')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: `The storage could not serve this call within 2000 ms; the last error was: ${replica}`,
      cause,
      maybeApplied,
    })
    await runtime.advance(5_000)
    await refused
    await locks.close()
  })

  it('says why there is no connection', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage()
    const lastError = new Error('connect ECONNREFUSED 127.0.0.1:1')
    const connection = { ...memory.connection, state: 'down', lastError } as const
    const locks = createLocks({ ...memory, connection }, { runtime })
    const refused = expect(locks.tryAcquire('a')).rejects.toMatchObject({
      message: `There was no connection to the storage within 2000 ms; the last error was: ${lastError.message}`,
      cause: lastError,
      maybeApplied: false,
    })
    await runtime.advance(5_000)
    await refused
    await locks.close()
  })
})
