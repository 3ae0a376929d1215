import { describe, expect, it } from 'vitest'
import { type Lease, LeaseLostError } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { sendingTurns } from '../sending-turns.ts'
import { createWorld } from './world.ts'

const lost = expect.objectContaining({ code: 'LEASE_LOST' })

describe('renewal', () => {
  it('keeps a lease for as long as it is held, with one command every third of it', async () => {
    const { runtime, commands, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 3_000 })
    const { signal } = lease
    commands.length = 0
    await runtime.advance(60_000)
    expect(signal.aborted).toBe(false)
    lease.assertValid()
    expect(commands.length).toBeGreaterThanOrEqual(58)
    expect(commands.length).toBeLessThanOrEqual(66)
    expect(await join().locks.tryAcquire('a')).toBeNull()
    expect(await lease.release()).toBe('released')
  })

  it('renews all leases of a process in the same turn', async () => {
    const { runtime, commands, join } = createWorld()
    const { locks } = join()
    for (let i = 0; i < 20; i += 1) {
      await locks.acquire(`a${i}`, { leaseMs: 3_000 })
      await runtime.advance(5)
    }
    const turns = await sendingTurns(runtime, commands, 5_000)
    // A hundred renewals, in about one turn for each third of the lease.
    expect(turns.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(80)
    expect(turns.length).toBeLessThanOrEqual(8)
  })

  it('survives a connection that is gone for a while', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    const lease = await locks.acquire('a', { leaseMs: 6_000 })
    for (let i = 0; i < 5; i += 1) {
      link.set('down')
      await runtime.advance(4_500)
      link.set('ready')
      await runtime.advance(1)
      lease.assertValid()
      expect(lease.remainingMs()).toBeGreaterThan(5_800)
    }
  })

  it('survives missing answers until the deadline', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    const lease = await locks.acquire('a', { leaseMs: 6_000 })
    link.blackHole = true
    await runtime.advance(5_000)
    link.blackHole = false
    await runtime.advance(700)
    expect(lease.remainingMs()).toBeGreaterThan(5_000)
  })

  it('stops at maxHoldMs, and the signal aborts then', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 3_000, maxHoldMs: 10_000 })
    const { signal } = lease
    await runtime.advance(9_500)
    lease.assertValid()
    await runtime.advance(500)
    expect(signal.aborted).toBe(true)
    expect(String(signal.reason)).toContain('maxHoldMs')
    await runtime.advance(100)
    expect(await join().locks.tryAcquire('a')).not.toBeNull()
  })

  it('adds to the end of the lease, and to maxHoldMs, with extend', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 3_000, maxHoldMs: 3_000 })
    await runtime.advance(1_000)
    await lease.extend(5_000)
    await runtime.advance(6_500)
    lease.assertValid()
    await runtime.advance(600)
    expect(() => lease.assertValid()).toThrow(lost)
    await expect(lease.extend(1_000)).rejects.toThrow(lost)
    await expect(lease.extend(0)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('loss', () => {
  it('aborts the signal before the lease can be over, with the storage black-holed', async () => {
    const { runtime, storage, join } = createWorld()
    const { locks, link } = join()
    const lease = await locks.acquire('a', { leaseMs: 2_000 })
    let abortedAt = 0
    lease.signal.addEventListener('abort', () => (abortedAt = runtime.monotonicNow()))
    const grantedAt = runtime.monotonicNow()
    link.blackHole = true
    await runtime.advance(5_000)
    expect(abortedAt - grantedAt).toBeGreaterThan(1_900)
    expect(abortedAt - grantedAt).toBeLessThanOrEqual(1_950)
    expect(lease.signal.reason).toBeInstanceOf(LeaseLostError)
    expect((await storage.leases.inspect('app:lock:a')).holders[0]?.remainingMs).toBeLessThan(0)
  })

  it('aborts the signal with the connection down', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    const lease = await locks.acquire('a', { leaseMs: 2_000 })
    const { signal } = lease
    link.set('down')
    await runtime.advance(1_950)
    expect(signal.aborted).toBe(true)
  })

  it('is reported by assertValid before any timer could run: the event loop was blocked, the process stopped', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 2_000 })
    lease.assertValid()
    runtime.freeze(2_000)
    expect(lease.remainingMs()).toBe(0)
    expect(() => lease.assertValid()).toThrow(lost)
    expect(lease.signal.aborted).toBe(true)
  })

  it('is noticed when the machine slept: the wall clock advanced, the monotonic clock did not', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 2_000 })
    runtime.stepWall(60_000)
    expect(() => lease.assertValid()).toThrow(lost)
  })

  it('is not concealed by a wall clock that is set back', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    const lease = await locks.acquire('a', { leaseMs: 2_000 })
    link.blackHole = true
    runtime.stepWall(-60_000)
    await runtime.advance(2_000)
    expect(() => lease.assertValid()).toThrow(lost)
  })

  it('is noticed at the next renewal when another caller removed the lease', async () => {
    const { runtime, storage, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 3_000 })
    const { signal } = lease
    await storage.leases.release('app:lock:a', { token: lease.token, claimMs: 1_000, notAfter: 0 })
    await runtime.advance(1_000)
    expect(signal.aborted).toBe(true)
  })

  it('is noticed within a third of the lease also when it was extended, or maxHoldMs is no longer than the lease', async () => {
    const { runtime, storage, join } = createWorld()
    const { locks } = join()
    const extended = await locks.acquire('a', { leaseMs: 3_000 })
    await extended.extend(60_000)
    const limited = await locks.acquire('b', { leaseMs: 3_000, maxHoldMs: 3_000 })
    const signals = [extended.signal, limited.signal]
    for (const { name, token } of [extended, limited]) {
      await storage.leases.release(`app:lock:${name}`, { token, claimMs: 1_000, notAfter: 0 })
    }
    await runtime.advance(1_001)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  it('is checked as soon as the connection is back, not at the next renewal', async () => {
    const { storage, join } = createWorld()
    const { locks, link } = join()
    const lease = await locks.acquire('a', { leaseMs: 30_000 })
    const { signal } = lease
    await storage.leases.release('app:lock:a', { token: lease.token, claimMs: 1_000, notAfter: 0 })
    link.set('down')
    link.set('ready')
    await settle()
    expect(signal.aborted).toBe(true)
  })

  it('does not abort the signal of a lease that was released', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 1_000 })
    const { signal } = lease
    await lease.release()
    await runtime.advance(5_000)
    expect(signal.aborted).toBe(false)
    expect(() => lease.assertValid()).toThrow(lost)
    await expect(lease.extend(1_000)).rejects.toThrow(lost)
  })
})

