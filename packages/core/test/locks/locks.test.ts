import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

describe('acquire and release', () => {
  it('takes two commands for an uncontended pair', async () => {
    const { commands, join } = createWorld()
    const { locks } = join()
    const lease = await locks.acquire('a')
    expect(await lease.release()).toBe('released')
    expect(commands).toEqual(['acquire a', 'release a'])
  })

  it('excludes another process, and lets it in after the release', async () => {
    const { join } = createWorld()
    const [first, second] = [join().locks, join().locks]
    const lease = await first.acquire('a')
    expect(await second.tryAcquire('a')).toBeNull()
    await lease.release()
    const next = await second.tryAcquire('a')
    expect(next?.fencingToken).toBeGreaterThan(lease.fencingToken)
    expect(Number.isSafeInteger(next?.fencingToken)).toBe(true)
  })

  it('takes one command to find that a lock is held', async () => {
    const { commands, join } = createWorld()
    await join().locks.acquire('a')
    commands.length = 0
    await join().locks.tryAcquire('a')
    expect(commands).toEqual(['acquire a'])
  })

  it('gives the same answer to every release of a lease', async () => {
    const { commands, join } = createWorld()
    const lease = await join().locks.acquire('a')
    expect(await Promise.all([lease.release(), lease.release()])).toEqual(['released', 'released'])
    expect(commands.filter((command) => command === 'release a')).toHaveLength(1)
  })

  it('releases at the end of the block with await using', async () => {
    const { join } = createWorld()
    const { locks } = join()
    {
      await using lease = await locks.acquire('a')
      expect(lease.remainingMs()).toBeGreaterThan(0)
      expect(await locks.tryAcquire('a')).toBeNull()
    }
    expect(await locks.tryAcquire('a')).not.toBeNull()
  })

  it('names the holder of the lock and its remaining lease when the wait times out', async () => {
    const { runtime, join } = createWorld()
    await join({ instance: 'holder-1' }).locks.acquire('a', { leaseMs: 30_000 })
    const waiting = join().locks.acquire('a', { waitMs: 1_000 })
    const outcome = expect(waiting).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      holders: [{ owner: 'holder-1', claimed: true }],
    })
    await runtime.advance(1_000)
    await outcome
    const error: { holders: { remainingMs: number; heldForMs: number }[] } = await waiting.catch((e) => e)
    expect(error.holders[0]?.remainingMs).toBeGreaterThan(20_000)
    expect(error.holders[0]?.heldForMs).toBeLessThanOrEqual(1_000)
  })

  it('says so at once when waitMs is 0', async () => {
    const { join } = createWorld()
    await join({ instance: 'holder-1' }).locks.acquire('a')
    await expect(join().locks.acquire('a', { waitMs: 0 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      holders: [{ owner: 'holder-1' }],
    })
  })
})

describe('run', () => {
  it('holds while the body runs, and passes on what it returns', async () => {
    const { join } = createWorld()
    const [one, other] = [join().locks, join().locks]
    const result = await one.run('a', async (lease) => {
      lease.assertValid()
      expect(await other.tryAcquire('a')).toBeNull()
      return 42
    })
    expect(result).toBe(42)
    expect(await other.tryAcquire('a')).not.toBeNull()
  })

  it("passes on the body's error although the release fails", async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    const running = locks.run('a', () => {
      link.set('down')
      throw new Error('of the body')
    })
    const outcome = expect(running).rejects.toThrow('of the body')
    await runtime.advance(2_100)
    await outcome
  })
})

