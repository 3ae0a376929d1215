import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type Holdfast, type Storage, createHoldfast } from '@holdfast/core'
import { idempotent } from '@holdfast/http'
import type { RedisNode } from '@holdfast/test-support/servers'
import { onTestFinished } from 'vitest'
import { connect } from '../connect.ts'
import { until } from '../poll.ts'

/**
 * The app `shop`, in two processes that have just written a key of each kind, and use every kind of channel; resolves with
 * the first. It ends with the test.
 */
export async function writeKeysOfEachKind(node: RedisNode): Promise<Holdfast> {
  const ended = new AbortController()
  const open = async (
    instance: string,
  ): Promise<{ readonly holdfast: Holdfast; readonly storage: Storage }> => {
    const connected = await connect('ioredis', node.url)
    const { storage } = connected
    const holdfast = createHoldfast({ storage, prefix: 'shop', instance, callTimeoutMs: 60_000 })
    onTestFinished(async () => {
      ended.abort()
      await holdfast.close()
      await connected[Symbol.asyncDispose]()
    })
    return { holdfast, storage }
  }
  const [one, two] = [await open('web-1'), await open('web-2')]
  const hears = async (channel: string): Promise<void> => {
    await until(async () => (await list(node, 'PUBSUB', 'CHANNELS', channel)).at(0))
  }
  await writeJobs(one.holdfast)
  await writeAnswer(one.holdfast)
  // A start whose answer got lost: the process that gave it up sees to it that it is not executed any more.
  const lost = { collection: 'shop:video', id: 'clip-9' }
  await one.storage.records.compareAndDelete(lost, {
    writeId: 'fQ0LnYv3B5wPCt8a-Zc1kM',
    notAfter: (await one.storage.time()) + 5_000,
  })
  two.holdfast.idempotency
    .waitForCompletion('video', 'clip-3', { waitMs: 600_000, signal: ended.signal })
    .catch(() => {})
  await hears('{holdfast:r:shop:video:*')
  await writeLocks(one.holdfast, two.holdfast, () => hears('{holdfast:w:web-2*'))
  await writeCache(one.holdfast)
  await loadSlowly(one.holdfast, two.holdfast, ended.signal, () => hears('holdfast:v:shop::slow'))
  // It lives for ten seconds, and the page may be read on a slow machine.
  for (const key of await list(node, 'KEYS', 'holdfast:v:shop::visits?*')) await node.ask('PERSIST', key)
  await until(async () => (await list(node, 'KEYS', 'holdfast:v:shop:#r/:menu')).at(0))
  return one.holdfast
}

/** What a server answers as a list of texts. */
export async function list(node: RedisNode, ...words: readonly string[]): Promise<string[]> {
  return (await node.ask(...words)) as string[]
}

async function writeJobs({ idempotency }: Holdfast): Promise<void> {
  const video = await idempotency.tryStartExecution('video', 'clip-3', {
    fingerprint: { bitrate: 800 },
    leaseMs: 600_000,
  })
  await video?.updateProgress(40, 'encoding')
  await video?.saveCheckpoint({ frame: 1200 })
  await idempotency.run('invoice', 'order-42', () => ({ number: 'INV-7' }))
  const failure = Object.assign(new Error('429 from the shop'), { stack: 'Error: at crawl (crawl.js:7:11)' })
  await idempotency.run('crawl', 'page-1', () => Promise.reject(failure)).catch(() => {})
  await idempotency.run('crawl', 'page-2', () => 'forgotten')
  await idempotency.forget('crawl', 'page-2')
}

async function writeAnswer(holdfast: Holdfast): Promise<void> {
  const orders = idempotent({ holdfast, scope: () => 'ada', route: '/orders' }, (_request, response) => {
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":7}')
  })
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    await orders(Object.assign(request, { body }), response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const headers = { 'idempotency-key': '"k-1"', 'content-type': 'application/json', connection: 'close' }
  await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', body: '{"cart":1}', headers })
  await new Promise((resolve) => server.close(resolve))
}

async function writeLocks(one: Holdfast, two: Holdfast, waits: () => Promise<void>): Promise<void> {
  const long = { leaseMs: 600_000 } as const
  await one.locks.acquire('stock:42', long)
  two.locks.acquire('stock:42', { ...long, waitMs: 600_000 }).catch(() => {})
  await waits()
  const uploads = one.locks.semaphore('uploads', { permits: 3 })
  await uploads.acquire(long)
  await uploads.acquire(long)
  await one.locks.run('report', () => undefined)
}

async function writeCache({ cache }: Holdfast): Promise<void> {
  const exact = { jitter: 0 } as const
  await cache.set('price:42', 19.9, { ...exact, ttlMs: 600_000 })
  const de = cache.namespace('de')
  await de.set('price:42', 17.9, { ...exact, ttlMs: 600_000, staleMs: 3_600_000, tags: ['bank'] })
  await de.invalidateTags(['sale'])
  await cache
    .define('user', { version: 2, load: () => ({ name: 'Ada' }), ttlMs: 600_000, jitter: 0 })
    .get('ada')
  await cache.hashSet('cart', { apples: 3, pears: { price: 2 } })
  await cache.increment('visits', 5)
}

/** One entry is loaded for the first time, and another process waits for it; one is loaded anew behind its old value. */
async function loadSlowly(
  one: Holdfast,
  two: Holdfast,
  signal: AbortSignal,
  waits: () => Promise<void>,
): Promise<void> {
  const load = (): Promise<string> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))))
  const patient = { ttlMs: 600_000, hardTimeoutMs: 600_000 } as const
  const { loads } = one.cache.stats()
  one.cache.getOrCreate('slow', load, patient).catch(() => {})
  await until(() => one.cache.stats().loads > loads || undefined)
  two.cache.getOrCreate('slow', load, patient).catch(() => {})
  await waits()
  await one.cache.set('menu', 'old', { jitter: 0, ttlMs: 600_000, staleMs: 600_000 })
  await one.cache.expire('menu')
  one.cache.getOrCreate('menu', load, { ...patient, staleMs: 600_000 }).catch(() => {})
}
