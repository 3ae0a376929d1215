import { ioredisClient } from '@holdfast/redis-ioredis'
import { nodeRedisClient } from '@holdfast/redis-node'
import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { createHangfireLocks } from '../../src/index.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())

const clients = {
  async ioredis() {
    const cluster = new Cluster([...servers.seeds])
    return { client: ioredisClient(cluster), end: () => cluster.disconnect() }
  },
  async redis() {
    const cluster = createCluster({ rootNodes: servers.seeds.map((socket) => ({ socket })) })
    cluster.on('error', () => {})
    await cluster.connect()
    return { client: nodeRedisClient(cluster), end: () => cluster.destroy() }
  },
}

describe.for(Object.entries(clients))('on a cluster, over %s', ([, open]) => {
  it('locks lie in the slot of the prefix', async () => {
    const { client, end } = await open()
    const locks = createHangfireLocks(client, { prefix: '{hangfire}:' })
    const lease = await locks.acquire('a b')
    expect(await client.send(['GET', '{hangfire}:a b'], '{hangfire}:a b')).toBe(lease.token)
    expect(await locks.tryAcquire('a b')).toBeNull()
    const waiting = locks.acquire('a b', { waitMs: 300_000 })
    await lease.extend(100)
    expect(await lease.release()).toBe('released')
    const next = await waiting
    expect(next.fencingToken).toBeGreaterThan(lease.fencingToken)
    expect(await locks.revoke('a b')).toEqual([next.token])
    expect(next.signal.aborted).toBe(true)
    await locks.close()
    end()
  })

  it('a prefix without a hash tag is refused', async () => {
    const { client, end } = await open()
    expect(() => createHangfireLocks(client, { prefix: 'hangfire:' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
    client.detach()
    end()
  })
})