describe('waiting', () => {
  it('hands the lock over in the order of arrival, with three commands a grant', async () => {
    const { commands, join } = createWorld()
    const holder = join().locks
    const others = [join().locks, join().locks, join().locks]
    // Each process's first wait also has to start listening.
    await Promise.all(
      others.map((locks) => locks.acquire('warm', { waitMs: 1 }).then((lease) => lease.release())),
    )
    let lease = await holder.acquire('a')
    const order: number[] = []
    const waiting = []
    for (const [i, locks] of [...others, ...others].entries()) {
      waiting.push(locks.acquire('a').then((granted) => (order.push(i), granted)))
      await settle()
    }
    commands.length = 0
    for (const next of waiting) {
      expect(await lease.release()).toBe('released')
      lease = await next
    }
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
    // Each grant: the release that hands over, and the claim; the acquire that joined the queue came before.
    expect(commands).toHaveLength(12)
  })

  it('ends with the signal, and leaves no place in the queue', async () => {
    const { join, storage, runtime } = createWorld()
    const lease = await join().locks.acquire('a')
    const abort = new AbortController()
    const { locks } = join()
    const waiting = locks.acquire('a', { signal: abort.signal })
    await settle()
    expect((await locks.inspect('a')).waiting).toBe(1)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(waiting).rejects.toMatchObject({ code: 'LOCK_ABORTED', cause: reason })
    await settle()
    expect((await locks.inspect('a')).waiting).toBe(0)
    await lease.release()
    expect((await storage.leases.inspect('app:lock:a')).holders).toEqual([])
    expect(runtime.timers).toBeLessThan(4)
  })

  it('passes a lock on at once when it was handed over to a waiter that has just given up', async () => {
    const { join } = createWorld()
    const lease = await join().locks.acquire('a')
    const abort = new AbortController()
    const { locks, link } = join()
    const waiting = locks.acquire('a', { signal: abort.signal })
    const third = join().locks.acquire('a')
    await settle()
    // The cancellation is on its way while the lock is handed over.
    let cancel: (() => Promise<unknown>) | undefined
    link.faults.push({ held: (execute) => (cancel = execute) })
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
    await lease.release()
    const next = await third
    expect(next.remainingMs()).toBeGreaterThan(0)
    await cancel?.()
    await settle()
    next.assertValid()
    expect((await locks.inspect('a')).holders).toMatchObject([{ token: next.token }])
  })

  it('is refused before anything is sent when the arguments make no sense', async () => {
    const { commands, join } = createWorld()
    const { locks } = join()
    const bad = { code: 'INVALID_ARGUMENT' }
    for (const leaseMs of [0, -1, NaN, Infinity, 49, '5' as unknown as number]) {
      await expect(locks.acquire('a', { leaseMs })).rejects.toMatchObject(bad)
      await expect(locks.tryAcquire('a', { leaseMs })).rejects.toMatchObject(bad)
    }
    for (const waitMs of [-1, NaN]) await expect(locks.acquire('a', { waitMs })).rejects.toMatchObject(bad)
    for (const name of ['', 'x'.repeat(1_025), 'half \ud800', 7 as unknown as string]) {
      await expect(locks.acquire(name)).rejects.toMatchObject(bad)
      await expect(locks.run(name, () => 1)).rejects.toMatchObject(bad)
      await expect(locks.acquireAll(['a', name])).rejects.toMatchObject(bad)
    }
    for (const permits of [0, -1, 1.5, NaN, Infinity, 1_001]) {
      expect(() => locks.semaphore('a', { permits })).toThrow(expect.objectContaining(bad))
    }
    await expect(locks.acquire('a', { durability: { replicas: 0 } })).rejects.toMatchObject(bad)
    await expect(locks.run('a', undefined as never)).rejects.toMatchObject(bad)
    expect(commands).toEqual([])
  })
})

describe('semaphore', () => {
  it('admits as many holders as it has permits, with any lease times', async () => {
    const { runtime, join } = createWorld()
    const one = join().locks.semaphore('s', { permits: 2 })
    const other = join().locks.semaphore('s', { permits: 2 })
    const long = await one.acquire({ leaseMs: 10_000 })
    const short = await other.acquire({ leaseMs: 100 })
    await runtime.advance(5_000)
    expect(await one.tryAcquire({ leaseMs: 100 })).toBeNull()
    long.assertValid()
    short.assertValid()
    await short.release()
    expect(await one.tryAcquire({ leaseMs: 100 })).not.toBeNull()
  })

  it('is not the lock of the same name', async () => {
    const { join } = createWorld()
    const { locks } = join()
    await locks.acquire('a')
    expect(await locks.semaphore('a', { permits: 1 }).tryAcquire()).not.toBeNull()
  })
})

describe('acquireAll', () => {
  it('cannot deadlock with the same names in another order', async () => {
    const { join } = createWorld()
    const [one, other] = [join().locks, join().locks]
    const first = await one.acquireAll(['b', 'a'])
    const waiting = other.acquireAll(['a', 'b', 'a'])
    expect(first.leases.map(({ name }) => name)).toEqual(['b', 'a'])
    await settle()
    expect(await first.release()).toBe('released')
    const second = await waiting
    expect(second.leases.map(({ name }) => name)).toEqual(['a', 'b'])
    second.assertValid()
  })

  it('releases the locks that it had when one is not available', async () => {
    const { runtime, join } = createWorld()
    const [one, other] = [join().locks, join().locks]
    await one.acquire('b')
    const waiting = other.acquireAll(['a', 'b'], { waitMs: 500 })
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', lockName: 'b' })
    await runtime.advance(600)
    await outcome
    expect(await one.tryAcquire('a')).not.toBeNull()
  })
})

describe('inspect and revoke', () => {
  it('show and end what is held', async () => {
    const { join } = createWorld()
    const holder = join({ instance: 'api-1' }).locks
    const operator = join().locks
    const lease = await holder.acquire('a')
    await settle()
    const waiting = operator.acquire('a')
    await settle()
    expect(await operator.inspect('a')).toMatchObject({
      name: 'a',
      holders: [{ owner: 'api-1', token: lease.token, fencingToken: lease.fencingToken, claimed: true }],
      waiting: 1,
    })
    const { signal } = lease
    expect(await operator.revoke('a')).toEqual([lease.token])
    await settle()
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({ code: 'LEASE_LOST' })
    expect(() => lease.assertValid()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }))
    expect(await lease.release()).toBe('lost')
    expect((await waiting).fencingToken).toBeGreaterThan(lease.fencingToken)
  })

  it('end leases of this process before they resolve, even if the push is lost', async () => {
    const { join } = createWorld()
    const { locks, link } = join()
    link.deaf = true
    const lease = await locks.acquire('a')
    expect(await locks.revoke('a')).toEqual([lease.token])
    expect(() => lease.assertValid()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }))
  })
})
