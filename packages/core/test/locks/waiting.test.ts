import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

describe('a waiter', () => {
  it('gets the lock of a crashed holder when its lease ends, and not later', async () => {
    const { runtime, join } = createWorld()
    const { locks: holder, link } = join()
    await holder.acquire('a', { leaseMs: 5_000 })
    const waiter = join().locks
    const waiting = waiter.acquire('a', { waitMs: 60_000 })
    await settle()
    link.blackHole = true
    let grantedAt = Infinity
    void waiting.then(() => (grantedAt = runtime.monotonicNow()))
    const crashedAt = runtime.monotonicNow()
    await runtime.advance(6_000)
    expect(grantedAt - crashedAt).toBeGreaterThanOrEqual(5_000)
    expect(grantedAt - crashedAt).toBeLessThanOrEqual(5_020)
  })

  it('does not poll: about one command for each lease time of a living holder', async () => {
    const { runtime, commands, join } = createWorld()
    await join().locks.acquire('a', { leaseMs: 6_000 })
    const { locks } = join()
    for (let i = 0; i < 10; i += 1)
      void locks.acquire('a', { waitMs: Infinity, leaseMs: 6_000 }).catch(() => {})
    await runtime.advance(1_000)
    commands.length = 0
    await runtime.advance(60_000)
    const asked = commands.filter((command) => command === 'acquire a').length
    // Ten waiters, ten lease times: one of them retries for all.
    expect(asked).toBeGreaterThanOrEqual(5)
    expect(asked).toBeLessThanOrEqual(20)
    await locks.close()
  })

  it('joins the queue again as often as it loses its place, also when later calls of its process have ended', async () => {
    const { join, lose } = createWorld()
    const held = await join().locks.acquire('a')
    const { locks, link } = join()
    const waiting = locks.acquire('a', { waitMs: 60_000 })
    await settle()
    for (let times = 0; times < 10; times += 1) {
      // Its token is older than the last one of its process that has ended: it needs another.
      expect(await locks.tryAcquire('a')).toBeNull()
      lose('the queue')
      link.hear({ kind: 'dropped', key: 'app:lock:a' })
      await settle()
    }
    await held.release()
    expect((await waiting).remainingMs()).toBeGreaterThan(0)
  })

  it('times out, and reports no outage, when the last reply is that its token is used up', async () => {
    const { runtime, join, lose } = createWorld()
    const held = await join().locks.acquire('a')
    const { locks, link } = join()
    const outcome = locks.acquire('a', { waitMs: 1_000 }).catch((error: unknown) => error)
    await settle()
    await locks.tryAcquire('a')
    lose('the queue')
    let answer = async (): Promise<unknown> => undefined
    link.faults.push({ held: (execute) => (answer = execute) })
    link.hear({ kind: 'gap' })
    await runtime.advance(1_100)
    await answer()
    expect(await outcome).toMatchObject({ code: 'LOCK_TIMEOUT', holders: [{ token: held.token }] })
  })

  it('that lost its push finds its grant by itself', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a', { leaseMs: 5_000 })
    const { locks, link } = join()
    const waiting = locks.acquire('a', { waitMs: 60_000 })
    await settle()
    link.deaf = true
    await lease.release()
    link.deaf = false
    await runtime.advance(5_100)
    expect((await waiting).remainingMs()).toBeGreaterThan(0)
  })

  it('retries when its subscription was interrupted', async () => {
    const { join } = createWorld()
    const lease = await join().locks.acquire('a')
    const { locks, link } = join()
    const waiting = locks.acquire('a')
    await settle()
    link.deaf = true
    await lease.release()
    await settle()
    link.deaf = false
    link.hear({ kind: 'gap' })
    ;(await waiting).assertValid()
  })

  it('refuses a wrong signal at the call, and leaves nothing behind', async () => {
    const { runtime, commands, join } = createWorld()
    const { locks } = join()
    const timers = runtime.timers
    for (const wrong of [new AbortController(), {}, null, 'signal']) {
      const signal = wrong as unknown as AbortSignal
      const calls = [
        locks.acquire('a', { signal }),
        locks.tryAcquire('a', { signal }),
        locks.run('a', { signal }, () => undefined),
        locks.semaphore('s', { permits: 2 }).acquire({ signal }),
        locks.acquireAll(['a', 'b'], { signal }),
      ]
      for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        expect([status, reason]).toMatchObject([
          'rejected',
          {
            code: 'INVALID_ARGUMENT',
            message: expect.stringMatching(/^signal must be an AbortSignal; got /) as string,
          },
        ])
      }
    }
    expect([commands, runtime.timers]).toEqual([[], timers])
    await locks.close()
  })

  it('retries when the connection is back', async () => {
    const { join } = createWorld()
    const lease = await join().locks.acquire('a')
    const { locks, link } = join()
    const waiting = locks.acquire('a')
    await settle()
    link.deaf = true
    link.set('down')
    await lease.release()
    await settle()
    link.deaf = false
    link.set('ready')
    ;(await waiting).assertValid()
  })

  it('waits through an outage of the storage, and says so when it lasts', async () => {
    const { runtime, join } = createWorld()
    await join().locks.acquire('a')
    const { locks, link } = join()
    const waiting = locks.acquire('a', { waitMs: 20_000 })
    await settle()
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    link.blackHole = true
    link.hear({ kind: 'gap' })
    await runtime.advance(22_500)
    await outcome
  })

  it('is not kept by frozen processes: the first unclaimed hand-off drops all of their places', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a')
    const frozen = join()
    for (let i = 0; i < 10; i += 1) void frozen.locks.acquire('a', { waitMs: Infinity }).catch(() => {})
    await settle()
    const live = join().locks.acquire('a', { waitMs: Infinity })
    await settle()
    frozen.link.deaf = true
    frozen.link.blackHole = true
    const startedAt = runtime.monotonicNow()
    let grantedAt = Infinity
    void live.then(() => (grantedAt = runtime.monotonicNow()))
    await lease.release()
    await runtime.advance(10_000)
    // One claim time (3 s), and not ten.
    expect(grantedAt - startedAt).toBeLessThanOrEqual(3_100)
  })

  it('of a process that was dropped joins the queue again when it thaws', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a')
    const frozen = join()
    const waiting = [1, 2, 3].map(() => frozen.locks.acquire('a', { waitMs: Infinity }))
    await settle()
    const live = join().locks.acquire('a', { waitMs: Infinity })
    await settle()
    frozen.link.deaf = true
    await lease.release()
    await runtime.advance(2_900)
    frozen.link.deaf = false
    await runtime.advance(200)
    await (await live).release()
    for (const next of waiting) await (await next).release()
  })

  it('is passed over while it is not connected, without delay for the others', async () => {
    const { join, storage } = createWorld()
    const lease = await join().locks.acquire('a')
    const gone = join().locks
    const abandoned = gone.acquire('a').catch((error: unknown) => error)
    await settle()
    const live = join().locks.acquire('a')
    await settle()
    // The process ends without leaving the queue: its subscription ends, its places stay.
    const { queue } = await storage.leases.inspect('app:lock:a')
    expect(queue).toHaveLength(2)
    await gone.close()
    expect(await abandoned).toMatchObject({ code: 'LOCK_ABORTED' })
    await lease.release()
    ;(await live).assertValid()
  })

  it('still gets its turn where pushes are not permitted, by asking from time to time', async () => {
    const world = createWorld()
    const refuse = Object.assign(world.storage.leases, {
      listen: () => Promise.reject(Object.assign(new Error('NOPERM'), { code: 'STORAGE_REFUSED' })),
    })
    expect(refuse).toBe(world.storage.leases)
    const lease = await world.join().locks.acquire('a', { leaseMs: 30_000 })
    const waiting = world.join().locks.acquire('a')
    await world.runtime.advance(1_000)
    await lease.release()
    let granted = false
    void waiting.then(() => (granted = true))
    await world.runtime.advance(300)
    expect(granted).toBe(true)
  })

  it('settles in time also when a command is in flight', async () => {
    const { runtime, join } = createWorld()
    await join().locks.acquire('a')
    const { locks, link } = join()
    link.faults.push('lost')
    let settled: unknown
    void locks.acquire('a', { waitMs: 100 }).catch((error: unknown) => (settled = error))
    await runtime.advance(2_100)
    expect(settled).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })
})
