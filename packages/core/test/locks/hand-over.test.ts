import { describe, expect, it } from 'vitest'
import type { Lease } from '../../src/locks/lease.ts'
import type { Locks } from '../../src/locks/locks.ts'
import { settle } from '../manual-runtime.ts'
import { type Link, type World, createWorld } from './world.ts'

const CLAIM_MS = 3_000

describe('a lock that is handed over', () => {
  it('is held from the push on; the claim follows', async () => {
    const { world, release, next } = await waitingFor(100)
    next.link.faults.push('lost')
    await release()
    const lease = await next.granted
    expect(world.commands).not.toContain('acquire a')
    // The storage has no claim from us yet, so the lease lasts one claim time, counted from our call.
    expect(lease.remainingMs()).toBeGreaterThan(CLAIM_MS / 2)
    expect(lease.remainingMs()).toBeLessThan(CLAIM_MS - 100)
    await world.runtime.advance(2_000)
    expect(lease.remainingMs()).toBeGreaterThan(25_000)
    expect(await lease.release()).toBe('released')
  })

  it('has the fence and the place that the storage gave it', async () => {
    const { world, release, next } = await waitingFor(100)
    await release()
    const { fencingToken, token } = await next.granted
    await settle()
    const { holders } = await world.storage.leases.inspect('app:lock:a')
    expect(holders).toMatchObject([{ token, fence: fencingToken, claimed: true }])
  })

  it('is reported as lost before another process gets it, when the claim never arrives', async () => {
    const { world, release, next } = await waitingFor(100)
    const third = world.join().locks.acquire('a', { waitMs: Infinity })
    await settle()
    next.link.blackHole = true
    await release()
    const { signal } = await next.granted
    const lostFirst = new Promise<boolean>((resolve) => {
      signal.addEventListener('abort', () => resolve(true))
      void third.then(() => resolve(false))
    })
    await world.runtime.advance(CLAIM_MS + 100)
    expect([await lostFirst, signal.aborted]).toEqual([true, true])
    ;(await third).assertValid()
  })

  it('counts only after the claim for a long waiter, because the age of the push is not known well enough', async () => {
    const { world, release, next } = await waitingFor(CLAIM_MS * 0.6)
    next.link.faults.push('lost')
    await release()
    expect(await isSettled(next.granted)).toBe(false)
    await world.runtime.advance(2_500)
    ;(await next.granted).assertValid()
    expect(world.commands).toContain('acquire a')
  })

  it('does not count as held when the push arrives after the claim time', async () => {
    const { world, release, next } = await waitingFor(100)
    const third = world.join().locks.acquire('a', { waitMs: Infinity })
    await settle()
    next.link.deaf = true
    await release()
    await world.runtime.advance(CLAIM_MS + 100)
    const held = await third
    const [granted] = next.link.missed
    next.link.deaf = false
    if (granted !== undefined) next.link.hear(granted)
    expect([granted?.kind, await isSettled(next.granted)]).toEqual(['granted', false])
    held.assertValid()
    await held.release()
    ;(await next.granted).assertValid()
  })

  it('is claimed before it counts where replicas must have it, and where it may not be held for a claim time', async () => {
    for (const options of [{ durability: { replicas: 1 } }, { maxHoldMs: CLAIM_MS / 2 }]) {
      const { world, release, next } = await waitingFor(100, options)
      await release()
      await next.granted.catch(() => undefined)
      expect(world.commands).toContain('acquire a')
    }
  })

  it('is released once, also when the push arrives during the release: the reported outcome stays true', async () => {
    const { world, release, next } = await waitingFor(100, { leaseMs: 600 })
    next.link.deaf = true
    await release()
    next.link.hear({ kind: 'gap' })
    const lease = await next.granted
    next.link.blackHole = true
    await world.runtime.advance(400)
    next.link.blackHole = false
    let execute = async (): Promise<unknown> => undefined
    next.link.faults.push({ held: (run) => (execute = run) })
    const released = lease.release()
    const [granted] = next.link.missed
    if (granted !== undefined) next.link.hear(granted)
    await settle()
    // What ends after it makes the storage forget how it ended.
    const another = await next.locks.tryAcquire('a')
    await another?.release()
    // It is certain of its lease no more.
    await world.runtime.advance(200)
    await execute()
    expect([granted?.kind, await released]).toEqual(['granted', 'released'])
  })
})

/** One process holds `a`, another has waited for it this long, and `commands` start with the release. */
async function waitingFor(
  ms: number,
  options: object = {},
): Promise<{
  world: World
  release: () => Promise<unknown>
  next: { granted: Promise<Lease>; link: Link; locks: Locks }
}> {
  const world = createWorld()
  const lease = await world.join().locks.acquire('a')
  const { locks, link } = world.join()
  const granted = locks.acquire('a', { waitMs: Infinity, ...options })
  granted.catch(() => undefined)
  await world.runtime.advance(ms)
  const release = async (): Promise<void> => {
    world.commands.length = 0
    await lease.release()
    await settle()
  }
  return { world, release, next: { granted, link, locks } }
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => void (settled = true)
  promise.then(note, note)
  await settle()
  return settled
}
