/**
 * What one thing of each kind takes in Redis, and what one operation sends: `npm run bench -- capacity [--keys 5000]`.
 *
 * Bytes are the growth of `used_memory` by many things, divided by their number: keys, values, times to live, indexes and
 * Redis's tables are in it. `MEMORY USAGE` of one key is beside it. Round trips are the time that an operation
 * takes over a network of a known latency, divided by that.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createHoldfast } from '@holdfast/core'
import { holdfast } from '@holdfast/fastify'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { table } from './harness.ts'

const { values } = parseArgs({
  options: { keys: { type: 'string', default: '5000' }, only: { type: 'string', default: 'bytes,commands' } },
})
const COUNT = Number(values.keys)

/** Each way: long enough for the time of the processor not to count. */
const LATENCY_MS = 25

const HOUR = 3_600_000
const SMALL = { id: 4711, total: 19.9, currency: 'EUR' }
const KIB = 'x'.repeat(1_022)
const KIB_BODY = { text: 'x'.repeat(1_013) }

const redis = await startRedis()
const inspector = new Redis(redis.url)
const info = async (section: string, name: string): Promise<string> =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(await inspector.info(section))?.[1] ?? ''

/** An app on this server: what it stores is gone when it has been measured. */
async function open(url: string) {
  const client = new Redis(url)
  const storage = ioredisStorage(client)
  const core = createHoldfast({ storage, prefix: 'shop', callTimeoutMs: 60_000 })
  const app = fastify()
  await app.register(holdfast, { holdfast: core, http: { scope: 'global' } })
  app.post('/small', { config: { idempotency: true } }, async (_, reply) => reply.code(201).send(SMALL))
  app.post('/kib', { config: { idempotency: true } }, async (_, reply) => reply.code(201).send(KIB_BODY))
  await app.ready()
  const post = async (url: string, key: number | string): Promise<void> => {
    const headers = { 'idempotency-key': `"0b7f6c1e-9d0a-4f0e-8c1d-${String(key).padStart(12, '0')}"` }
    const { statusCode } = await app.inject({ method: 'POST', url, headers, payload: SMALL })
    if (statusCode !== 201) throw new Error(`it answered ${statusCode}`)
  }
  const close = async (): Promise<void> => {
    await app.close()
    await core.close()
    client.disconnect()
  }
  return { ...core, post, close }
}
type App = Awaited<ReturnType<typeof open>>

const nameOf = (i: number): string => `order-${String(i).padStart(6, '0')}`

/** Makes the i-th of one kind; resolves when it is stored. */
type Make = (app: App, i: number) => Promise<unknown>

const held: Make = ({ locks }, i) => locks.acquire(nameOf(i), { leaseMs: HOUR })
interface Kind {
  readonly make: Make
  /** What has to be there first, for each. */
  readonly prepare?: Make
  /** A pattern of the key that has most of it. */
  readonly key?: string
  readonly atATime?: number
  readonly most?: number
}
const kinds: Readonly<Record<string, Kind>> = {
  'a lock, held': { make: held, key: '*:s' },
  'a lock, free again (for a minute)': {
    make: async (app, i) => await (await app.locks.acquire(nameOf(i))).release(),
    key: '*:s',
  },
  'the first waiter of a lock': {
    prepare: held,
    make: async ({ locks }, i) => await queued(locks, nameOf(i), 1),
    key: '*:q',
  },
  'each further waiter of a lock': {
    make: async ({ locks }, i) => {
      if (i === 0) await locks.acquire('busy', { leaseMs: HOUR })
      else await queued(locks, 'busy', i)
    },
    atATime: 1,
    most: 1_000,
  },
  'an execution, running': {
    make: ({ idempotency }, i) =>
      idempotency.begin('invoice', nameOf(i), { leaseMs: HOUR, timeoutMs: 2 * HOUR }),
    key: '*}:*',
  },
  'an execution, completed, result of 41 bytes': {
    make: ({ idempotency }, i) => idempotency.run('invoice', nameOf(i), async () => SMALL),
    key: '*}:*',
  },
  'an execution, failed': {
    make: ({ idempotency }, i) =>
      idempotency
        .run('invoice', nameOf(i), async () => {
          throw new Error('The card was declined.')
        })
        .catch(() => {}),
    key: '*}:*',
  },
  'an HTTP answer, body of 41 bytes': { make: ({ post }, i) => post('/small', i), key: '*}:*' },
  'an HTTP answer, body of 1 KiB': { make: ({ post }, i) => post('/kib', i), key: '*}:*' },
  'a cache entry of 41 bytes': {
    make: ({ cache }, i) => cache.set(nameOf(i), SMALL, { ttlMs: HOUR }),
    key: 'holdfast:v:*:order-*',
  },
  'a cache entry of 41 bytes, two tags': {
    make: ({ cache }, i) => cache.set(nameOf(i), SMALL, { ttlMs: HOUR, tags: ['orders', 'customer-17'] }),
    key: 'holdfast:v:*:order-*',
  },
  'a cache entry of 1 KiB': {
    make: ({ cache }, i) => cache.set(nameOf(i), KIB, { ttlMs: HOUR }),
    key: 'holdfast:v:*:order-*',
  },
}

