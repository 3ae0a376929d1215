import { type Lease, createLocks } from '@holdfast/core'
import { Replicated, until } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { afterAll, expect, it } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

const servers = await Replicated.start({ replicas: 1 })
afterAll(async () => await servers.stop())

function join(callTimeoutMs = 60_000) {
  const redis = new Redis(servers.url)
  redis.on('error', () => {})
  const storage = ioredisStorage(redis)
  const locks = createLocks(storage, { callTimeoutMs })
  return {
    redis,
    locks,
    async close() {
      await locks.close()
      await storage.close()
      redis.disconnect()
    },
  }
}

it('grants, hands over and renews when the replica confirms', async () => {
  const [one, other] = [join(), join()]
  const durability = { replicas: 1, timeoutMs: 30_000 }
  const lease = await one.locks.acquire('a', { durability, leaseMs: 3_000 })
  const waiting = other.locks.acquire('a', { durability, waitMs: 120_000 })
  await until('one waits', async () => (await one.locks.inspect('a')).waiting === 1)
  const deadline = performance.now() + lease.remainingMs()
  await until('it was renewed', async () => performance.now() + lease.remainingMs() > deadline + 500)
  expect(await lease.release()).toBe('released')
  expect((await waiting).fencingToken).toBeGreaterThan(lease.fencingToken)
  await Promise.all([one.close(), other.close()])
})

it('releases what too few replicas confirm', async () => {
  const { locks, close } = join()
  const refused = locks.acquire('b', { durability: { replicas: 2, timeoutMs: 1_000 } })
  await expect(refused).rejects.toMatchObject({ code: 'NOT_REPLICATED', acknowledged: 1 })
  await until('it was released', async () => (await locks.inspect('b')).holders.length === 0)
  await close()
})

it('does not credit a renewal that the replica did not confirm, and keeps the fences growing over its promotion', async () => {
  const [holder, next] = [join(), join()]
  const options = { durability: { replicas: 1, timeoutMs: 500 }, leaseMs: 2_000 }
  const granted: Lease[] = []
  await until('the replica confirms it in time', async () => {
    const lease = await holder.locks.tryAcquire('c', options)
    return lease !== null && granted.push(lease) > 0
  })
  const [lease] = granted
  if (lease === undefined) throw new Error('it was granted')
  const { signal, fencingToken } = lease
  const [replica] = servers.replicas
  if (replica === undefined) throw new Error('there is no replica')
  await servers.detach(replica)
  await until('the lease is lost', async () => signal.aborted)
  // The storage still has it: only the certainty is gone.
  await servers.promote(replica, { losingWrites: true })
  const taken = await next.locks.acquire('c', { waitMs: 60_000 })
  expect(taken.fencingToken).toBeGreaterThan(fencingToken)
  await Promise.all([holder.close(), next.close()])
})

it('asks the new primary once the client does, although its own connection to the old one lives on', async () => {
  const { redis, locks, close } = join(10_000)
  const options = { durability: { replicas: 1, timeoutMs: 5_000 } }
  expect(await (await locks.acquire('d', options)).release()).toBe('released')
  const [replica] = servers.replicas
  if (replica === undefined) throw new Error('there is no replica')
  const old = servers.primary
  const id = await redis.client('ID')
  await servers.demote(replica)
  await old.ask('CLIENT', 'KILL', 'ID', id)
  expect(await (await locks.acquire('d', options)).release()).toBe('released')
  await close()
})
