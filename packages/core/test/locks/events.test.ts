import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LockEvent } from '../../src/locks/events.ts'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

const events: LockEvent[] = []
const note = (event: unknown): void => void events.push(event as LockEvent)
beforeEach(() => {
  events.length = 0
  subscribe('holdfast:locks', note)
})
afterEach(() => void unsubscribe('holdfast:locks', note))

/** The only event of its type. */
function the(type: LockEvent['type']): LockEvent {
  const found = events.filter((event) => event.type === type)
  expect(found).toHaveLength(1)
  return found[0] as LockEvent
}

describe('events of locks', () => {
  it('name the lock, the holder and the durations, and how a wait ended', async () => {
    const { runtime, join } = createWorld()
    const { locks } = join({ instance: 'one' })
    const other = join({ instance: 'other' }).locks
    const lease = await locks.acquire('a')
    const { fencingToken, token } = lease
    expect(the('granted')).toEqual({
      type: 'granted',
      name: 'a',
      token,
      at: runtime.wallNow(),
      instance: 'one',
      fencingToken,
      waitedMs: 0,
      queuedMs: null,
      how: 'atOnce',
    })
    events.length = 0
    const waiting = other.acquire('a')
    await runtime.advance(1_500)
    expect(the('waiting')).toMatchObject({ instance: 'other', ahead: 0, holders: [{ owner: 'one', token }] })
    await lease.release()
    await (await waiting).release()
    expect(events.find(({ type, instance }) => type === 'released' && instance === 'one')).toMatchObject({
      outcome: 'released',
      fencingToken,
      heldMs: 1_500,
    })
    expect(the('granted')).toMatchObject({
      instance: 'other',
      waitedMs: 1_500,
      queuedMs: expect.any(Number) as number,
      how: 'handedOver',
    })
  })

  it('say of each renewal how late it was, failed attempts included', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join({ instance: 'one' })
    const lease = await locks.acquire('a', { leaseMs: 3_000 })
    await runtime.advance(1_100)
    const first = the('renewed')
    expect(first).toMatchObject({ instance: 'one', name: 'a', remainingMs: expect.any(Number) as number })
    events.length = 0
    link.blackHole = true
    await runtime.advance(1_600)
    link.blackHole = false
    await runtime.advance(900)
    const failed = events.filter(({ type }) => type === 'renewalFailed')
    expect(failed.length).toBeGreaterThan(0)
    const late = events.find((event) => event.type === 'renewed')
    expect(late?.type === 'renewed' && late.lagMs).toBeGreaterThan(300)
    expect(first.type === 'renewed' && first.lagMs).toBeLessThan(100)
    await lease.release()
  })

  it('say that a lock which is held when the instance is closed is left to its lease', async () => {
    const { join } = createWorld()
    const { locks } = join({ instance: 'one' })
    const { token, fencingToken } = await locks.acquire('a')
    await (await locks.acquire('b')).release()
    await locks.close()
    expect(the('abandoned')).toMatchObject({ name: 'a', token, fencingToken })
  })

  it('say how a wait ended without a lease', async () => {
    const { runtime, join } = createWorld()
    await join({ instance: 'one' }).locks.acquire('a')
    const { locks, link } = join()
    const impatient = new AbortController()
    const given = [
      locks.acquire('a', { waitMs: 300 }),
      locks.run('a', { whenHeld: 'skip' }, () => 1),
      locks.acquire('a', { signal: impatient.signal }),
      locks.acquire('a', { waitMs: 1_000 }),
      locks.acquire('a', { waitMs: Infinity }),
    ].map((call) => call.catch(() => undefined))
    await runtime.advance(400)
    impatient.abort()
    link.blackHole = true
    link.hear({ kind: 'gap' })
    await runtime.advance(3_000)
    void locks.close()
    await runtime.advance(3_000)
    await Promise.all(given)
    const ends = events.flatMap((event) => (event.type === 'gaveUp' ? event.outcome : []))
    expect(ends).toEqual(expect.arrayContaining(['skipped', 'timedOut', 'aborted', 'closed']))
  })

  it('say why a lease is lost, and so does the error', async () => {
    const { runtime, join, lose } = createWorld()
    const { locks, link } = join({ instance: 'one' })
    const lostBy = async (reason: string, byWhat: () => unknown, options = {}): Promise<void> => {
      events.length = 0
      link.blackHole = false
      const lease = await locks.acquire(reason, { leaseMs: 1_000, ...options })
      await byWhat()
      await runtime.advance(1_100)
      expect(the('lost')).toMatchObject({
        reason,
        name: reason,
        instance: 'one',
        fencingToken: lease.fencingToken,
        error: { code: 'LEASE_LOST', reason, lockName: reason, fencingToken: lease.fencingToken },
      })
      expect(lease.signal.reason).toMatchObject({ reason })
      void lease.release().catch(() => undefined)
      link.blackHole = false
      await runtime.advance(100)
    }
    await lostBy('revoked', () => join().locks.revoke('revoked'))
    await lostBy('taken', () => lose('everything'))
    await lostBy('maxHold', () => undefined, { maxHoldMs: 500 })
    await lostBy('outage', () => (link.blackHole = true))
    expect(the('lost')).toMatchObject({ error: { cause: { code: 'STORAGE_UNAVAILABLE' } } })
    await lostBy('expired', () => runtime.freeze(1_000))
  })
})

describe('tracing channels of locks', () => {
  it('have acquire and run', async () => {
    const traced: string[] = []
    const handlers = (operation: string) => ({
      start: (context: object) => void traced.push(`${operation} ${(context as { name: string }).name}`),
      asyncEnd: (context: object) =>
        void traced.push(`${operation} ends ${'error' in context ? 'badly' : 'well'}`),
      end: () => undefined,
      asyncStart: () => undefined,
      error: () => undefined,
    })
    const channels = (['acquire', 'run'] as const).map((operation) => {
      const channel = tracingChannel<unknown, object>(`holdfast:locks.${operation}`)
      const subscribers = handlers(operation)
      channel.subscribe(subscribers)
      return () => channel.unsubscribe(subscribers)
    })
    const { join } = createWorld()
    const { locks } = join()
    await locks.run('a', async () => {
      await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
    })
    await expect(locks.acquire('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    for (const end of channels) end()
    await locks.run('b', () => 1)
    await settle()
    expect(traced).toEqual([
      'run a',
      'acquire a',
      'acquire ends well',
      'acquire a',
      'acquire ends badly',
      'run ends well',
    ])
  })
})
