import { createHoldfast, type Lease, type Locks } from '@holdfast/core'
import { between, clock, type WorkerContext, type Workload } from '@holdfast/test-support/chaos'
import { witnessLease } from './belief.ts'
import { together, work } from './busy.ts'
import { connect } from './connect.ts'
import { codeOf, refusedOrUnknown } from './trouble.ts'

/** Short, so that a run sees many leases run out; long enough to be renewed on a busy machine. */
const LEASE_MS = 500
const NAMES = ['a', 'b', 'c']
const PERMITS = 2
const SEMAPHORE = 'semaphore'

/** What survives every failover to the replica; where it does not confirm, no lease is granted. */
const DURABILITY = { replicas: 1, timeoutMs: 300 }

/** All workers want the same locks, two of them at once at times, and the permits of one semaphore. */
export const workload: Workload = {
  livenessMs: 60_000,
  windowMsOf: () => 0,

  async run(context) {
    const { index, port, stopping } = context
    const { storage, disconnect } = connect(index, port)
    const holdfast = createHoldfast({
      storage,
      prefix: 'chaos',
      locks: { leaseMs: LEASE_MS, claimMs: 300 },
    })
    const self = { ...context, locks: holdfast.locks }
    await together(3, stopping, async () => await attempt(self))
    await holdfast.close({ graceMs: 500 })
    disconnect()
  },
}

type Self = WorkerContext & { readonly locks: Locks }

interface Hold {
  readonly lease: Lease
  readonly key: string
  readonly permits: number
  readonly durable?: true
}

async function attempt(self: Self): Promise<void> {
  const { witness } = self
  const askedAt = clock()
  try {
    const holds = await obtain(self)
    for (const { lease, key, permits, durable } of holds) {
      const { token: owner, fencingToken: fence } = lease
      const how = durable ? { permits, durable } : { permits }
      witness.record({ type: 'granted', at: clock(), askedAt, key, owner, fence, ...how })
      witnessLease(witness, owner, lease)
    }
    if (holds.length === 0) await work(self, 1)
    for (const hold of holds) await body(self, hold)
    await Promise.all(holds.map(async ({ lease }) => await release(self, lease)))
  } catch (error) {
    witness.record({ type: 'denied', at: clock(), key: '', why: codeOf(witness, error) })
    await work(self, 1)
  }
}

/** One of the ways to acquire a lease, or several. None: the lock was not available at once. */
async function obtain({ locks, random }: Self): Promise<Hold[]> {
  const name = NAMES[between(random, 0, NAMES.length - 1)] ?? 'a'
  const waitMs = between(random, 0, 1_500)
  switch (between(random, 0, 5)) {
    case 0: {
      const lease = await locks.tryAcquire(name)
      return lease === null ? [] : [{ lease, key: name, permits: 1 }]
    }
    case 1: {
      const { leases } = await locks.acquireAll(NAMES.slice(0, 2), { waitMs })
      return leases.map((lease) => ({ lease, key: lease.name, permits: 1 }))
    }
    case 2: {
      const lease = await locks.semaphore(SEMAPHORE, { permits: PERMITS }).acquire({ waitMs })
      return [{ lease, key: SEMAPHORE, permits: PERMITS }]
    }
    case 3:
      return [
        {
          lease: await locks.acquire(name, { waitMs, signal: AbortSignal.timeout(700) }),
          key: name,
          permits: 1,
        },
      ]
    case 4: {
      const lease = await locks.acquire(name, { waitMs, durability: DURABILITY })
      return [{ lease, key: name, permits: 1, durable: true }]
    }
    default:
      return [{ lease: await locks.acquire(name, { waitMs }), key: name, permits: 1 }]
  }
}

/** Reads, works, and writes what it read plus one: an update is lost when two do so at once. */
async function body(self: Self, { lease, key, permits }: Hold): Promise<void> {
  const { witness, ledger, random } = self
  const { token: owner, fencingToken: fence, signal } = lease
  for (let steps = between(random, 0, 4); steps > 0 && !signal.aborted; steps--) {
    await work(self, 2 * LEASE_MS)
    witnessLease(witness, owner, lease)
    if (random() < 0.1) await extend(self, lease)
    if (permits > 1) continue // several owners of one key need other rules at the resource
    const value = await ledger.read(key, owner, fence)
    await work(self, 2 * LEASE_MS)
    if (value === null || (await ledger.increment(key, owner, fence, value)) === null) return
  }
}

async function extend({ witness, random }: Self, lease: Lease): Promise<void> {
  const { token: owner } = lease
  const sentAt = clock()
  try {
    await lease.extend(between(random, 1, LEASE_MS))
    witness.record({ type: 'saved', at: clock(), sentAt, owner, accepted: true })
    witnessLease(witness, owner, lease)
  } catch (error) {
    if (refusedOrUnknown(codeOf(witness, error)) === false) {
      witness.record({ type: 'saved', at: clock(), sentAt, owner, accepted: false })
    }
  }
}

async function release({ witness }: Self, lease: Lease): Promise<void> {
  const { token: owner } = lease
  witness.record({ type: 'ending', at: clock(), owner, how: 'release' })
  try {
    const outcome = await lease.release()
    witness.record({ type: 'ended', at: clock(), owner, accepted: outcome === 'released' })
  } catch (error) {
    witness.record({ type: 'ended', at: clock(), owner, accepted: refusedOrUnknown(codeOf(witness, error)) })
  }
}
