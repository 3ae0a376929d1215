/** Caches that keep copies in the process, and the raw commands that all are held against. */
import { createHoldfast } from '@holdfast/core'
import type { Storage } from '@holdfast/core/storage'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { BasicClientSideCache, createClient } from 'redis'
import { TTL_MS } from './cache-contender.ts'
import { connectIoredis, rawCaches } from './cache-raw.ts'

export interface NearContender {
  set(key: string, value: unknown): Promise<unknown>
  get(key: string): Promise<unknown>
  getOrCreate?(key: string, load: () => unknown): Promise<unknown>
  /** The same as `get`: all callers get one object. */
  getShared?(key: string): Promise<unknown>
  peek?(key: string): unknown
  peekShared?(key: string): unknown
  /** Past what the process keeps. */
  getFar?(key: string): Promise<unknown>
}

/** `linkPort`: where the links lead that report changes. Default: where the client reads. */
export async function nearStorage(name: string, url: string, linkPort?: number): Promise<Storage> {
  const port = linkPort ?? Number(new URL(url).port)
  if (name === 'holdfast redis') {
    // Not by its URL: a duplicate follows that, and not the socket that it is given.
    const socket = { host: '127.0.0.1', port: Number(new URL(url).port) }
    const client = createClient({ socket }).on('error', () => {})
    const duplicate = client.duplicate.bind(client)
    client.duplicate = ((options: { readonly socket?: object }) =>
      duplicate({ ...options, socket: { ...options.socket, host: '127.0.0.1', port } })) as never
    return nodeRedisStorage(await client.connect())
  }
  const client = connectIoredis(url)
  const duplicate = client.duplicate.bind(client)
  client.duplicate = (options) => duplicate({ ...options, host: '127.0.0.1', port })
  return ioredisStorage(client)
}

export const nearContenders: Readonly<Record<string, (url: string) => Promise<NearContender>>> = {
  'raw ioredis': async (url) => await raw('raw ioredis', url),
  'raw redis': async (url) => await raw('raw redis', url),
  'holdfast ioredis': async (url) => ours(await nearStorage('holdfast ioredis', url)),
  'holdfast redis': async (url) => ours(await nearStorage('holdfast redis', url)),
  async bentocache(url) {
    const { BentoCache, bentostore } = await load('bentocache')
    const { memoryDriver } = await load('bentocache/drivers/memory')
    const { redisDriver, redisBusDriver } = await load('bentocache/drivers/redis')
    const store = bentostore()
      .useL1Layer(memoryDriver({ maxItems: 100_000 }))
      .useL2Layer(redisDriver({ connection: connectIoredis(url) }))
      .useBus(redisBusDriver({ connection: { port: Number(new URL(url).port) } }))
    const bento = new BentoCache({ default: 'near', ttl: TTL_MS, stores: { near: store } })
    return {
      set: (key, value) => bento.set({ key, value }),
      get: (key) => bento.get({ key }),
      getOrCreate: (key, factory) => bento.getOrSet({ key, factory }),
    }
  },
  async 'redis, client-side cache'(url) {
    const clientSideCache = new BasicClientSideCache({ ttl: 0, maxEntries: 100_000, evictPolicy: 'LRU' })
    const client = await createClient({ url, RESP: 3, clientSideCache })
      .on('error', () => {})
      .connect()
    return {
      set: (key, value) => client.set(key, JSON.stringify(value)),
      get: async (key) => parsed(await client.get(key)),
    }
  },
}

// The peer's types need what is not installed here.
// oxlint-disable-next-line typescript/no-explicit-any
const load = async (name: string): Promise<any> => await import(name)

function parsed(text: unknown): unknown {
  return typeof text === 'string' ? JSON.parse(text) : undefined
}

async function raw(name: string, url: string): Promise<NearContender> {
  const { get, set } = (await rawCaches[name]?.(url)) ?? {}
  if (get === undefined || set === undefined) throw new Error(`no raw code ${name}`)
  return { get, set, getFar: get }
}

function ours(storage: Storage): NearContender {
  const { cache } = createHoldfast({ storage, cache: { ttlMs: TTL_MS, near: { maxEntries: 100_000 } } })
  const shared = cache.namespace('shared', { copy: false })
  const far = createHoldfast({ storage, cache: { ttlMs: TTL_MS } }).cache
  return {
    set: async (key, value) => await Promise.all([cache.set(key, value), shared.set(key, value)]),
    get: (key) => cache.get(key),
    getOrCreate: (key, how) => cache.getOrCreate(key, how),
    getShared: (key) => shared.get(key),
    peek: (key) => cache.peek(key),
    peekShared: (key) => shared.peek(key),
    getFar: (key) => far.get(key),
  }
}
