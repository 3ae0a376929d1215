import { describe, expect, it } from 'vitest'
import type { Locks } from '../../src/locks/locks.ts'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

/** What becomes of a wait, and after how long. */
function watch(runtime: { monotonicNow(): number }, waiting: Promise<unknown>): { end: string; ms: number } {
  const startedAt = runtime.monotonicNow()
  const seen = { end: 'waits', ms: 0 }
  const note = (end: string): void =>
    void Object.assign(seen, { end, ms: runtime.monotonicNow() - startedAt })
  waiting.then(
    () => note('got it'),
    (error: { code?: string }) => note(String(error.code)),
  )
  return seen
}

type Wait = (locks: Locks) => Promise<unknown>
const waysToWait: readonly [name: string, wait: Wait, key: 'lock' | 'semaphore'][] = [
  ['acquire', (locks) => locks.acquire('a'), 'lock'],
  ['run', (locks) => locks.run('a', () => 1), 'lock'],
  ['acquireAll', (locks) => locks.acquireAll(['0', 'a', 'b']), 'lock'],
  ['a semaphore', (locks) => locks.semaphore('a', { permits: 1 }).acquire(), 'semaphore'],
]

describe.for(waysToWait)('with default options, %s', ([, wait, kind]) => {
  const hold = (locks: Locks, leaseMs: number) =>
    kind === 'lock'
      ? locks.acquire('a', { leaseMs })
      : locks.semaphore('a', { permits: 1 }).acquire({ leaseMs })

  it.for([30_000, 120_000])('outlives an owner that died before, with a lease of %i ms', async (leaseMs) => {
    const { runtime, join } = createWorld()
    const { locks: owner, link } = join()
    await hold(owner, leaseMs)
    link.blackHole = true
    const seen = watch(runtime, wait(join().locks))
    await runtime.advance(leaseMs + 5_000)
    expect(seen.end).toBe('got it')
    expect(seen.ms).toBeGreaterThanOrEqual(leaseMs)
    expect(seen.ms).toBeLessThanOrEqual(leaseMs + 100)
  })

  it('outlives an owner that dies while it waits', async () => {
    const { runtime, join } = createWorld()
    const { locks: owner, link } = join()
    await hold(owner, 30_000)
    const seen = watch(runtime, wait(join().locks))
    await runtime.advance(9_000)
    link.blackHole = true
    await runtime.advance(40_000)
    expect(seen.end).toBe('got it')
  })

  it('gives up on an owner that lives as soon as its lease is renewed', async () => {
    const { runtime, join } = createWorld()
    await hold(join().locks, 30_000)
    const seen = watch(runtime, wait(join().locks))
    await runtime.advance(60_000)
    expect(seen.end).toBe('LOCK_TIMEOUT')
    // Renewed every third of the lease, and seen soon after.
    expect(seen.ms).toBeGreaterThanOrEqual(10_000)
    expect(seen.ms).toBeLessThanOrEqual(23_000)
  })
})

describe('a wait whose length is given', () => {
  it.for(['by the call', 'for the instance'])('%s is kept to', async (given) => {
    const { runtime, join } = createWorld()
    const { locks: owner, link } = join()
    await owner.acquire('a')
    link.blackHole = true
    const { locks } = join(given === 'by the call' ? {} : { waitMs: 8_000 })
    const seen = watch(runtime, locks.acquire('a', given === 'by the call' ? { waitMs: 8_000 } : {}))
    await runtime.advance(8_100)
    expect(seen).toEqual({ end: 'LOCK_TIMEOUT', ms: 8_000 })
  })
})

describe('with default options, a waiter', () => {
  it.for(['one process', 'processes'])(
    'of several of %s outlives a dead owner, those behind too',
    async (of) => {
      const { runtime, join } = createWorld()
      const { locks: owner, link } = join()
      await owner.acquire('a', { leaseMs: 12_000 })
      const { locks } = join()
      const works = (): Promise<unknown> => new Promise<void>((resolve) => runtime.setTimer(500, resolve))
      const seen = Array.from({ length: 3 }, () =>
        watch(runtime, (of === 'processes' ? join().locks : locks).run('a', works)),
      )
      await settle()
      link.blackHole = true
      await runtime.advance(20_000)
      expect(seen.map(({ end }) => end)).toEqual(['got it', 'got it', 'got it'])
    },
  )

  it('gives up on owners that live and release it in time', async () => {
    const { runtime, join } = createWorld()
    const held = await join().locks.acquire('a')
    const waiting = join().locks
    const next = join().locks.acquire('a', { waitMs: 60_000 })
    await settle()
    const seen = watch(runtime, waiting.acquire('a'))
    await runtime.advance(10_500)
    await held.release()
    await next
    await runtime.advance(5_000)
    expect(seen.end).toBe('LOCK_TIMEOUT')
  })

  it('is over in time when the storage cannot be reached at the end', async () => {
    const { runtime, join } = createWorld()
    await join().locks.acquire('a')
    const { locks, link } = join()
    const seen = watch(runtime, locks.acquire('a'))
    await runtime.advance(9_000)
    link.blackHole = true
    await runtime.advance(6_000)
    expect(seen.end).toBe('STORAGE_UNAVAILABLE')
    expect(seen.ms).toBeLessThanOrEqual(12_100)
  })

  it('of many, one inspects the lock for all when their time is over', async () => {
    const { runtime, join, commands } = createWorld()
    const { locks: owner, link } = join()
    await owner.acquire('a', { leaseMs: 60_000 })
    link.blackHole = true
    const { locks } = join()
    const seen = Array.from({ length: 50 }, () => watch(runtime, locks.acquire('a')))
    await settle()
    await runtime.advance(9_000)
    commands.length = 0
    await runtime.advance(2_000)
    expect(commands).toEqual(['acquire a'])
    await runtime.advance(60_000)
    expect(seen.map(({ end }) => end).filter((end) => end === 'got it')).toHaveLength(1)
    expect(seen.filter(({ end }) => end === 'waits')).toEqual([])
  })
})

