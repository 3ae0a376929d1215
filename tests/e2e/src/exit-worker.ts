/**
 * Uses everything once, over the client and the topology that its arguments name, and closes its client and nothing else;
 * or waits for a lock with a client that keeps no process alive. Says what it did, and must end by itself.
 */
import { createHoldfast } from '@holdfast/core'
import type { Storage } from '@holdfast/core'

export interface ExitTask {
  readonly client: 'ioredis' | 'redis'
  readonly topology: 'single' | 'tls' | 'pool' | 'sentinel' | 'cluster'
  /** `host:port` of servers, nodes or sentinels. */
  readonly addresses: readonly string[]
  readonly task: 'all' | 'wait'
}

interface Opened {
  readonly storage: Storage
  quit(): Promise<unknown>
  unref(): void
}

const { client, topology, addresses, task } = JSON.parse(process.argv[2] ?? '') as ExitTask
const nodes = addresses.map((address) => {
  const [host = '', port] = address.split(':')
  return { host, port: Number(port) }
})
const [node = { host: '', port: 0 }] = nodes
const psk = { psk: Buffer.alloc(32, 1), identity: 'test' }
const tls = {
  ciphers: 'PSK-AES256-GCM-SHA384',
  maxVersion: 'TLSv1.2',
  pskCallback: () => psk,
  checkServerIdentity: () => undefined,
} as const

async function openIoredis(): Promise<Opened> {
  const { Cluster, Redis } = await import('ioredis')
  const { ioredisStorage } = await import('@holdfast/redis-ioredis')
  if (topology === 'cluster') {
    const redis = new Cluster([...nodes])
    redis.on('error', () => {})
    return { storage: ioredisStorage(redis), quit: () => redis.quit(), unref() {} }
  }
  const redis =
    topology === 'sentinel'
      ? new Redis({ sentinels: [...nodes], name: 'holdfast' })
      : new Redis({ ...node, ...(topology === 'tls' ? { tls } : {}) })
  redis.on('error', () => {})
  return { storage: ioredisStorage(redis), quit: () => redis.quit(), unref: () => redis.stream.unref() }
}

async function openNodeRedis(): Promise<Opened> {
  const { createClient, createClientPool, createCluster, createSentinel } = await import('redis')
  const { nodeRedisStorage } = await import('@holdfast/redis-node')
  const onError = (): void => {}
  if (topology === 'cluster') {
    const redis = createCluster({ rootNodes: nodes.map((socket) => ({ socket })) })
    await redis.on('error', onError).connect()
    return { storage: nodeRedisStorage(redis), quit: () => redis.close(), unref() {} }
  }
  if (topology === 'sentinel') {
    const redis = createSentinel({ name: 'holdfast', sentinelRootNodes: [...nodes] })
    await redis.on('error', onError).connect()
    return { storage: nodeRedisStorage(redis), quit: () => redis.close(), unref() {} }
  }
  if (topology === 'pool') {
    const redis = createClientPool({ socket: node })
    await redis.on('error', onError).connect()
    return { storage: nodeRedisStorage(redis), quit: () => redis.close(), unref() {} }
  }
  const socket = topology === 'tls' ? { ...node, ...tls, tls: true as const } : node
  const redis = createClient({ socket, pingInterval: 60_000 })
  await redis.on('error', onError).connect()
  return { storage: nodeRedisStorage(redis), quit: () => redis.close(), unref: () => redis.unref() }
}

const { storage, quit, unref } = client === 'ioredis' ? await openIoredis() : await openNodeRedis()
const holdfast = createHoldfast({ storage })
if (task === 'wait') {
  await storage.time()
  unref()
  console.log('waits')
  // Held by the test, which releases it when a caller waits.
  await holdfast.locks.run('held', { waitMs: 600_000 }, () => console.log('got it'))
  await quit()
} else {
  const held = await holdfast.locks.acquire('a')
  const next = holdfast.locks.acquire('a')
  // Until the subscriber is there.
  while ((await holdfast.locks.inspect('a')).waiting === 0);
  await held.release()
  await (await next).release()
  // The connection that waits for replicas: it stays open even without replicas.
  await holdfast.locks
    .tryAcquire('b', { durability: { replicas: 1, timeoutMs: 1 } })
    .then((lease) => lease?.release())
    .catch((error: { code?: string }) => {
      if (error.code !== 'NOT_REPLICATED') throw error
    })
  const others = createHoldfast({ storage })
  await holdfast.idempotency.run('job', 'a', async () => {
    const followed = others.idempotency.waitForCompletion('job', 'a', { waitMs: 1 })
    await followed.catch(() => {})
  })
  await holdfast.cache.set('a', 1)
  await quit()
  console.log('done')
}
