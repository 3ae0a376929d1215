/** What `idempotency.ts` measures, behind one small interface, and the two raw scripts that all are held against. */
import { randomUUID } from 'node:crypto'
import { type Idempotency, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

export interface JobContender {
  /** A job that does nothing, on a key that is new; or, on the same key again, a replay. */
  run(key: string): Promise<unknown>
  /** A duplicate asks while the job may be running: has the result, if the contender can wait. The job takes `ms`. */
  attach?(key: string, body: () => Promise<string>): Promise<string>
  /** Ours only. */
  readonly idempotency?: Idempotency
}

const LEASE_MS = 30_000
const RESULT_MS = 300_000
const RESULT = { ok: true, count: 7, text: 'as small results are' }

/** Answers what is there, or keeps it. */
const BEGIN = `local there = redis.call('GET', KEYS[1])
if there then return there end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''`
/** Keeps the result if what is there is ours. */
const FINISH = `local there = redis.call('GET', KEYS[1])
if not there or string.sub(there, 1, 36) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

/** Peers that come without types for `import` are taken by what is used of them. */
const load = async <T>(name: string): Promise<T> => (await import(name)) as T

const connectNodeRedis = (url: string) =>
  createClient({ url })
    .on('error', (error) => console.error(error))
    .connect()

type Eval = (sha: string, key: string, args: string[]) => Promise<unknown>

/** Two scripts, checked ownership, the result encoded and decoded: the least that does the job. */
function rawJob(run: Eval, begin: string, finish: string): JobContender {
  return {
    async run(key) {
      const token = randomUUID()
      const there = await run(begin, key, [`${token}{"status":"executing"}`, String(LEASE_MS)])
      if (there !== '') return JSON.parse(String(there).slice(36)) as unknown
      const ended = await run(finish, key, [token, `${token}${JSON.stringify(RESULT)}`, String(RESULT_MS)])
      if (ended !== 1) throw new Error('lost')
      return RESULT
    },
  }
}

function holdfastJob(idempotency: Idempotency): JobContender {
  return {
    idempotency,
    run: async (key) => (await idempotency.run('job', key, () => RESULT)).result,
    attach: async (key, body) => (await idempotency.run('job', key, { onInProgress: 'wait' }, body)).result,
  }
}

export const jobContenders: Readonly<Record<string, (url: string) => Promise<JobContender>>> = {
  async 'raw ioredis'(url) {
    const redis = new Redis(url)
    const [begin, finish] = [await redis.script('LOAD', BEGIN), await redis.script('LOAD', FINISH)]
    return rawJob((sha, key, args) => redis.evalsha(sha, 1, key, ...args), String(begin), String(finish))
  },

  async 'raw redis'(url) {
    const redis = await connectNodeRedis(url)
    const [begin, finish] = [await redis.scriptLoad(BEGIN), await redis.scriptLoad(FINISH)]
    return rawJob((sha, key, args) => redis.evalSha(sha, { keys: [key], arguments: args }), begin, finish)
  },

  async 'holdfast ioredis'(url) {
    return holdfastJob(createHoldfast({ storage: ioredisStorage(new Redis(url)) }).idempotency)
  },

  async 'holdfast redis'(url) {
    return holdfastJob(createHoldfast({ storage: nodeRedisStorage(await connectNodeRedis(url)) }).idempotency)
  },

  // Its finish checks no owner, and its lock lives as long as its result.
  async 'node-idempotency'(url) {
    const { RedisStorageAdapter } = await load<{
      RedisStorageAdapter: new (options: { url: string }) => { connect(): Promise<void> }
    }>('@node-idempotency/storage-adapter-redis')
    const { Idempotency: NodeIdempotency } = await load<{
      Idempotency: new (
        storage: unknown,
        options: object,
      ) => {
        onRequest(request: object): Promise<{ body: unknown } | undefined>
        onResponse(request: object, response: object): Promise<void>
      }
    }>('@node-idempotency/core')
    const storage = new RedisStorageAdapter({ url })
    await storage.connect()
    const wait = { inProgressStrategy: { wait: true, pollingIntervalMs: 20, maxWaitMs: 30_000 } }
    const idempotency = new NodeIdempotency(storage, { cacheTTLMS: RESULT_MS, ...wait })
    const request = (key: string): object => ({
      headers: { 'idempotency-key': key },
      path: '/job',
      body: {},
      method: 'POST',
    })
    const runOnce = async (key: string, body: () => Promise<unknown>): Promise<unknown> => {
      const there = await idempotency.onRequest(request(key))
      if (there !== undefined) return there.body
      const result = await body()
      await idempotency.onResponse(request(key), { body: result, additional: { statusCode: 200 } })
      return result
    }
    return {
      run: (key) => runOnce(key, async () => RESULT),
      attach: async (key, body) => String(await runOnce(key, body)),
    }
  },

  // Without the deadline of a Lambda it takes every running job for an orphan; so it gets one.
  async powertools(url) {
    const { makeIdempotent, IdempotencyConfig } = await load<{
      makeIdempotent<T>(
        fn: (input: { key: string }) => Promise<T>,
        options: object,
      ): (input: { key: string }) => Promise<T>
      IdempotencyConfig: new (options: object) => { registerLambdaContext(context: object): void }
    }>('@aws-lambda-powertools/idempotency')
    const { CachePersistenceLayer } = await load<{
      CachePersistenceLayer: new (options: object) => object
    }>('@aws-lambda-powertools/idempotency/cache')
    const client = await connectNodeRedis(url)
    const persistenceStore = new CachePersistenceLayer({ client })
    const config = new IdempotencyConfig({ eventKeyJmesPath: 'key', expiresAfterSeconds: RESULT_MS / 1_000 })
    config.registerLambdaContext({ getRemainingTimeInMillis: () => LEASE_MS })
    const run = makeIdempotent(async () => RESULT, { persistenceStore, config, keyPrefix: 'job' })
    return { run: (key) => run({ key }) }
  },

  // Adds to a queue, and runs nothing: for reference.
  async 'bullmq add'(url) {
    const { Queue } = await load<{
      Queue: new (
        name: string,
        options: object,
      ) => { add(name: string, data: object, options: object): Promise<object> }
    }>('bullmq')
    const queue = new Queue('bench', { connection: new Redis(url, { maxRetriesPerRequest: null }) })
    return {
      run: (key) => queue.add('job', RESULT, { deduplication: { id: key, ttl: RESULT_MS } }),
    }
  },

  // As the original system did it: look, lock, look again, write that it runs, write that it ended, unlock.
  async 'six steps'(url) {
    const redis = new Redis(url)
    const unlock = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end`
    const isOver = (text: string | null): text is string => text !== null && text.includes('"completed"')
    return {
      async run(key) {
        const there = await redis.get(key)
        if (isOver(there)) return (JSON.parse(there) as { result: unknown }).result
        const token = randomUUID()
        if ((await redis.set(`${key}:lock`, token, 'PX', LEASE_MS, 'NX')) === null) throw new Error('taken')
        const again = await redis.get(key)
        if (isOver(again)) return (JSON.parse(again) as { result: unknown }).result
        await redis.set(key, JSON.stringify({ status: 'executing' }), 'PX', 1_800_000)
        await redis.set(key, JSON.stringify({ status: 'completed', result: RESULT }), 'PX', RESULT_MS)
        await redis.eval(unlock, 1, `${key}:lock`, token)
        return RESULT
      },
    }
  },
}
