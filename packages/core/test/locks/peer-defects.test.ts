/**
 * The defects of other lock libraries, reproduced there, as regression tests of ours: D1 to D20 of the table in
 * docs/reference/peer-defects.md, which says which library has which. The same faults over real connections are in tests/chaos/.
 */
import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

const KEY = 'app:lock:a'

it('D1 acquiring settles although no command is ever answered', async () => {
  const { runtime, join } = createWorld()
  const { locks, link } = join()
  link.blackHole = true
  let outcome: unknown
  void locks.acquire('a', { waitMs: 500 }).catch((error: unknown) => (outcome = error))
  await runtime.advance(2_000)
  expect(outcome).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
})

it('D2 a lease granted after a wait has its full time left', async () => {
  const { runtime, join } = createWorld()
  const held = await join().locks.acquire('a')
  const waiting = join().locks.acquire('a', { leaseMs: 500, waitMs: 60_000 })
  await runtime.advance(5_000)
  await held.release()
  expect((await waiting).remainingMs()).toBeGreaterThan(370)
})

it('D3 a grant that was answered too late to be valid is not handed out', async () => {
  const { runtime, join } = createWorld()
  const { locks, link } = join()
  let execute: (() => Promise<unknown>) | undefined
  link.faults.push({ held: (run) => (execute = run) })
  const acquiring = locks.acquire('a', { leaseMs: 400 })
  await settle()
  await runtime.advance(390)
  await execute?.()
  expect((await acquiring).remainingMs()).toBeGreaterThan(200)
})

it('D4 releasing what ran out takes one command and throws nothing', async () => {
  const { runtime, commands, join } = createWorld()
  const { locks, link } = join()
  const lease = await locks.acquire('a', { leaseMs: 200 })
  link.blackHole = true
  await runtime.advance(5_000)
  link.blackHole = false
  commands.length = 0
  expect(await lease.release()).toBe('expired')
  expect(commands).toEqual(['release a'])
})

it('D5, D11, D13 a stalled connection: the holder knows before another process can hold', async () => {
  const { runtime, join } = createWorld()
  const { locks, link } = join()
  const other = join().locks
  const lease = await locks.acquire('a', { leaseMs: 2_000 })
  const { signal } = lease
  link.blackHole = true
  const next = other.acquire('a', { waitMs: 60_000 }).then((granted) => {
    expect(signal.aborted).toBe(true)
    expect(lease.remainingMs()).toBe(0)
    return granted
  })
  await runtime.advance(2_100)
  ;(await next).assertValid()
})

it('D6 a renewal in flight when the lease is released leaves no timer and aborts nothing', async () => {
  const { runtime, join } = createWorld()
  const { locks, link } = join()
  const lease = await locks.acquire('a', { leaseMs: 3_000 })
  const { signal } = lease
  let answer: (() => Promise<unknown>) | undefined
  link.faults.push({ held: (run) => (answer = run) })
  await runtime.advance(1_000)
  expect(answer).toBeDefined()
  expect(await lease.release()).toBe('released')
  await answer?.()
  await runtime.advance(10_000)
  expect(signal.aborted).toBe(false)
  await locks.close()
  expect(runtime.timers).toBe(0)
})

it('D7 an acquire whose answer was lost blocks no other caller', async () => {
  const { runtime, join } = createWorld()
  const { locks, link } = join()
  link.faults.push('unanswered')
  const failing = locks.acquire('a').catch((error: unknown) => error)
  const other = join().locks.acquire('a', { waitMs: 60_000 })
  await runtime.advance(2_001)
  expect(await failing).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  ;(await other).assertValid()
})

it('D8 a short lease does not evict a long one from a semaphore', async () => {
  const { runtime, join } = createWorld()
  const long = await join()
    .locks.semaphore('s', { permits: 1 })
    .acquire({ leaseMs: 10_000, maxHoldMs: 10_000 })
  await runtime.advance(500)
  expect(await join().locks.semaphore('s', { permits: 1 }).tryAcquire({ leaseMs: 100 })).toBeNull()
  long.assertValid()
})

it('D9, D19 the clocks of the processes grant and end no lease', async () => {
  for (const stepMs of [-3_600_000, 3_600_000]) {
    const { runtime, storage, join } = createWorld()
    const semaphore = join().locks.semaphore('s', { permits: 2 })
    await semaphore.acquire({ leaseMs: 30_000 })
    runtime.stepWall(stepMs)
    await join().locks.semaphore('s', { permits: 2 }).acquire({ leaseMs: 30_000 })
    runtime.stepWall(stepMs)
    expect(await join().locks.semaphore('s', { permits: 2 }).tryAcquire()).toBeNull()
    const { holders } = await storage.leases.inspect('app:semaphore:s')
    expect(holders.map(({ remainingMs }) => remainingMs)).toEqual([30_000, 30_000])
  }
})

it('D10 renewals that are refused are no unhandled rejections, and no loop', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  const { runtime, storage, join } = createWorld()
  let refused = 0
  const extend = (): Promise<never> => {
    refused += 1
    return Promise.reject(new Error('refused'))
  }
  Object.assign(storage.leases, { extend })
  const lease = await join().locks.acquire('a', { leaseMs: 1_000 })
  await runtime.advance(3_000)
  await settle()
  process.off('unhandledRejection', note)
  expect(lease.remainingMs()).toBe(0)
  expect(refused).toBeGreaterThan(5)
  expect(refused).toBeLessThan(40)
  expect(unhandled).toEqual([])
})

