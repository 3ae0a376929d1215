import { createLocks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { RedisNode, until } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { expect, it, onTestFinished } from 'vitest'

/** A client that tries to connect again until the test has it give up. */
async function open(client: string, url: string) {
  let givesUp = false
  if (client === 'ioredis') {
    const redis = new Redis(url, { retryStrategy: () => (givesUp ? null : 10) })
    redis.on('error', () => {})
    onTestFinished(() => redis.disconnect())
    return {
      storage: ioredisStorage(redis),
      end: () => {},
      giveUp: () => void (givesUp = true),
    }
  }
  const reconnectStrategy = () => (givesUp ? (false as const) : 10)
  const redis = createClient({ url, socket: { reconnectStrategy } })
  redis.on('error', () => {})
  await redis.connect()
  onTestFinished(() => {
    if (redis.isOpen) redis.destroy()
  })
  return {
    storage: nodeRedisStorage(redis),
    end: () => redis.destroy(),
    giveUp: () => void (givesUp = true),
  }
}

// ioredis says nothing when it is ended by disconnect() while it waits to connect again: its status stays `reconnecting`.
it.each([
  ['ioredis', 'giveUp', 'CLIENT_CLOSED'],
  ['redis', 'end', 'CLIENT_NOT_CONNECTED'],
  ['redis', 'giveUp', 'CLIENT_NOT_CONNECTED'],
] as const)('all who wait hear at once that the client of %s has ended: %s', async (client, how, code) => {
  await using node = await RedisNode.start()
  await using proxy = await FaultProxy.start({ target: node.address })
  const opened = await open(client, proxy.url)
  const { storage } = opened
  // Longer than the test may take.
  const locks = createLocks(storage, { callTimeoutMs: 3_600_000 })
  await locks.acquire('held', { leaseMs: 3_600_000, maxHoldMs: 3_600_000 })
  const inLine = locks.acquire('held', { waitMs: 3_600_000 })
  const heard = [expect(inLine).rejects.toMatchObject({ code })]
  await until('it waits', async () => (await locks.inspect('held')).waiting === 1)
  await proxy.refuse()
  proxy.reset()
  await until('it is down', async () => storage.connection.state === 'down')
  heard.push(expect(locks.inspect('held')).rejects.toMatchObject({ code }))
  opened[how]()
  await Promise.all(heard)
  await locks.close()
  await storage.close()
})
