import { describe, expect, it } from 'vitest'
import { StorageUnavailableError, createHoldfast, createLocks, memoryStorage } from '@holdfast/core'
import { hasCode } from '../src/errors.ts'
import type { ConnectionState } from '../src/storage/storage.ts'
import { StorageClient } from '../src/support/storage-client.ts'
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
  it('reports the whole time that its caller waited, not the rest after reading the time', async () => {
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

  it('reports why it has no connection', async () => {
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

describe('a deadline', () => {
  /** Makes a call whose answer arrives `afterMs` later, and lets the event loop be blocked for `blockedMs` meanwhile. */
  const call = async (blockedMs: number, afterMs: number): Promise<unknown> => {
    const runtime = manualRuntime()
    const calls = new StorageClient(memoryStorage(), runtime)
    const answer = new Promise<string>((resolve) => void runtime.setTimer(afterMs, () => resolve('answer')))
    const settled = calls
      .call(() => answer)
      .then(
        ({ reply }) => reply,
        (error: unknown) => (hasCode(error, 'STORAGE_UNAVAILABLE') ? runtime.monotonicNow() - 1_000 : error),
      )
    runtime.freeze(blockedMs)
    await runtime.advance(10_000)
    calls.close()
    return settled
  }

  it('is judged after the answers that have arrived were read', async () => {
    // Before the timer of the deadline, after it, at the end of the block.
    expect(await call(5_000, 1_000)).toBe('answer')
    expect(await call(5_000, 2_001)).toBe('answer')
    expect(await call(5_000, 5_000)).toBe('answer')
    expect(await call(2_000.5, 2_000.25)).toBe('answer')
  })

  it('waits a little for what was sent when the event loop was free again, as long as that was blocked, at most', async () => {
    expect(await call(5_000, 5_049)).toBe('answer')
    expect(await call(5_000, 5_051)).toBe(5_050)
    expect(await call(2_020, 2_039)).toBe('answer')
    expect(await call(2_020, 2_041)).toBe(2_040)
  })

  it('is kept by an event loop that was free', async () => {
    expect(await call(0, 1_999)).toBe('answer')
    expect(await call(0, 2_001)).toBe(2_000)
  })

  it('once over lets nothing be sent any more, even if the connection is there before it is judged', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage()
    const listeners: ((state: ConnectionState) => void)[] = []
    const connection = {
      ...memory.connection,
      state: 'down' as ConnectionState,
      onChange(listener: (state: ConnectionState) => void) {
        listeners.push(listener)
        return () => undefined
      },
    }
    const calls = new StorageClient({ ...memory, connection }, runtime)
    let sent = 0
    const refused = expect(calls.call(async () => (sent += 1))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: false,
    })
    runtime.freeze(5_000)
    runtime.setTimer(0, () => {
      connection.state = 'ready'
      for (const listener of listeners) listener('ready')
    })
    await runtime.advance(1_000)
    await refused
    expect(sent).toBe(0)
    calls.close()
  })
})

describe('a claim', () => {
  /** By how much the storage's clock is ahead: both count on within a millisecond, of which a storage shows the whole. */
  it.each([0, 0.2, 0.4, 0.6, 0.8, 0.95])(
    'is late from the moment at which its caller gives up (%d ms)',
    async (aheadMs) => {
      const runtime = manualRuntime()
      const shown = (): number => Math.floor(runtime.monotonicNow() + aheadMs)
      const calls = new StorageClient({ ...memoryStorage(), time: async () => shown() }, runtime)
      await calls.time()
      for (const startedMs of [0, 0.3, 0.3, 0.3]) {
        await runtime.advance(startedMs)
        let until = Number.NaN
        const claim = (notAfter: number): Promise<never> => {
          until = notAfter
          return new Promise(() => undefined)
        }
        const gaveUpAt = calls.claim(claim, 100).catch(() => shown())
        await runtime.advance(100)
        expect(await gaveUpAt).toBeGreaterThan(until)
      }
      calls.close()
    },
  )
})