it.each([50, 100, 500, 1_250])(
  'D12 a lease of %i ms is renewed three times in its time, not in a loop',
  async (leaseMs) => {
    const { runtime, commands, join } = createWorld()
    await join().locks.acquire('a', { leaseMs })
    commands.length = 0
    await runtime.advance(leaseMs * 10)
    expect(commands.length).toBeGreaterThanOrEqual(28)
    expect(commands.length).toBeLessThanOrEqual(45)
  },
)

it('D13 one failed renewal loses nothing', async () => {
  const { runtime, join } = createWorld()
  const { locks, link } = join()
  const lease = await locks.acquire('a', { leaseMs: 3_000 })
  const { signal } = lease
  for (let i = 0; i < 10; i += 1) {
    link.faults.push('lost')
    await runtime.advance(2_000)
  }
  expect(signal.aborted).toBe(false)
  expect(lease.remainingMs()).toBeGreaterThan(500)
})

it('D14 no call reports a lock as free because the storage did not answer', async () => {
  const { runtime, join } = createWorld()
  const { locks, link } = join()
  await join().locks.acquire('a')
  link.blackHole = true
  const asked = [locks.inspect('a'), locks.tryAcquire('a')].map((asking) =>
    asking.catch((error: unknown) => error),
  )
  await runtime.advance(2_000)
  for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
})

it("D15 the grant includes the fence, and a renewal of a lost lease does not extend another holder's", async () => {
  const { runtime, commands, storage, join } = createWorld()
  const { locks, link } = join()
  const paused = await locks.acquire('a', { leaseMs: 300 })
  expect(commands).toEqual(['acquire a'])
  link.blackHole = true
  await runtime.advance(400)
  const next = await join().locks.acquire('a', { leaseMs: 1_000, maxHoldMs: 1_000 })
  expect(next.fencingToken).toBeGreaterThan(paused.fencingToken)
  const before = (await storage.leases.inspect(KEY)).holders[0]?.remainingMs
  expect((await storage.leases.extend(KEY, { token: paused.token, leaseMs: 60_000 })).held).toBe(false)
  expect((await storage.leases.inspect(KEY)).holders[0]?.remainingMs).toBe(before)
})

it('D16 a crowd that holds for no time at all gets through, on one subscription a process', async () => {
  const { storage, join } = createWorld()
  let subscriptions = 0
  const { leases } = storage
  const listen = leases.listen.bind(leases)
  Object.assign(leases, {
    listen: (...args: Parameters<typeof listen>) => {
      subscriptions += 1
      return listen(...args)
    },
  })
  const processes = [join().locks, join().locks]
  const warnings: unknown[] = []
  const warn = (warning: unknown): void => void warnings.push(warning)
  process.on('warning', warn)
  let grants = 0
  await Promise.all(
    processes.flatMap((locks) =>
      Array.from({ length: 32 }, async () => {
        for (let i = 0; i < 5; i += 1) {
          await (await locks.acquire('a')).release()
          grants += 1
        }
      }),
    ),
  )
  process.off('warning', warn)
  expect([grants, subscriptions, warnings]).toEqual([320, 2, []])
})

it('D17 one instance that makes fifty concurrent calls gets the lock once', async () => {
  const { join } = createWorld()
  const { locks } = join()
  const leases = await Promise.all(Array.from({ length: 50 }, () => locks.tryAcquire('a')))
  expect(leases.filter((lease) => lease !== null)).toHaveLength(1)
})

describe('D20', () => {
  it('a release between the place in the queue and the subscription wakes the waiter', async () => {
    const { storage, join } = createWorld()
    const lease = await join().locks.acquire('a')
    const { leases } = storage
    const listen = leases.listen.bind(leases)
    let subscribe = (): void => undefined
    Object.assign(leases, {
      listen: async (...args: Parameters<typeof listen>) => {
        await new Promise<void>((resolve) => (subscribe = resolve))
        return await listen(...args)
      },
    })
    const waiting = join().locks.acquire('a')
    await settle()
    expect((await leases.inspect(KEY)).waiting).toBe(1)
    await lease.release()
    await settle()
    subscribe()
    ;(await waiting).assertValid()
  })

  it('a failed durable acquire releases what it had, and leaves no count inflated', async () => {
    const { storage, join } = createWorld()
    const { locks } = join()
    await expect(locks.acquire('a', { durability: { replicas: 1 } })).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
    })
    await settle()
    expect((await storage.leases.inspect(KEY)).holders).toEqual([])
  })

  it('waiters whose clocks drift keep their places', async () => {
    const { runtime, join } = createWorld()
    const lease = await join().locks.acquire('a')
    const order: number[] = []
    const waiting = []
    for (let i = 0; i < 4; i += 1) {
      waiting.push(
        join()
          .locks.acquire('a')
          .then((granted) => {
            order.push(i)
            return granted.release()
          }),
      )
      await settle()
      runtime.stepWall(i % 2 === 0 ? -90_000 : 5_000)
    }
    await lease.release()
    await Promise.all(waiting)
    expect(order).toEqual([0, 1, 2, 3])
  })
})