describe('LOCK_TIMEOUT', () => {
  it('says how old its knowledge is', async () => {
    const { runtime, join } = createWorld()
    const { locks: owner } = join({ instance: 'owner-1' })
    await owner.acquire('a')
    await runtime.advance(1)
    const refused = join()
      .locks.acquire('a', { waitMs: 3_000 })
      .catch((error: unknown) => error)
    await runtime.advance(3_000)
    expect(await refused).toMatchObject({
      code: 'LOCK_TIMEOUT',
      stateAgeMs: 3_000,
      waitedMs: 3_000,
      holders: [{ owner: 'owner-1', heldForMs: 1, remainingMs: 29_999 }],
      message:
        'Lock a did not become free within 3000 ms. Held by owner-1 for 1 ms (lease expires in 29999 ms), as of 3000 ms ago.',
    })
  })

  it('says the state of now after a wait with default options', async () => {
    const { runtime, join } = createWorld()
    await join({ instance: 'owner-1' }).locks.acquire('a')
    const refused = join()
      .locks.acquire('a')
      .catch((error: unknown) => error)
    await runtime.advance(30_000)
    const error = (await refused) as { waitedMs: number; holders: { heldForMs: number }[] }
    expect(error).toMatchObject({ code: 'LOCK_TIMEOUT', stateAgeMs: 0 })
    expect(Math.abs((error.holders[0]?.heldForMs ?? 0) - error.waitedMs)).toBeLessThanOrEqual(1)
  })
})

describe('inspect', () => {
  it('lists no holder whose lease has run out', async () => {
    const { runtime, join } = createWorld()
    const { locks: owner, link } = join()
    await owner.acquire('a', { leaseMs: 1_000 })
    const other = join().locks
    link.blackHole = true
    await runtime.advance(999)
    expect((await other.inspect('a')).holders).toMatchObject([{ remainingMs: 1 }])
    await runtime.advance(1)
    expect(await other.inspect('a')).toMatchObject({ holders: [], waiting: 0 })
  })
})

describe("run with whenHeld: 'skip'", () => {
  it('says as a value whether the body ran', async () => {
    const { join, commands } = createWorld()
    const one = join({ instance: 'one' }).locks
    const other = join().locks
    const outcome = await one.run('a', { whenHeld: 'skip' }, async (lease) => {
      const skipped = await other.run('a', { whenHeld: 'skip' }, () => expect.fail('it ran'))
      expect(skipped).toEqual({ status: 'skipped', holders: [expect.objectContaining({ owner: 'one' })] })
      return lease.name
    })
    expect(outcome).toEqual({ status: 'executed', result: 'a' })
    // No wait, and no place in a queue to leave.
    expect(commands).toEqual(['acquire a', 'acquire a', 'release a'])
    await one.run('a', async () => {
      const skipped = await other.run('a', { whenHeld: 'skip', waitMs: undefined }, () => 1)
      expect(skipped).toMatchObject({ status: 'skipped' })
    })
    const semaphore = one.semaphore('s', { permits: 1 })
    await semaphore.run({ whenHeld: 'skip' }, async () => {
      expect(await semaphore.run({ whenHeld: 'skip' }, () => 1)).toMatchObject({ status: 'skipped' })
    })
  })

  it('waits for the given waitMs, and throws every error except LOCK_TIMEOUT', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    const lease = await join().locks.acquire('a')
    const skipped = locks.run('a', { whenHeld: 'skip', waitMs: 500 }, () => 1)
    await runtime.advance(500)
    expect(await skipped).toMatchObject({ status: 'skipped', holders: [{ token: lease.token }] })
    const got = locks.run('a', { whenHeld: 'skip', waitMs: 500 }, () => 1)
    await settle()
    await lease.release()
    expect(await got).toEqual({ status: 'executed', result: 1 })
    await expect(
      locks.run('a', { whenHeld: 'skip' }, () => Promise.reject(new Error('mine'))),
    ).rejects.toThrow('mine')
    await expect(locks.run('a', { whenHeld: 'no' as 'skip' }, () => 1)).rejects.toThrow(/whenHeld/)
    link.blackHole = true
    const failed = expect(locks.run('a', { whenHeld: 'skip' }, () => 1)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    await runtime.advance(2_000)
    await failed
  })
})
