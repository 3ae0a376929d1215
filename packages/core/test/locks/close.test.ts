import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { createLocks } from '../../src/holdfast.ts'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

describe('close', () => {
  it('waits for the holders whose signals it aborted, and leaves nothing behind', async () => {
    const { runtime, storage, join } = createWorld()
    const { locks } = join()
    const steps: string[] = []
    const running = locks.run('a', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      steps.push(`told: ${signal.reason.code}`)
    })
    await settle()
    const waiting = expect(locks.acquire('a')).rejects.toMatchObject({
      code: 'LOCK_ABORTED',
      cause: { code: 'CLOSED' },
    })
    await settle()
    await locks.close({ graceMs: 5_000 })
    await running
    await waiting
    expect(steps).toEqual(['told: CLOSED'])
    const view = await storage.leases.inspect('app:lock:a')
    expect([view.holders, view.waiting]).toEqual([[], 0])
    expect(runtime.timers).toBe(0)
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(locks.tryAcquire('a')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('leaves to its lease what is not released in time, and does not renew it', async () => {
    const { runtime, commands, join } = createWorld()
    const { locks } = join()
    const lease = await locks.acquire('a', { leaseMs: 3_000 })
    const closing = locks.close({ graceMs: 1_000 })
    await runtime.advance(1_000)
    await closing
    expect(runtime.timers).toBe(0)
    commands.length = 0
    await runtime.advance(3_100)
    expect(commands).toEqual([])
    expect(lease.remainingMs()).toBe(0)
    expect(await join().locks.tryAcquire('a')).not.toBeNull()
  })

  it('is over at once when the storage cannot be reached', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    await locks.acquire('a')
    link.set('down')
    const closing = locks.close()
    await runtime.advance(2_000)
    await closing
    expect(runtime.timers).toBe(0)
  })

  it('does not wait for a subscription that never ends', async () => {
    const { runtime, storage } = createWorld()
    const { leases } = storage
    const listen: typeof leases.listen = async (...args) => {
      await leases.listen(...args)
      return () => new Promise(() => undefined)
    }
    const locks = createLocks({ ...storage, leases: { ...leases, listen } }, { runtime })
    await (await locks.acquire('a')).release()
    const closing = locks.close()
    await runtime.advance(2_000)
    await closing
    expect(runtime.timers).toBe(0)
  })

  it('ends twice as once', async () => {
    const { join } = createWorld()
    const { locks } = join()
    await Promise.all([locks.close(), locks.close()])
  })
})

describe('events', () => {
  it('report which call ended how', async () => {
    const { runtime, join } = createWorld()
    const [one, other] = [join().locks, join()]
    const types: string[] = []
    const note = (event: unknown): void => void types.push((event as { type: string }).type)
    subscribe('holdfast:locks', note)
    const lease = await one.acquire('a')
    const waiting = other.locks.acquire('a', { leaseMs: 5_000 })
    await settle()
    await lease.release()
    await waiting
    other.link.blackHole = true
    await runtime.advance(5_000)
    await expect(one.acquire('a', { signal: AbortSignal.abort() })).rejects.toBeDefined()
    unsubscribe('holdfast:locks', note)
    expect(types.filter((type) => type !== 'renewalFailed' && type !== 'renewed')).toEqual([
      'granted',
      'waiting',
      // The push is as fast as the answer to the release.
      'granted',
      'released',
      'lost',
    ])
    expect(types).toContain('renewalFailed')
  })
})
