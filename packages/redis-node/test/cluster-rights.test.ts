import type { LeasePush } from '@holdfast/core/storage'
import { RedisCluster } from '@holdfast/test-support/servers'
import { createCluster } from 'redis'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { nodeRedisStorage } from '../src/index.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())

it('notifies waiters by PUBLISH where sharded pub/sub is refused, as before Redis 7', async () => {
  const grant = async (...rights: string[]): Promise<void> => {
    for (const node of servers.nodes) await node.ask('ACL', 'SETUSER', 'default', ...rights)
  }
  await grant('-spublish', '-ssubscribe')
  onTestFinished(async () => await grant('+@all'))
  const client = createCluster({ rootNodes: servers.seeds.map((socket) => ({ socket })) })
  client.on('error', () => {})
  await client.connect()
  const storage = nodeRedisStorage(client)
  onTestFinished(async () => {
    await storage.close()
    client.destroy()
  })
  const { leases } = storage
  const pushes: LeasePush[] = []
  await leases.listen('two', (push) => pushes.push(push))
  const notAfter = (await storage.time()) + 600_000
  const request = { leaseMs: 600_000, permits: 1, wait: true, claimMs: 60_000, notAfter }
  await leases.acquire('refused', { ...request, token: 'one.1' })
  const queued = await leases.acquire('refused', { ...request, token: 'two.1' })
  expect(queued.outcome).toBe('queued')
  await leases.release('refused', { token: 'one.1', claimMs: 60_000, notAfter })
  await expect.poll(() => pushes).toMatchObject([{ kind: 'granted', token: 'two.1' }])
})
