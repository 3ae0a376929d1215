import { createHoldfast } from '@holdfast/core'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { RedisNode } from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { Socket } from 'node:net'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

const server = await startRedis()
afterAll(async () => await server.stop())

const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: false }
let keys = 0
const freshKey = () => ({ collection: 'ioredis', id: `${(keys += 1)}` })
interface Options {
  readonly lazyConnect?: boolean
  readonly enableOfflineQueue?: boolean
  readonly stringNumbers?: boolean
  readonly enableAutoPipelining?: boolean
  readonly keyPrefix?: string
  readonly password?: string
  readonly maxRetriesPerRequest?: number
  readonly autoResendUnfulfilledCommands?: boolean
  readonly retryStrategy?: () => number
}

const versions = {
  'ioredis 6': (url: string, options: Options) => new Redis(url, options),
  'ioredis 5': (url: string, options: Options) => new Redis5(url, options),
}

describe.for(Object.entries(versions))('%s', ([, create]) => {
  const connect = (url: string, options: Options = {}) => {
    const client = create(url, options)
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    return client
  }

  it('has one listener of each kind on its client, however many storages use it', async () => {
    const client = connect(server.url)
    await client.ping()
    const listeners = (): number[] => client.eventNames().map((name) => client.listenerCount(name))
    const before = listeners()
    const storages = Array.from({ length: 12 }, () => ioredisStorage(client))
    await Promise.all(storages.map((storage) => storage.time()))
    expect(Math.max(...listeners())).toBeLessThanOrEqual(2)
    const [last, ...others] = storages
    await Promise.all(others.map((storage) => storage.close()))
    expect(listeners()).not.toEqual(before)
    await last?.close()
    expect(listeners()).toEqual(before)
  })

  it('sends the commands of one tick in two writes, and a single one at once', async () => {
    const client = connect(server.url)
    const { values } = ioredisStorage(client)
    await values.getMany(['a'])
    const single = vi.spyOn(Socket.prototype, '_write')
    const joined = vi.spyOn(Socket.prototype, '_writev')
    onTestFinished(() => void vi.restoreAllMocks())
    const writes = (): number => single.mock.calls.length + joined.mock.calls.length
    await Promise.all(Array.from({ length: 100 }, async (_, i) => await values.getMany([`${i}`])))
    expect(writes()).toBe(2)

    const reply = values.getMany(['a'])
    expect(writes()).toBe(3)
    await reply
  })

  it('asks the server for no INFO when it opens a connection to subscribe on', async () => {
    const storage = ioredisStorage(connect(server.url))
    const asker = connect(server.url, { lazyConnect: true })
    await asker.connect()
    const infos = async (): Promise<number> => {
      const stats = String(await asker.call('INFO', ['commandstats']))
      return Number(/cmdstat_info:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    await storage.time()
    const before = await infos()
    const stop = await storage.values.subscribe('a', () => undefined)
    expect(await infos()).toBe(before + 1) // the one before this one
    stop()
    await storage.close()
  })

  it.each([false, true])(
    'stores and returns bytes, with enableAutoPipelining %s',
    async (enableAutoPipelining) => {
      const { values } = ioredisStorage(connect(server.url, { enableAutoPipelining }))
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      await values.set('bytes', bytes, 60_000, Infinity)
      const found = await values.getManyBytes(['bytes', 'nothing'])
      expect(found.map((each) => each && [...each.subarray(13)])).toEqual([[...bytes], null])
    },
  )

  it('keeps calls of one tick on one key in order', async () => {
    const { records } = ioredisStorage(connect(server.url))
    const [key, other] = [freshKey(), freshKey()]
    const { entry } = await records.put(key, null, write)
    // The server knows the scripts: what it has to be taught is sent again, after the others.
    await records.read(key)
    await records.put(other, 1, write)
    // Some are under way, so all of these leave one behind the other.
    const first = Promise.all(Array.from({ length: 4 }, () => records.read(other)))
    const [before, replaced, after, created] = await Promise.all([
      records.read(key),
      records.put(key, entry?.rev ?? 0, { ...write, writeId: 'x', value: 'new' }),
      records.read(key),
      records.put(other, null, write),
    ])
    await first
    expect([before.entry?.value, after.entry?.value]).toEqual([write.value, 'new'])
    expect([replaced.outcome, created.outcome]).toEqual(['written', 'written'])
  })

  it.for([true, false])(
    'connects a lazy client when it is first used, offline queue %s',
    async (enableOfflineQueue) => {
      const client = connect(server.url, { lazyConnect: true, enableOfflineQueue })
      const holdfast = createHoldfast({ storage: ioredisStorage(client), callTimeoutMs: 60_000 })
      expect(client.status).toBe('wait')
      const results = await Promise.all(
        ['a', 'b'].map((key) => holdfast.idempotency.run('lazy', key, () => 1)),
      )
      expect(results.map(({ result }) => result)).toEqual([1, 1])
      await holdfast.close()
    },
  )

  it('says at once that a client has ended', async () => {
    const client = connect(server.url)
    const holdfast = createHoldfast({ storage: ioredisStorage(client) })
    await client.quit()
    await expect.poll(() => client.status).toBe('end')
    await expect(holdfast.idempotency.run('ended', 'a', () => 1)).rejects.toMatchObject({
      code: 'CLIENT_CLOSED',
    })
    await holdfast.close()
  })

  it.for(['the server is gone', 'the password is wrong'])(
    'says why there is no connection: %s',
    async (why) => {
      const node = await RedisNode.start()
      onTestFinished(async () => await node.kill())
      const secured = new Redis(node.url)
      await secured.config('SET', 'requirepass', 'right')
      secured.disconnect()
      if (why === 'the server is gone') await node.kill()
      const client = connect(node.url, { password: 'wrong', retryStrategy: () => 20 })
      const holdfast = createHoldfast({ storage: ioredisStorage(client), callTimeoutMs: 500 })
      // On a busy machine the time for a call may be over before the connection was refused.
      await expect
        .poll(
          async () => await holdfast.idempotency.run('why', 'a', () => 1).catch((error: unknown) => error),
        )
        .toMatchObject({
          code: 'STORAGE_UNAVAILABLE',
          cause: { message: expect.stringMatching(/ECONNREFUSED|WRONGPASS/) as string },
        })
      await holdfast.close()
    },
  )

  it('starts once what is sent again after the reply was lost', async () => {
    await using proxy = await FaultProxy.start({ target: { port: server.port } })
    const client = connect(proxy.url, { retryStrategy: () => 10 })
    const { records } = ioredisStorage(client)
    await records.read(freshKey())
    const key = freshKey()
    const lost = proxy.once(
      ({ name, args }) => name.startsWith('eval') && args.some((arg) => arg.includes(key.id)),
      'cut-reply',
    )
    const reply = await records.put(key, null, write)
    await lost.hit
    expect(reply.outcome).toBe('written')
    expect((await records.read(key)).entry).toEqual(reply.entry)
  })

  it('knows what may have been executed when the server is gone', async () => {
    const node = await RedisNode.start()
    onTestFinished(async () => await node.kill())
    const client = connect(node.url, { maxRetriesPerRequest: 0, retryStrategy: () => 20 })
    const storage = ioredisStorage(client)
    await storage.time()
    node.pause()
    const sent = storage.records.put(freshKey(), null, write)
    sent.catch(() => {})
    await new Promise<void>((resolve) => setImmediate(resolve))
    await node.kill()
    await expect(sent).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
    expect(storage.connection.state).toBe('down')
    const states: string[] = []
    storage.connection.onChange((state) => states.push(state))
    await node.restart()
    await expect.poll(() => states.at(-1)).toBe('ready')
    expect((await storage.records.put(freshKey(), null, write)).outcome).toBe('written')
  })

  it('works where numbers come as strings', async () => {
    const client = connect(server.url, { stringNumbers: true })
    const storage = ioredisStorage(client)
    expect((await storage.records.put(freshKey(), null, write)).outcome).toBe('written')
    await storage.values.set('a', 'b', 60_000, Number.MAX_SAFE_INTEGER)
    expect(await storage.values.remove(['a', 'none'])).toBe(1)
    expect((await storage.verify()).filter(({ severity }) => severity === 'error')).toEqual([])
    await using holdfast = createHoldfast({ storage })
    // WAIT answers with a number, too.
    const durability = { replicas: 1, timeoutMs: 1 }
    await expect(holdfast.locks.tryAcquire('counted', { durability })).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
    })
  })

  it.for([true, false])(
    'ends what was under way when the connection broke; ioredis sends it again: %s',
    async (autoResendUnfulfilledCommands) => {
      await using proxy = await FaultProxy.start({ target: { port: server.port } })
      const client = connect(proxy.url, { retryStrategy: () => 10, autoResendUnfulfilledCommands })
      // A lease that would tell: nothing ends for lack of time.
      await using holdfast = createHoldfast({
        storage: ioredisStorage(client),
        callTimeoutMs: 60_000,
        idempotency: { leaseMs: 600_000 },
        locks: { leaseMs: 600_000 },
      })
      const losesReplyOf = (key: string) =>
        proxy.once(
          ({ name, args }) => name.startsWith('eval') && args.some((arg) => arg.includes(key)),
          'cut-reply',
        )
      const key = `resent-${autoResendUnfulfilledCommands}-${freshKey().id}`
      let lostEnd: ReturnType<typeof losesReplyOf> | undefined
      const job = await holdfast.idempotency.run('ends', key, () => {
        lostEnd = losesReplyOf(key)
        return 1
      })
      await lostEnd?.hit
      expect(job).toMatchObject({ status: 'executed', result: 1 })
      const lease = await holdfast.locks.acquire(key)
      const lost = losesReplyOf(key)
      expect(await lease.release()).toBe('released')
      await lost.hit
    },
  )

  it('that has no error listener says why there is no connection, and prints what it printed before', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    onTestFinished(() => printed.mockRestore())
    const node = await RedisNode.start()
    const client = create(node.url, { retryStrategy: () => 20 })
    onTestFinished(() => client.disconnect())
    const [holdfast, other] = [ioredisStorage(client), ioredisStorage(client)].map((storage) =>
      createHoldfast({ storage, callTimeoutMs: 500 }),
    )
    await holdfast?.health()
    await node.kill()
    await expect
      .poll(async () => await holdfast?.locks.tryAcquire('why').catch((error: unknown) => error))
      .toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
        message: expect.stringContaining('ECONNREFUSED') as string,
      })
    expect(printed).toHaveBeenCalledWith('[ioredis] Unhandled error event:', expect.any(String))
    await holdfast?.close()
    await other?.close()
    // A call that was under way then keeps the storage until its deadline.
    await expect.poll(() => client.listeners('error')).toEqual([])
  })

  it('refuses a client with keyPrefix', () => {
    const client = connect(server.url, { keyPrefix: 'app:' })
    expect(() => ioredisStorage(client)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('{ prefix }') as string,
      }),
    )
  })
})

describe('ioredis, clusters', () => {
  it('that read from replicas are refused', () => {
    const client = new Cluster([{ port: server.port }], { scaleReads: 'slave', lazyConnect: true })
    expect(() => ioredisStorage(client)).toThrow(/scaleReads/)
    const prefixed = new Cluster([{ port: server.port }], { keyPrefix: 'app:', lazyConnect: true })
    expect(() => ioredisStorage(prefixed)).toThrow(/keyPrefix/)
  })
})

it('refuses options, which createHoldfast takes', () => {
  const client = new Redis({ lazyConnect: true })
  const create = ioredisStorage as (client: Redis, options?: unknown) => unknown
  expect(() => create(client, { callTimeoutMs: 300 })).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('createHoldfast({ storage, callTimeoutMs') as string,
    }),
  )
  expect([client].map(create)).toHaveLength(1)
})

it('refuses what is no client', () => {
  expect(() => ioredisStorage({} as never)).toThrow(/new Redis/)
  expect(() => ioredisStorage(undefined as never)).toThrow(/new Redis/)
})
