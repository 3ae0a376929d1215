import { expect, it } from 'vitest'
import { memoryStorage } from '../../src/index.ts'
import { leaseLocks } from '../../src/storage/index.ts'

const request = { leaseMs: 60_000, permits: 1, wait: false, claimMs: 3_000, notAfter: Infinity }

it('locks of a facet alone have their names for keys', async () => {
  const storage = memoryStorage()
  const locks = leaseLocks(storage, { prefix: 'app' })
  const lease = await locks.acquire('of both')
  const { holders } = await storage.leases.inspect('of both')
  expect(holders).toEqual([expect.objectContaining({ token: lease.token })])
  await lease.release()
  await locks.close()
  await expect(locks.acquire('of both')).rejects.toMatchObject({ code: 'CLOSED' })
})

it.for(['33e9cb5f-c7ea-403d-885a-a9193938504d', 'a.b', '(a hash)'])(
  'what another program holds as %s has that for its owner',
  async (token) => {
    const storage = memoryStorage()
    const locks = leaseLocks(storage)
    await storage.leases.acquire('theirs', { ...request, token })
    expect(await locks.tryAcquire('theirs')).toBeNull()
    await expect(locks.acquire('theirs', { waitMs: 1 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      holders: [{ owner: token, token }],
    })
    await locks.close()
  },
)

it.for(['', 'a\u0000b'])('the name %j is refused', async (name) => {
  const locks = leaseLocks(memoryStorage())
  await expect(locks.acquire(name)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await locks.close()
})
