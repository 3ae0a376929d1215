import assert from 'node:assert/strict'
import { until } from '../patience.ts'
import { type KitOptions, type TestRunner, freshName, unhurried } from '../runner.ts'
import type { LeaseRequest } from '../../storage/leases.ts'
import { CLAIM_MS, type LeasesUnderTest } from './leases-under-test.ts'

/** L3 to L6, L14 to L17: the queue, and the hand-over to its head. */
export function queueKit(
  { it }: TestRunner,
  { leases, elapse, freshToken, acquire, granted, queued, release, holders, listen }: LeasesUnderTest,
  { countsListeners = true }: KitOptions,
): void {
  /** A lock with a holder, and a process that listens and waits for it. */
  const waitedFor = async (hold?: Partial<LeaseRequest>) => {
    const key = freshName('lock')
    const holder = freshToken()
    await granted(key, holder, hold)
    const ear = await listen()
    const next = freshToken(ear.process)
    await queued(key, next)
    return { key, holder, ear, next }
  }

  it('L3 queues who waits, tells who holds, and keeps places', async () => {
    const key = freshName('lock')
    const holder = freshToken()
    const fence = await granted(key, holder)
    const [first, second] = [freshToken(), freshToken()]
    const one = await acquire(key, first)
    const two = await acquire(key, second)
    const again = await acquire(key, first)
    assert.ok(one.outcome === 'queued' && two.outcome === 'queued' && again.outcome === 'queued')
    assert.deepEqual([one.ahead, one.kept, two.ahead, two.kept], [0, false, 1, false])
    assert.deepEqual([again.ahead, again.kept], [0, true])
    const [seen] = two.holders
    assert.deepEqual([seen?.token, seen?.fence, seen?.claimed], [holder, fence, true])
    assert.ok(seen && seen.remainingMs > 0 && seen.remainingMs <= 30_000)
    const busy = await acquire(key, freshToken(), { wait: false })
    assert.equal(busy.outcome, 'busy')
    const view = await leases().inspect(key)
    assert.deepEqual([view.waiting, view.queue, view.fence], [2, [first, second], fence])
  })

  it('L4 hands over to the head in the step of the release, and tells it', async () => {
    const { key, holder, ear, next } = await waitedFor()
    const reply = await leases().release(key, { token: holder, claimMs: CLAIM_MS, notAfter: 0 })
    assert.equal(reply.outcome, 'released')
    assert.ok(reply.pendingHandOffMs > 0 && reply.pendingHandOffMs <= CLAIM_MS)
    assert.deepEqual(await holders(key), [next])
    await ear.hears(1)
    const fence = (await leases().inspect(key)).holders[0]?.fence
    assert.deepEqual(ear.heard, [{ kind: 'granted', key, token: next, fence, claimMs: CLAIM_MS }])
    await ear.stop()
  })

  if (countsListeners) {
    it('L4 passes over processes that do not listen, however many entries they have', async () => {
      const key = freshName('lock')
      const holder = freshToken()
      await granted(key, holder)
      const gone = freshName('process')
      for (let i = 0; i < 20; i += 1) await queued(key, freshToken(gone))
      const ear = await listen()
      const next = freshToken(ear.process)
      await queued(key, next)
      await release(key, holder)
      assert.deepEqual(await holders(key), [next])
      assert.equal((await leases().inspect(key)).waiting, 0)
      await ear.stop()
      // No process listens any more: the lock is free.
      await queued(key, freshToken(gone))
      await release(key, next)
      assert.deepEqual(await holders(key), [])
      await granted(key, freshToken(), { wait: false })
    })
  }

  it('L5 grants in the order of the queue, to a semaphore as many as fit', async () => {
    const key = freshName('semaphore')
    const ear = await listen()
    const held = [freshToken(), freshToken()]
    for (const token of held) await granted(key, token, { permits: 2 })
    const line = Array.from({ length: 6 }, () => freshToken(ear.process))
    for (const token of line) await queued(key, token, { permits: 2 })
    for (const token of [...held, ...line.slice(0, 4)]) {
      await release(key, token)
      assert.ok((await holders(key)).length <= 2)
    }
    await ear.hears(6)
    assert.deepEqual(
      ear.heard.map((push) => push.kind === 'granted' && push.token),
      line,
    )
    await ear.stop()
  })

  it(
    'L5 lets no caller overtake a waiter when the holder ran out',
    unhurried(async (shortMs) => {
      const { key, ear, next } = await waitedFor({ leaseMs: shortMs })
      await elapse(shortMs + 10)
      const other = await acquire(key, freshToken(), { wait: false })
      assert.equal(other.outcome, 'busy')
      assert.deepEqual(await holders(key), [next])
      await ear.hears(1)
      await ear.stop()
    }),
  )

  it(
    'L5 hands over what ran out when a caller tends the key',
    unhurried(async (shortMs) => {
      const { key, ear, next } = await waitedFor({ leaseMs: shortMs })
      assert.equal((await leases().reapExpired(key, CLAIM_MS)).pendingHandOffMs, 0)
      await elapse(shortMs + 10)
      assert.ok((await leases().reapExpired(key, CLAIM_MS)).pendingHandOffMs > 0)
      assert.deepEqual(await holders(key), [next])
      await ear.stop()
    }),
  )

  it(
    'L6 keeps a hand-off for the claim time, and then drops the whole process',
    unhurried(async (shortMs) => {
      const key = freshName('lock')
      const holder = freshToken()
      await granted(key, holder)
      const frozen = await listen()
      const live = await listen()
      const places = Array.from({ length: 10 }, () => freshToken(frozen.process))
      for (const token of places) await queued(key, token)
      const next = freshToken(live.process)
      await queued(key, next)
      await leases().release(key, { token: holder, claimMs: shortMs, notAfter: 0 })
      assert.deepEqual(await holders(key), places.slice(0, 1))
      await elapse(shortMs + 10)
      await leases().reapExpired(key, CLAIM_MS)
      assert.deepEqual(await holders(key), [next])
      assert.equal((await leases().inspect(key)).waiting, 0)
      await frozen.hears(2)
      assert.deepEqual(frozen.heard[1], { kind: 'dropped', key })
      await Promise.all([frozen.stop(), live.stop()])
    }),
  )

  it('L6 gives the full lease to who claims in time', async () => {
    const { key, holder, ear, next } = await waitedFor()
    await leases().release(key, { token: holder, claimMs: 10_000, notAfter: 0 })
    const [before] = (await leases().inspect(key)).holders
    assert.deepEqual([before?.claimed, before && before.remainingMs <= 10_000], [false, true])
    assert.equal(await granted(key, next), before?.fence)
    const [after] = (await leases().inspect(key)).holders
    assert.ok(after?.claimed && after.remainingMs > 10_000)
    await ear.stop()
  })

  it('L14 has stored what it says: who hears of a grant finds it', async () => {
    const { key, holder, ear, next } = await waitedFor()
    await release(key, holder)
    await ear.hears(1)
    const [granted] = ear.heard
    const [held] = (await leases().inspect(key)).holders
    assert.ok(granted?.kind === 'granted')
    assert.deepEqual([held?.token, held?.fence, held?.claimed], [next, granted.fence, false])
    await ear.stop()
  })

  it('L15 passes over no place that was taken as uncounted, until its token asks for another', async () => {
    const key = freshName('lock')
    const [holder, marked, other] = [freshToken(), freshToken(), freshToken()]
    await granted(key, holder)
    await queued(key, marked, { uncounted: true })
    await queued(key, other)
    assert.deepEqual((await leases().inspect(key)).queue, [marked, other])
    await release(key, holder)
    assert.deepEqual(await holders(key), [marked])
    if (!countsListeners) return
    const unmarked = freshToken()
    await queued(key, unmarked, { uncounted: true })
    const again = await acquire(key, unmarked)
    assert.ok(again.outcome === 'queued' && again.kept)
    await release(key, marked)
    assert.deepEqual(await holders(key), [])
  })

  it('L16 counts who listens, where that can be known', async () => {
    const ear = await listen()
    const count = await leases().countListeners?.(ear.process)
    assert.ok(count === undefined || count === 1)
    await ear.stop()
    if (count !== 1) return
    await until('it is not counted any more', async () => {
      return (await leases().countListeners?.(ear.process)) === 0
    })
  })

  it('L17 loses nothing while it listens anew', async () => {
    // The push comes sooner or later while the link moves.
    for (let turns = 0; turns < 20; turns += 1) {
      const { key, holder, ear, next } = await waitedFor()
      const moved = leases().listenAnew?.(ear.process)
      for (let turn = 0; turn < turns % 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      await release(key, holder)
      await moved
      await ear.hearsGrant(next)
      await release(key, next)
      const after = freshToken(ear.process)
      const other = freshToken()
      await granted(key, other)
      await queued(key, after)
      await release(key, other)
      await ear.hearsGrant(after)
      await ear.stop()
    }
  })

  it('does not tell a process that stopped listening', async () => {
    const key = freshName('lock')
    const [one, other] = [await listen(), await listen()]
    const holder = freshToken()
    await granted(key, holder)
    const waiter = freshToken(other.process)
    await queued(key, waiter)
    await one.stop()
    await release(key, holder)
    await other.hears(1)
    assert.deepEqual(one.heard, [])
    await other.stop()
  })
}