describe('release of a lease that is over', () => {
  const outlive = async (): Promise<{ lease: Lease; world: ReturnType<typeof createWorld> }> => {
    const world = createWorld()
    const { locks, link } = world.join()
    const lease = await locks.acquire('a', { leaseMs: 1_000 })
    link.blackHole = true
    await world.runtime.advance(1_500)
    link.blackHole = false
    return { lease, world }
  }

  it("returns 'expired' at once when no other process took it", async () => {
    const { lease } = await outlive()
    expect(await lease.release()).toBe('expired')
  })

  it("returns 'lost' at once when another process did, and does not touch that lease", async () => {
    const { lease, world } = await outlive()
    const successor = await world.join().locks.acquire('a')
    expect(await lease.release()).toBe('lost')
    successor.assertValid()
    expect(await world.join().locks.tryAcquire('a')).toBeNull()
    expect(successor.fencingToken).toBeGreaterThan(lease.fencingToken)
  })

  it("does not hide the body's error, and is not thrown over its result", async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    const body = async (): Promise<void> => {
      link.blackHole = true
      await world.runtime.advance(1_500)
      link.blackHole = false
      await world.join().locks.acquire('a')
    }
    const failing = locks.run('a', { leaseMs: 1_000 }, async (lease) => {
      await body()
      lease.assertValid()
    })
    await expect(failing).rejects.toThrow(lost)
    expect(
      await world.join().locks.run('b', { leaseMs: 1_000 }, async () => {
        await world.runtime.advance(1_500)
        return 'done'
      }),
    ).toBe('done')
  })
})
