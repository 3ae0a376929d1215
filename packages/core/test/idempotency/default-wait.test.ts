import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

const wait = { onInProgress: 'wait' } as const
const LEASE = 60_000

const never = (): never => {
  throw new Error('this body must not run')
}

describe('a wait without waitMs', () => {
  it.each([
    ['before', 0],
    ['while', 25_000],
  ])('outlives an owner that dies %s it waits', async (_, aliveMs) => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: LEASE })
    if (aliveMs === 0) dead.link.blackHole = true
    // The lease of the waiter is shorter than that of the owner, which counts.
    const call = watched(join().idempotency.run('job', 'k', wait, ({ attempt }) => attempt))
    const ended = watched(join().idempotency.waitForCompletion('job', 'k'))
    await runtime.advance(aliveMs)
    dead.link.blackHole = true
    await runtime.advance(LEASE - 15_000)
    expect([call.state, ended.state]).toEqual(['pending', 'pending'])
    await runtime.advance(18_000)
    expect(call.value).toMatchObject({ status: 'executed', result: 2 })
  })

  it('ends as soon as the owner shows after that time that it lives', async () => {
    const { runtime, join } = createWorld()
    const owner = join()
    await started(owner.idempotency, { leaseMs: LEASE })
    const { idempotency, link } = join()
    const timers = runtime.timers
    const calls = [
      watched(idempotency.run('job', 'k', wait, never)),
      watched(idempotency.waitForCompletion('job', 'k')),
    ]
    await runtime.advance(30_000)
    expect(calls.map(({ state }) => state)).toEqual(['pending', 'pending'])
    // A renewal, and a poll that sees it.
    await runtime.advance(LEASE / 3 + 2_000)
    for (const { error } of calls)
      expect(error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS', snapshot: { stalled: false } })
    expect([link.subscriptions, runtime.timers]).toEqual([0, timers])
  })

  it('ends at once where the owner is in this process: it lives', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    await started(idempotency, { leaseMs: LEASE })
    const call = watched(idempotency.run('job', 'k', wait, never))
    await runtime.advance(30_000)
    expect(call.error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS' })
  })

  it('is not advised to a caller that has waited, also where the instance said so', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join(wait)
    await started(idempotency, { leaseMs: LEASE })
    const call = watched(idempotency.run('job', 'k', never))
    await runtime.advance(30_000)
    expect(call.error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS' })
    expect((call.error as Error).message).not.toContain("onInProgress: 'wait'")
  })

  it('ends when another process has taken over from the dead owner', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: LEASE })
    dead.link.blackHole = true
    const calls = [1, 2].map(() =>
      watched(join().idempotency.run('job', 'k', wait, () => new Promise<never>(() => undefined))),
    )
    await runtime.advance(LEASE + 5_000)
    expect(calls.map(({ state }) => state).sort()).toEqual(['pending', 'rejected'])
    const { error } = calls.find(({ state }) => state === 'rejected') ?? {}
    expect(error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS', snapshot: { attempt: 2 } })
  })

  it('rejects with the dead owner for a caller that only waits and starts nothing', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: LEASE })
    dead.link.blackHole = true
    const call = watched(join().idempotency.waitForCompletion('job', 'k'))
    await runtime.advance(LEASE + 5_000)
    expect(call.error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS', snapshot: { stalled: true } })
  })

  it.each([
    ['the call', {}, { waitMs: 30_000 }],
    ['the instance', { waitMs: 30_000 }, {}],
  ])('is kept to when %s gives it', async (_, options, start) => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: LEASE })
    dead.link.blackHole = true
    const call = watched(join(options).idempotency.run('job', 'k', { ...wait, ...start }, never))
    await runtime.advance(29_999)
    expect(call.state).toBe('pending')
    await runtime.advance(1)
    expect(call.error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS' })
  })

  it('says that the storage is down, when it is then', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: LEASE })
    const { idempotency, link } = join()
    const call = watched(idempotency.run('job', 'k', wait, never))
    await settle()
    link.blackHole = true
    await runtime.advance(32_000)
    expect(call.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })
})
