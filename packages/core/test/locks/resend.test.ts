import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

/** Nothing of the lock is left: it can be taken at once. */
async function isFree(world: ReturnType<typeof createWorld>): Promise<boolean> {
  const view = await world.storage.leases.inspect('app:lock:a')
  return view.holders.length === 0 && view.waiting === 0
}

describe('an acquire', () => {
  it('that is executed twice grants one lease', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    link.faults.push('twice')
    const lease = await locks.acquire('a')
    expect((await locks.inspect('a')).holders).toMatchObject([
      { token: lease.token, fencingToken: lease.fencingToken },
    ])
    expect(await lease.release()).toBe('released')
    expect(await isFree(world)).toBe(true)
  })

  it('whose answer is lost fails in bounded time and leaves no orphan', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    link.faults.push('unanswered')
    const failing = expect(locks.acquire('a')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: true,
    })
    await world.runtime.advance(2_000)
    await failing
    await settle()
    expect(world.commands).toEqual(['acquire a', 'release a'])
    expect(await isFree(world)).toBe(true)
  })

  it('that is executed after it was given up does nothing', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    let execute: (() => Promise<unknown>) | undefined
    link.faults.push({ held: (run) => (execute = run) })
    const failing = expect(locks.acquire('a')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await world.runtime.advance(2_100)
    await failing
    expect(await execute?.()).toMatchObject({ outcome: 'late' })
    expect(await isFree(world)).toBe(true)
  })

  it('that is aborted in flight is prevented by its own release, which overtakes it', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    let execute: (() => Promise<unknown>) | undefined
    link.faults.push({ held: (run) => (execute = run) })
    const abort = new AbortController()
    const failing = expect(locks.acquire('a', { signal: abort.signal })).rejects.toMatchObject({
      code: 'LOCK_ABORTED',
    })
    await settle()
    abort.abort()
    await failing
    await settle()
    expect(await execute?.()).toMatchObject({ outcome: 'ended' })
    expect(await isFree(world)).toBe(true)
  })

  it('that is executed again after its lease was released does nothing', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    let again: (() => Promise<unknown>) | undefined
    link.faults.push({ held: (run) => ((again = run), void run()) })
    const lease = await locks.acquire('a')
    await lease.release()
    expect(await again?.()).toMatchObject({ outcome: 'ended' })
    expect(await isFree(world)).toBe(true)
  })

  it('whose grant is answered after its lease is over takes a fresh one instead', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    let execute: (() => Promise<unknown>) | undefined
    link.faults.push({ held: (run) => (execute = run) })
    const acquiring = locks.acquire('a', { leaseMs: 500 })
    await settle()
    await world.runtime.advance(450)
    await execute?.()
    const lease = await acquiring
    lease.assertValid()
    expect(lease.remainingMs()).toBeGreaterThan(300)
    await settle()
    expect((await locks.inspect('a')).holders).toMatchObject([{ token: lease.token }])
  })

  it('is not sent without a connection, and leaves nothing to be drained later', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    link.set('down')
    const failing = expect(locks.acquire('a')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: false,
    })
    await world.runtime.advance(2_000)
    await failing
    link.set('ready')
    await settle()
    expect(world.commands).toEqual([])
  })
})

describe('a release', () => {
  it("that is executed twice returns 'released', although the lock went to others meanwhile", async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    const lease = await locks.acquire('a')
    const next = world.join().locks.acquire('a')
    await settle()
    link.faults.push('twice')
    expect(await lease.release()).toBe('released')
    ;(await next).assertValid()
  })

  it("that is sent again after a reconnect returns 'released', although a later attempt of the process ended before", async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    const lease = await locks.acquire('a')
    expect(await locks.tryAcquire('a')).toBeNull()
    let answer: (() => Promise<unknown>) | undefined
    link.faults.push({ held: (run) => (answer = () => run().then(run)) })
    const releasing = lease.release()
    await settle()
    link.set('down')
    link.set('ready')
    await world.storage.leases.release('app:lock:a', { token: lease.token, claimMs: 50, notAfter: 0 })
    await answer?.()
    expect(await releasing).toBe('released')
  })

  it('that cannot be sent throws once, is tried again, and frees the lock when the storage is back', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    const lease = await locks.acquire('a')
    link.set('down')
    const releasing = lease.release()
    const failing = expect(releasing).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await world.runtime.advance(2_000)
    await failing
    await world.runtime.advance(5_000)
    link.set('ready')
    await settle()
    expect(await isFree(world)).toBe(true)
  })

  it('that is not awaited cannot fail the process', async () => {
    const world = createWorld()
    const { locks, link } = world.join()
    const lease = await locks.acquire('a', { leaseMs: 1_000 })
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    link.set('down')
    void lease.release()
    await world.runtime.advance(10_000)
    await settle()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
