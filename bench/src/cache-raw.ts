/** What an app would do without a cache library, on either client: plain commands, and JSON. */
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { type CacheContender, TTL_MS } from './cache-contender.ts'

// A frozen server is one of the things measured: errors are what callers get.
export const connectIoredis = (url: string): Redis => new Redis(url).on('error', () => {})
const connectNodeRedis = (url: string) =>
  createClient({ url })
    .on('error', () => {})
    .connect()

interface RawCommands {
  get(key: string): Promise<string | null>
  set(key: string, data: string): Promise<unknown>
  getMany(keys: string[]): Promise<(string | null)[]>
  setMany(data: ReadonlyMap<string, string>): Promise<unknown>
  /** Removes these keys, and goes on with the search, in one round trip. */
  unlinkAndScan(
    keys: string[],
    cursor: string,
    glob: string,
  ): Promise<readonly [cursor: string, keys: string[]]>
}

/** How many keys one step of a search looks at. */
const SCAN_COUNT = '1000'

const rawCommands = {
  ioredis: (redis: Redis): RawCommands => ({
    get: (key) => redis.get(key),
    set: (key, data) => redis.set(key, data, 'PX', TTL_MS),
    getMany: (keys) => redis.mget(keys),
    setMany(data) {
      const pipeline = redis.pipeline()
      for (const [key, text] of data) pipeline.set(key, text, 'PX', TTL_MS)
      return pipeline.exec()
    },
    async unlinkAndScan(keys, cursor, glob) {
      const pipeline = redis.pipeline()
      if (keys.length > 0) pipeline.unlink(keys)
      const replies = await pipeline.scan(cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT).exec()
      return replies?.at(-1)?.[1] as [string, string[]]
    },
  }),
  redis: (client: Awaited<ReturnType<typeof connectNodeRedis>>): RawCommands => ({
    get: (key) => client.get(key),
    set: (key, data) => client.set(key, data, { expiration: { type: 'PX', value: TTL_MS } }),
    getMany: (keys) => client.mGet(keys),
    setMany(data) {
      const expiration = { type: 'PX', value: TTL_MS } as const
      const multi = client.multi()
      for (const [key, text] of data) multi.set(key, text, { expiration })
      return multi.execAsPipeline()
    },
    async unlinkAndScan(keys, cursor, glob) {
      const multi = client.multi()
      if (keys.length > 0) multi.unlink(keys)
      const replies = await multi.scan(cursor, { MATCH: glob, COUNT: Number(SCAN_COUNT) }).execAsPipeline()
      const reply = replies.at(-1) as unknown as { readonly cursor: string; readonly keys: string[] }
      return [reply.cursor, reply.keys]
    },
  }),
}

function rawCache({ get, set, getMany, setMany, unlinkAndScan }: RawCommands): CacheContender {
  const read = async (key: string): Promise<unknown> => {
    const data = await get(key)
    return data === null ? undefined : (JSON.parse(data) as unknown)
  }
  const readMany = async (keys: readonly string[]): Promise<Map<string, unknown>> => {
    const found = new Map<string, unknown>()
    for (const [i, data] of (await getMany([...keys])).entries()) {
      if (data !== null) found.set(keys[i] as string, JSON.parse(data))
    }
    return found
  }
  const write = (key: string, value: unknown): Promise<unknown> => set(key, JSON.stringify(value))
  const getOrCreate: CacheContender['getOrCreate'] = async (key, load) => {
    const found = await read(key)
    if (found !== undefined) return found
    const value = await load()
    await write(key, value)
    return value
  }
  return {
    get: read,
    set: write,
    getOrCreate,
    tagged: (key, _tag, load) => getOrCreate(key, load),
    getMany: async (keys) => (await readMany(keys)).size,
    async getOrCreateMany(keys, value) {
      const all = await readMany(keys)
      const data = new Map<string, string>()
      for (const key of keys) {
        if (all.has(key)) continue
        all.set(key, value)
        data.set(key, JSON.stringify(value))
      }
      if (data.size > 0) await setMany(data)
      return all
    },
    async removeByPattern(glob) {
      let [cursor, keys] = await unlinkAndScan([], '0', glob)
      while (cursor !== '0') [cursor, keys] = await unlinkAndScan(keys, cursor, glob)
      // With the last ones one step of a second search is wasted.
      if (keys.length > 0) await unlinkAndScan(keys, '0', glob)
    },
  }
}

export const rawCaches: Readonly<Record<string, (url: string) => Promise<CacheContender>>> = {
  'raw ioredis': async (url) => rawCache(rawCommands.ioredis(connectIoredis(url))),
  'raw redis': async (url) => rawCache(rawCommands.redis(await connectNodeRedis(url))),
}
