import { describe, expect, it } from 'vitest'
import type { Lease } from '../../src/locks/lease.ts'
import type { Locks } from '../../src/locks/locks.ts'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

/** Which caller got the lock, and when. */
type Turns = { readonly who: string; readonly at: number; readonly lease: Lease }[]

describe('waiters of one process', () => {
  it('all get their turns when bodies overrun maxHoldMs and never release', async () => {
    const { runtime, join } = createWorld()
    const { locks } = join()
    const turns: string[] = []
    for (const who of ['A', 'B', 'C', 'D'])
      void locks
        .run('a', { maxHoldMs: 500, waitMs: 60_000 }, () => {
          turns.push(`${who} ${Math.round((runtime.monotonicNow() - 1_000) / 100)}`)
          return new Promise(() => undefined)
        })
        .catch(() => turns.push(`${who} gave up`))
    await runtime.advance(5_000)
    expect(turns).toEqual(['A 0', 'B 5', 'C 10', 'D 15'])
  })

  it.each(['everything', 'the queue'] as const)(
    'all get their turns when the storage loses %s, each at once when the one before releases',
    async (what) => {
      const { runtime, join, lose } = createWorld()
      const holder = await join().locks.acquire('a', { leaseMs: 5_000 })
      const { locks } = join()
      const turns = waiters(locks, ['A', 'B', 'C', 'D'], runtime.monotonicNow)
      const elsewhere = waiters(join().locks, ['E'], runtime.monotonicNow)
      await settle()
      lose(what)
      await holder.release()
      const endsAt = runtime.monotonicNow() + 5_000
      await runtime.advance(5_500)
      // The waiter that retries first after the lease gets it; from then on they are in the queue again and get hand-overs.
      for (const _ of 'ABCDE') {
        const held = [...turns, ...elsewhere].find(({ lease }) => lease.remainingMs() > 0)
        await held?.lease.release()
        await settle()
      }
      expect(turns.map(({ who }) => who).join('')).toBe('ABCD')
      expect(elsewhere).toHaveLength(1)
      for (const { at } of [...turns, ...elsewhere]) expect(at - endsAt).toBeLessThanOrEqual(500)
    },
  )

  it('ask once for all of them when a lease ends, and once more for each grant that they got by asking', async () => {
    const { runtime, join, commands, lose } = createWorld()
    const { locks, link } = join()
    const { link: dead, locks: crashed } = join()
    await crashed.acquire('a', { leaseMs: 5_000 })
    const turns = waiters(locks, ['A', 'B', 'C', 'D', 'E'], runtime.monotonicNow)
    await settle()
    dead.blackHole = true
    commands.length = 0
    await runtime.advance(6_000)
    expect(turns).toHaveLength(1)
    // A by polling, and B from the queue.
    expect(commands.filter((command) => command.startsWith('acquire'))).toHaveLength(2)
    expect(link.missed).toEqual([])
    commands.length = 0
    lose('the queue')
    await turns[0]?.lease.release()
    commands.length = 0
    await runtime.advance(31_000)
    // B by asking; C has lost its place, and so have D and E.
    expect(turns).toHaveLength(2)
    expect(commands.filter((command) => command.startsWith('acquire'))).toHaveLength(4)
  })

  it.each(['is aborted', 'is not answered', 'times out'] as const)(
    'do not depend on the one that asks for them, which %s',
    async (what) => {
      const { runtime, join, commands } = createWorld()
      const { locks, link } = join()
      const { link: dead, locks: crashed } = join()
      await crashed.acquire('a', { leaseMs: 5_000 })
      const impatient = new AbortController()
      const first = locks
        .acquire('a', { waitMs: what === 'times out' ? 5_500 : 60_000, signal: impatient.signal })
        .catch((error: unknown) => error)
      await settle()
      const turns = waiters(locks, ['B', 'C'], runtime.monotonicNow)
      await settle()
      dead.blackHole = true
      const endsAt = runtime.monotonicNow() + 5_000
      link.faults.push('lost')
      commands.length = 0
      await runtime.advance(5_100)
      if (what === 'is aborted') impatient.abort()
      await runtime.advance(5_000)
      const asked = await Promise.race([first, settle()])
      const last: Turns = turns
      if (what === 'is not answered') {
        await (asked as Lease).release()
        await settle()
      } else
        expect(asked).toMatchObject({ code: what === 'times out' ? 'STORAGE_UNAVAILABLE' : 'LOCK_ABORTED' })
      expect(last.map(({ who }) => who)).toEqual(['B'])
      // What is not answered is given up after callTimeoutMs.
      if (what === 'is aborted') expect((last[0]?.at ?? 0) - endsAt).toBeLessThanOrEqual(200)
      await last[0]?.lease.release()
      await settle()
      expect(last.map(({ who }) => who)).toEqual(['B', 'C'])
    },
  )

  it('ask one at a time', async () => {
    const { runtime, join, commands } = createWorld()
    const { locks, link } = join()
    await join().locks.acquire('a')
    const turns = waiters(locks, ['A', 'B', 'C', 'D'], runtime.monotonicNow)
    await settle()
    commands.length = 0
    const arrived: (() => Promise<unknown>)[] = []
    for (const _ of 'ABCD') link.faults.push({ held: (execute) => arrived.push(execute) })
    link.hear({ kind: 'gap' })
    for (const _ of 'ABCD') {
      await settle()
      expect(arrived).toHaveLength(1)
      await arrived.pop()?.()
    }
    expect(commands).toEqual(['acquire a', 'acquire a', 'acquire a', 'acquire a'])
    expect(turns).toEqual([])
  })
})

function waiters(locks: Locks, names: readonly string[], now: () => number): Turns {
  const turns: Turns = []
  for (const who of names)
    void locks
      .acquire('a', { waitMs: 120_000 })
      .then((lease) => turns.push({ who, at: now(), lease }))
      .catch(() => undefined)
  return turns
}
