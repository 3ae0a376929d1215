import { type CacheOptions, createCache, memoryStorage } from '@holdfast/core'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { type RespValue, ask } from '@holdfast/test-support/resp'
import { RedisCluster } from '@holdfast/test-support/servers'
import { until } from '../poll.ts'
import { type Actor, actorOver } from './actor.ts'
import { CacheProcesses } from './cache-processes.ts'
import {
  type ClientVersion,
  type Place,
  everyClient,
  everyClusterClient,
  openStorage,
} from './open-storage.ts'

/** What another tool, which knows nothing of us, does to the storage. */
export interface ForeignTool {
  delete(key: string): Promise<void>
  flush(): Promise<void>
}

/** A cache in this process, one in another process, and what else happens to their storage. */
export interface CacheWorld {
  readonly here: Actor
  readonly there: Actor
  readonly tool: ForeignTool
  /** How many loads of this name have begun. */
  loads(name: string): number
  untilLoads(name: string): Promise<void>
  close(): Promise<void>
}

export const PREFIX = 'proof'

/** Jitter is off, so that what a test does with time is exact; calls have the time that a busy machine needs. */
const OPTIONS: CacheOptions = { jitter: 0, waitMs: 120_000, hardTimeoutMs: 300_000 }

function memoryCacheWorld(): CacheWorld {
  const storage = memoryStorage()
  const began: string[] = []
  const caches = [1, 2].map(() => createCache(storage, { ...OPTIONS, prefix: PREFIX }))
  const [here, there] = caches.map((cache) => actorOver(cache, (name) => began.push(name)))
  if (here === undefined || there === undefined) throw new Error('two were made')
  const loads = (name: string): number => began.filter((each) => each === name).length
  const ours = /^holdfast:v:/
  return {
    here,
    there,
    tool: {
      async delete(key) {
        await storage.values.remove([key.replace(ours, '')])
      },
      async flush() {
        await storage.values.removeMatching({ prefix: '', glob: '*' })
      },
    },
    loads,
    async untilLoads(name) {
      await until(() => loads(name) > 0 || undefined)
    },
    async close() {
      await Promise.all(caches.map((cache) => cache.close()))
    },
  }
}

async function redisCacheWorld(client: ClientVersion, servers: Servers): Promise<CacheWorld> {
  const processes = new CacheProcesses()
  const began: string[] = []
  const place = servers.place
  const there = await processes.start({ client, place, cache: OPTIONS, prefix: PREFIX })
  const opened = await openStorage(client, place)
  const cache = createCache(opened.storage, { ...OPTIONS, prefix: PREFIX })
  return {
    here: actorOver(cache, (name) => began.push(name)),
    there,
    tool: {
      async delete(key) {
        await servers.ask(key, 'DEL', key)
      },
      async flush() {
        await servers.askAll('FLUSHDB')
      },
    },
    loads: (name) => began.filter((each) => each === name).length + processes.loads(name).length,
    untilLoads: (name) => processes.untilLoads(name),
    async close() {
      await cache.close()
      await opened[Symbol.asyncDispose]()
      await processes[Symbol.asyncDispose]()
    },
  }
}

/** One server, or a cluster of three masters. */
export interface Servers {
  readonly place: Place
  /** Asks the server that has the key. */
  ask(key: string, ...command: readonly (string | number)[]): Promise<RespValue>
  askAll(...command: readonly (string | number)[]): Promise<readonly RespValue[]>
  stop(): Promise<void>
}

export async function oneServer(): Promise<Servers> {
  const server: RunningRedis = await startRedis()
  return {
    place: { url: server.url },
    ask: (_, ...command) => ask(server, ...command),
    askAll: async (...command) => [await ask(server, ...command)],
    stop: () => server.stop(),
  }
}

export async function threeMasters(): Promise<Servers> {
  const cluster = await RedisCluster.start()
  return {
    place: { seeds: cluster.seeds },
    ask: async (key, ...command) => await (await cluster.ownerOf(key)).ask(...command),
    askAll: (...command) => Promise.all(cluster.nodes.map((node) => node.ask(...command))),
    stop: () => cluster.stop(),
  }
}

/** Memory, every client over one server, and every one that can be used with it over a cluster. */
export function cacheWorlds(servers: {
  readonly one: Servers
  readonly cluster: Servers
}): Readonly<Record<string, () => CacheWorld | Promise<CacheWorld>>> {
  const { one, cluster } = servers
  const overOne = everyClient.map((client) => [client, () => redisCacheWorld(client, one)] as const)
  const overCluster = everyClusterClient.map(
    (client) => [`${client} over a cluster`, () => redisCacheWorld(client, cluster)] as const,
  )
  return { memory: memoryCacheWorld, ...Object.fromEntries([...overOne, ...overCluster]) }
}