/** Resolves when this many wait. What ends the waits is the end of the app. */
async function queued(locks: App['locks'], name: string, count: number): Promise<void> {
  locks.acquire(name, { waitMs: HOUR }).catch(() => {})
  while ((await locks.inspect(name)).waiting < count);
}

async function makeAll(make: Make, app: App, from: number, to: number, atATime: number): Promise<void> {
  for (let i = from; i < to; i += atATime) {
    await Promise.all(Array.from({ length: Math.min(atATime, to - i) }, (_, j) => make(app, i + j)))
  }
}

/** What happens once is not counted: connections, scripts, the subscriber, indexes. */
const WARM_UP = 100

async function bytes(): Promise<void> {
  const rows = [['', 'bytes', 'of its key']]
  for (const [kind, { make, prepare, key, atATime = 100, most = COUNT }] of Object.entries(kinds)) {
    await inspector.flushall('SYNC')
    const app = await open(redis.url)
    const end = WARM_UP + Math.min(COUNT, most)
    if (prepare !== undefined) await makeAll(prepare, app, 0, end, atATime)
    await makeAll(make, app, 0, WARM_UP, atATime)
    const before = Number(await info('memory', 'used_memory'))
    await makeAll(make, app, WARM_UP, end, atATime)
    const grown = Number(await info('memory', 'used_memory')) - before
    const usage = key === undefined ? '' : String(await usageOf(key))
    rows.push([kind, (grown / (end - WARM_UP)).toFixed(0), usage])
    await app.close()
  }
  table(`Bytes in Redis, ${await version()}, of ${COUNT} each`, rows)
}

/** `MEMORY USAGE` of any key that matches. */
async function usageOf(pattern: string): Promise<number | null> {
  for (let cursor = '0'; ;) {
    const [next, [key]] = await inspector.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000)
    if (key !== undefined) return await inspector.memory('USAGE', key, 'SAMPLES', 0)
    if (next === '0') throw new Error(`no key matches ${pattern}`)
    cursor = next
  }
}

const operations: Readonly<Record<string, (app: App, i: number) => Promise<unknown>>> = {
  'locks.run': ({ locks }, i) => locks.run(nameOf(i), async () => 1),
  'locks.tryAcquire, held by another': ({ locks }) => locks.tryAcquire('busy'),
  'idempotency.run, first': ({ idempotency }, i) => idempotency.run('invoice', nameOf(i), async () => 1),
  'idempotency.run, replay': ({ idempotency }) => idempotency.run('invoice', 'done', async () => 1),
  getExecutionStatus: ({ idempotency }) => idempotency.getExecutionStatus('invoice', 'done'),
  'HTTP request, first': ({ post }, i) => post('/small', i),
  'HTTP request, replay': ({ post }) => post('/small', 'done'),
  'cache.get, hit or miss': ({ cache }) => cache.get('kept'),
  'cache.getOrCreate, hit': ({ cache }) => cache.getOrCreate('kept', async () => 1),
  'cache.getOrCreate, miss': ({ cache }, i) => cache.getOrCreate(nameOf(i), async () => 1),
  'cache.set': ({ cache }, i) => cache.set(nameOf(i), 1, { ttlMs: HOUR }),
  'cache.remove': ({ cache }) => cache.remove('gone'),
  'cache.invalidateTags': ({ cache }) => cache.invalidateTags(['orders']),
}

async function commands(): Promise<void> {
  await inspector.flushall('SYNC')
  await using proxy = await FaultProxy.start({ target: { port: redis.port } })
  const app = await open(proxy.url)
  await app.locks.acquire('busy', { leaseMs: HOUR })
  await app.cache.set('kept', 1, { ttlMs: HOUR })
  const seen: string[] = []
  // A fault that never takes a request sees them all.
  proxy.every(({ name }) => {
    seen.push(name)
    return false
  }, 'hold-request')
  const rows = [['', 'commands', 'round trips', 'which']]
  for (const [name, operation] of Object.entries(operations)) {
    let [trips, sent] = [Infinity, '']
    for (let i = 0; i < 6; i += 1) {
      proxy.latency(i < 3 ? 0 : LATENCY_MS)
      seen.length = 0
      const startedAt = performance.now()
      await operation(app, i)
      // The fastest, for a busy machine adds to any of them. What the caller does not wait for counts as a command.
      if (i >= 3) trips = Math.min(trips, (performance.now() - startedAt) / (2 * LATENCY_MS))
      await delay(3 * LATENCY_MS)
      sent = seen.join(' ')
    }
    proxy.latency(0)
    rows.push([name, String(seen.length), trips.toFixed(0), sent])
  }
  table(`Commands of one operation, ${await version()}`, rows)
  await app.close()
}

async function version(): Promise<string> {
  const valkey = await info('server', 'valkey_version')
  const name = valkey === '' ? `Redis ${await info('server', 'redis_version')}` : `Valkey ${valkey}`
  return `${name}, ${await info('memory', 'mem_allocator')}`
}

if (values.only !== 'commands') await bytes()
if (values.only !== 'bytes') await commands()
inspector.disconnect()
await redis.stop()
