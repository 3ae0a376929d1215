import { describe, expect, it } from 'vitest'
import { createLocks } from '../../src/holdfast.ts'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { manualRuntime, settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

describe('a subscription that takes longer than its call', () => {
  const delayed = () => {
    const runtime = manualRuntime()
    const memory = memoryStorage({ now: () => runtime.monotonicNow() })
    const answers: (() => void)[] = []
    let open = 0
    const storage: Storage = {
      ...memory,
      leases: {
        ...memory.leases,
        async listen(process, onPush) {
          await new Promise<void>((resolve) => answers.push(resolve))
          const stop = await memory.leases.listen(process, onPush)
          open += 1
          return async () => {
            open -= 1
            await stop()
          }
        },
      },
    }
    return { locks: createLocks(storage, { runtime }), runtime, answers, open: () => open }
  }

  it('is used when it arrives, and only one of them', async () => {
    const { locks, runtime, answers, open } = delayed()
    await locks.acquire('a')
    await runtime.advance(3_000)
    const waiting = locks.acquire('a').catch(() => undefined)
    await settle()
    expect(answers).toHaveLength(2)
    for (const answer of answers) answer()
    await settle()
    expect(open()).toBe(1)
    await locks.close()
    await waiting
    expect(open()).toBe(0)
  })

  it('is released when it arrives after close()', async () => {
    const { locks, answers, open } = delayed()
    await locks.acquire('a')
    await locks.close()
    for (const answer of answers) answer()
    await settle()
    expect(open()).toBe(0)
  })
})

describe('acquireAll', () => {
  it('hands out nothing with a lease that was lost while the next one was waited for', async () => {
    const world = createWorld()
    const { locks } = world.join()
    const other = world.join().locks
    const held = await other.acquire('b')
    let settled = false
    const both = locks.acquireAll(['a', 'b'], { leaseMs: 1_000 })
    void both.finally(() => (settled = true))
    await settle()
    await other.revoke('a')
    await settle()
    await held.release()
    await settle()
    expect(settled).toBe(true)
    const { leases } = await both
    expect(leases.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(leases.every((lease) => lease.remainingMs() > 0)).toBe(true)
    expect((await other.inspect('a')).holders.map(({ token }) => token)).toEqual([leases[0]?.token])
  })
})

it('a lost first read of the time fails only its caller', async () => {
  const runtime = manualRuntime()
  const memory = memoryStorage({ now: () => runtime.monotonicNow() })
  let asked = 0
  const storage: Storage = {
    ...memory,
    time: () => ((asked += 1) === 1 ? new Promise<number>(() => undefined) : memory.time()),
  }
  const locks = createLocks(storage, { runtime, callTimeoutMs: 1_000 })
  const first = locks.acquire('a').catch((error: unknown) => error)
  await runtime.advance(900)
  const second = locks.acquire('b')
  await runtime.advance(150)
  expect(await first).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  ;(await second).assertValid()
  await locks.close()
})

describe('release', () => {
  it('says released when a stale push made this process release it before, and the storage forgot', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    const pool = locks.semaphore('s', { permits: 2 })
    const [first, second] = [await pool.acquire(), await pool.acquire()]
    let execute: (() => Promise<unknown>) | undefined
    link.faults.push({ held: (run) => void (execute = run) })
    const released = first.release()
    const request = { token: first.token, claimMs: 1_000, notAfter: 0 }
    await world.storage.leases.release('app:semaphore:s', request)
    await second.release()
    await execute?.()
    await expect(released).resolves.toBe('released')
  })
})
