import { findRedis, findRedisServer } from '@holdfast/test-support/redis'
import { RedisCluster, RedisNode } from '@holdfast/test-support/servers'
import type { WorldOptions } from './options.ts'

/** The Redis that a world works on. */
export interface WorldRedis {
  /** Of a cluster, all its nodes, with commas between them. */
  readonly url: string
  /** The port of this machine where it listens; undefined: elsewhere, or on several. */
  readonly port: number | undefined
  /** Undefined: it is not the world's, or it would lose its data. */
  readonly own: { stop(): Promise<void>; start(): Promise<void> } | undefined
}

/** Takes that of REDIS_URL, or starts one, which `stack` ends. */
export async function provideWorldRedis(
  { storage, ownRedis = false, print = () => undefined }: WorldOptions,
  stack: AsyncDisposableStack,
): Promise<WorldRedis> {
  const slow = setTimeout(() => print('Fetching a Redis server …'), 1_000)
  try {
    if (storage === 'cluster') return await startCluster(stack)
    const found = ownRedis
      ? ({ kind: 'binary', binary: await findRedisServer() } as const)
      : await findRedis()
    if (found.kind === 'running') return { url: found.url, port: localPort(found.url), own: undefined }
    const node = await RedisNode.start({ binary: found.binary, durable: true })
    stack.defer(() => node.stop())
    return { url: node.url, port: node.port, own: { stop: () => node.kill(), start: () => node.restart() } }
  } finally {
    clearTimeout(slow)
  }
}

async function startCluster(stack: AsyncDisposableStack): Promise<WorldRedis> {
  const cluster = await RedisCluster.start()
  stack.defer(() => cluster.stop())
  return { url: cluster.nodes.map(({ url }) => url).join(','), port: undefined, own: undefined }
}

/** Of a server that a proxy of this machine can stand before. */
export function localPort(url: string): number | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname, port } = new URL(url)
  return protocol === 'redis:' && ['localhost', '127.0.0.1'].includes(hostname)
    ? Number(port || 6379)
    : undefined
}
