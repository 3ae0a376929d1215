import { type Holdfast, type Storage, createHoldfast, memoryStorage } from '@holdfast/core'
import { Cluster, Redis } from 'ioredis'
import type { ActionName, WorldState } from '../events/snapshot.ts'
import { connectStorage } from '../instances/connect.ts'
import type { WorldOptions } from './options.ts'
import { type WorldRedis, provideWorldRedis } from './world-redis.ts'

/** What the instances work on, and the coordinator's view of it. */
export interface Ground {
  readonly storage: WorldState['storage']
  /** Undefined: memory storage. */
  readonly redis: WorldRedis | undefined
  /** Of memory storage: the one that its instance shares with the observer. */
  readonly memory: Storage | undefined
  /** Sees every execution and every lock, and runs nothing. */
  readonly observer: Holdfast
  /** What it looks with. */
  readonly values: Storage['values']
  /** To look at what Redis holds, as `redis-cli` would. */
  readonly client: Redis | Cluster | undefined
  readonly missingActions: Readonly<Partial<Record<ActionName, string>>>
  /** Whether a visitor has stopped it on purpose. */
  readonly stopping: { isStopped: boolean }
}

export async function openGround(options: WorldOptions, stack: AsyncDisposableStack): Promise<Ground> {
  const { storage } = options
  const stopping = { isStopped: false }
  if (storage === 'memory') {
    const memory = memoryStorage()
    stack.defer(() => memory.close())
    const observer = observe(memory, stack)
    return {
      storage,
      redis: undefined,
      memory,
      observer,
      values: memory.values,
      client: undefined,
      missingActions: MEMORY_LACKS,
      stopping,
    }
  }
  const redis = await provideWorldRedis(options, stack)
  const connected = await connectStorage('ioredis', redis.url)
  stack.defer(() => connected.close())
  const observer = observe(connected.storage, stack)
  const client = look(redis.url, storage === 'cluster')
  // It connects again by itself; `pulse` says that Redis is away.
  client.on('error', () => undefined)
  stack.defer(() => client.disconnect())
  return {
    storage,
    redis,
    memory: undefined,
    observer,
    values: connected.storage.values,
    client,
    missingActions: lacking(storage, redis),
    stopping,
  }
}

function observe(storage: Storage, stack: AsyncDisposableStack): Holdfast {
  const observer = createHoldfast({ storage, prefix: 'AIReview', instance: 'coordinator' })
  stack.defer(() => observer.close())
  return observer
}

function look(url: string, isCluster: boolean): Redis | Cluster {
  return isCluster ? new Cluster(url.split(',')) : new Redis(url)
}

type Lacking = Ground['missingActions']

const ONE_PROCESS = 'On memory storage everything is one process. Start the demo with Redis.'
const MEMORY_LACKS: Lacking = {
  kill: ONE_PROCESS,
  freeze: ONE_PROCESS,
  thaw: ONE_PROCESS,
  start: ONE_PROCESS,
  cut: ONE_PROCESS,
  restore: ONE_PROCESS,
  'stop-redis': 'There is no Redis: memory storage needs none.',
  'start-redis': 'There is no Redis: memory storage needs none.',
}

function lacking(storage: 'redis' | 'cluster', redis: WorldRedis): Lacking {
  const notOurs =
    storage === 'cluster'
      ? 'The nodes of the demo’s cluster keep nothing on disk, so they are not stopped. Start the demo without --cluster.'
      : 'The demo stops only a Redis that it has started, not that of REDIS_URL. Unset REDIS_URL.'
  const noProxy =
    storage === 'cluster'
      ? 'A cluster tells its clients its own addresses, past any proxy. Start the demo without --cluster.'
      : 'The demo cuts the way only to a Redis on this machine without TLS. Unset REDIS_URL.'
  return {
    ...(redis.own === undefined ? { 'stop-redis': notOurs, 'start-redis': notOurs } : {}),
    ...(redis.port === undefined ? { cut: noProxy, restore: noProxy } : {}),
  }
}
