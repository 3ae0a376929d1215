import assert from 'node:assert/strict'
import { until } from '@holdfast/test-support/servers'
import type { Deploy, MixedCase } from '../deploy.ts'
import type { Peer } from '../peer-process.ts'
import type { SaidError } from '../peer/said.ts'

/** For a holder that is about to be killed. */
const SHORT_LEASE = { leaseMs: 1_500 }
const PATIENT = { waitMs: 60_000 }

export const lockCases: readonly MixedCase[] = [
  {
    name: 'a lock goes to the waiter of the other version as it is released, under a higher fencing token',
    async run({ first, second, name }) {
      const lock = name('handed over')
      const before = await first.call('acquire', lock, lock)
      assert.equal(await second.call('tryAcquire', lock, lock), null)
      const waiting = second.call('acquire', lock, lock, PATIENT)
      await untilWaiting(second, lock, 1)
      const { holders, queue } = await first.call('inspect', lock)
      assert.deepEqual(
        holders.map(({ owner, claimed, fencingToken }) => ({ owner, claimed, fencingToken })),
        [{ owner: `on ${first.version}`, claimed: true, fencingToken: before }],
      )
      assert.equal(queue.length, 1)
      assert.equal(await first.call('release', lock), 'released')
      const after = await waiting
      assert.ok(after > before)
      assert.equal(await first.call('tryAcquire', lock, lock), null)
      assert.equal(await second.call('release', lock), 'released')
      assert.ok(((await first.call('tryAcquire', lock, lock)) ?? 0) > after)
    },
  },
  {
    name: 'waiters of both versions get a lock in the order in which they came',
    run: async (deploy) => await inOrder(deploy, deploy.name('in order')),
  },
  {
    name: 'waiters of both versions get the permits of a semaphore in the order in which they came',
    run: async (deploy) => await inOrder(deploy, deploy.name('permits in order'), 2),
  },
  {
    name: 'what a killed holder held goes to the waiter of the other version when the lease ends',
    async run({ second, name, another }) {
      const lock = name('killed')
      const dying = await another()
      const before = await dying.call('acquire', lock, lock, SHORT_LEASE)
      const waiting = second.call('acquire', lock, lock, PATIENT)
      await untilWaiting(second, lock, 1)
      await dying.kill()
      assert.ok((await waiting) > before)
    },
  },
  {
    name: 'a waiter that was killed is passed over',
    async run({ first, second, name, another }) {
      const lock = name('passed over')
      const dying = await another()
      await second.call('acquire', lock, lock)
      const never = assert.rejects(dying.call('acquire', lock, lock, PATIENT))
      await untilWaiting(first, lock, 1)
      const waiting = first.call('acquire', lock, lock, PATIENT)
      await untilWaiting(first, lock, 2)
      await dying.kill()
      await never
      assert.equal(await second.call('release', lock), 'released')
      assert.ok((await waiting) > 0)
      assert.equal((await second.call('inspect', lock)).waiting, 0)
    },
  },
  {
    name: 'a lock is revoked, and its holder learns that',
    async run({ first, second, name }) {
      const lock = name('revoked')
      const before = await first.call('acquire', lock, lock)
      const waiting = second.call('acquire', lock, lock, PATIENT)
      await untilWaiting(second, lock, 1)
      assert.equal(await second.call('revoke', lock), 1)
      const { code, reason } = await first.heard<SaidError>('lost', lock)
      assert.deepEqual([code, reason], ['LEASE_LOST', 'revoked'])
      assert.ok((await waiting) > before)
      assert.equal(await first.call('release', lock), 'lost')
    },
  },
  {
    name: 'a holder extends its lease while the other version waits, and keeps it',
    async run({ first, second, name }) {
      const lock = name('extended')
      await first.call('acquire', lock, lock, { leaseMs: 5_000 })
      const waiting = second.call('acquire', lock, lock, PATIENT)
      await untilWaiting(second, lock, 1)
      await first.call('extend', lock, 60_000)
      const [holder] = (await second.call('inspect', lock)).holders
      assert.ok(holder !== undefined && holder.remainingMs > 30_000)
      assert.equal(await first.call('release', lock), 'released')
      await waiting
    },
  },
]

async function untilWaiting(peer: Peer, lock: string, count: number, permits?: number): Promise<void> {
  await until(`${count} wait for ${lock}`, async () => {
    return (await peer.call('inspect', lock, permits)).waiting === count
  })
}

/** Fills it, has callers of both versions come in turn, and lets them through one by one. */
async function inOrder({ first, second }: Deploy, lock: string, permits?: number): Promise<void> {
  const fences: number[] = []
  const places = permits ?? 1
  const holders: [Peer, string][] = []
  for (let i = 0; i < places; i += 1) {
    const peer = i % 2 === 0 ? first : second
    fences.push(await peer.call('acquire', `${lock} ${i}`, lock, {}, permits))
    holders.push([peer, `${lock} ${i}`])
  }
  const order: number[] = []
  const granted: Promise<void>[] = []
  for (let i = 0; i < 6; i += 1) {
    const peer = i % 2 === 0 ? second : first
    const id = `${lock} waiter ${i}`
    granted.push(
      peer.call('acquire', id, lock, PATIENT, permits).then((fence) => {
        order.push(i)
        fences.push(fence)
        holders.push([peer, id])
      }),
    )
    await untilWaiting(first, lock, i + 1, permits)
  }
  for (let i = 0; i < 6; i += 1) {
    const [peer, id] = holders.shift() as [Peer, string]
    assert.equal(await peer.call('release', id), 'released')
    await granted[i]
  }
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5])
  assert.deepEqual(
    fences,
    fences.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(fences).size, fences.length)
  const { holders: left } = await second.call('inspect', lock, permits)
  assert.equal(left.length, places)
}
