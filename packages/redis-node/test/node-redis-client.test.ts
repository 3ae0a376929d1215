import { createHoldfast } from '@holdfast/core'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { RedisCluster, RedisNode } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { RESP_TYPES, createClient, createClientPool, createCluster } from 'redis'
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5'
import { EventEmitter, errorMonitor } from 'node:events'
import { Socket } from 'node:net'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type NodeRedisSingle, nodeRedisClient, nodeRedisStorage } from '../src/index.ts'

const server = await startRedis()
afterAll(async () => await server.stop())

const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: false }
let keys = 0
const freshKey = () => ({ collection: 'node-redis', id: `${(keys += 1)}` })

interface Options {
  readonly url: string
  readonly socket?: { readonly reconnectStrategy: number }
}

const versions: Readonly<
  Record<
    string,
    (
      options: Options,
    ) => NodeRedisSingle & Record<'connect' | 'close', () => Promise<unknown>> & { destroy(): unknown }
  >
> = {
  'redis 6': (options) => createClient(options),
  'redis 5': (options) => createClient5(options),
}

describe.for(Object.entries(versions))('%s', ([version, create]) => {
  const connect = async (options: Options) => {
    const client = create(options)
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => {
      if (client.isOpen) client.destroy()
    })
    return client
  }

  it('has one listener of each kind on its client, however many storages use it', async () => {
    const client = await connect({ url: server.url })
    const emitter = client as unknown as EventEmitter
    const listeners = (): number[] => emitter.eventNames().map((name) => emitter.listenerCount(name))
    const before = listeners()
    const storages = Array.from({ length: 12 }, () => nodeRedisStorage(client))
    await Promise.all(storages.map((storage) => storage.time()))
    expect(Math.max(...listeners())).toBeLessThanOrEqual(2)
    const [last, ...others] = storages
    await Promise.all(others.map((storage) => storage.close()))
    expect(emitter.listenerCount(errorMonitor)).toBe(2)
    await last?.close()
    expect(listeners()).toEqual(before)
  })

  it('sends the commands of one tick in one write', async () => {
    const { values } = nodeRedisStorage(await connect({ url: server.url }))
    await values.getMany(['a'])
    const single = vi.spyOn(Socket.prototype, '_write')
    const joined = vi.spyOn(Socket.prototype, '_writev')
    onTestFinished(() => void vi.restoreAllMocks())
    await Promise.all(Array.from({ length: 100 }, async (_, i) => await values.getMany([`${i}`])))
    expect(single.mock.calls.length + joined.mock.calls.length).toBe(1)
  })

  it('says at once that a client is not connected', async () => {
    const client = create({ url: server.url })
    client.on('error', () => {})
    const holdfast = createHoldfast({ storage: nodeRedisStorage(client) })
    const start = () => holdfast.idempotency.run('unconnected', 'a', () => 1)
    await expect(start()).rejects.toMatchObject({
      code: 'CLIENT_NOT_CONNECTED',
      message: expect.stringContaining('client.connect()') as string,
    })
    await client.connect()
    expect((await start()).result).toBe(1)
    await holdfast.close()
    await client.close()
    await expect(holdfast.idempotency.run('closed', 'a', () => 1)).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('reports why it has no connection', async () => {
    const node = await RedisNode.start()
    onTestFinished(async () => await node.kill())
    const storage = nodeRedisStorage(await connect({ url: node.url, socket: { reconnectStrategy: 20 } }))
    const holdfast = createHoldfast({ storage, callTimeoutMs: 500 })
    expect(storage.connection.lastError).toBe(undefined)
    await node.kill()
    await expect
      .poll(async () => await holdfast.idempotency.run('why', version, () => 1).catch((e: Error) => e.cause))
      .toMatchObject({ message: expect.stringContaining('ECONNREFUSED') as string })
    await holdfast.close()
  })

  it('starts a job once when core resends a command whose reply was lost', async () => {
    await using proxy = await FaultProxy.start({ target: { port: server.port } })
    const client = await connect({ url: proxy.url, socket: { reconnectStrategy: 10 } })
    const holdfast = createHoldfast({ storage: nodeRedisStorage(client), callTimeoutMs: 60_000 })
    const lost = proxy.once(
      ({ name, args }) => name.startsWith('eval') && args.some((arg) => arg.includes('re-sent')),
      'cut-reply',
    )
    let runs = 0
    const { status } = await holdfast.idempotency.run('re-sent', version, () => (runs += 1))
    await lost.hit
    expect([status, runs]).toEqual(['executed', 1])
    await holdfast.close()
  })

  it('reports which calls may have been executed when the server is gone', async () => {
    const node = await RedisNode.start()
    onTestFinished(async () => await node.kill())
    const storage = nodeRedisStorage(await connect({ url: node.url, socket: { reconnectStrategy: 20 } }))
    await storage.time()
    node.pause()
    const sent = storage.records.put(freshKey(), null, write)
    sent.catch(() => {})
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
    await node.kill()
    await expect(sent).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
    expect(storage.connection.state).toBe('down')
    const states: string[] = []
    storage.connection.onChange((state) => states.push(state))
    await node.restart()
    await expect.poll(() => states.at(-1)).toBe('ready')
    expect((await storage.records.put(freshKey(), null, write)).outcome).toBe('written')
  })

  it('leaves a client in step that loses its connection before it has written', async () => {
    await using proxy = await FaultProxy.start({ target: { port: server.port } })
    const client = await connect({ url: proxy.url, socket: { reconnectStrategy: 10 } })
    const storage = nodeRedisStorage(client)
    const { records } = storage
    await records.put(freshKey(), null, write)
    const lost = new Promise((resolve) => client.on('reconnecting', resolve))
    // In one turn of the event loop: timers run first, then the reset is read, and then the client writes.
    const sent = await new Promise<Promise<unknown>[]>((resolve) =>
      setTimeout(() => {
        proxy.reset()
        resolve(Array.from({ length: 3 }, () => records.put(freshKey(), null, write)))
      }),
    )
    const outcomes = await Promise.allSettled(sent)
    await lost
    expect(outcomes).toEqual(
      outcomes.map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }) as Error,
      })),
    )
    await expect.poll(() => storage.connection.state).toBe('ready')
    const values = ['a', 'b', 'c']
    const answers = values.map((value) => records.put(freshKey(), null, { ...write, value }))
    expect((await Promise.all(answers)).map(({ entry }) => entry?.value)).toEqual(values)
  })

  it('reports why a separate connection broke in the handshake', async () => {
    await using proxy = await FaultProxy.start({ target: { port: server.port } })
    const client = nodeRedisClient(await connect({ url: proxy.url }))
    const lost = vi.fn()
    proxy.every(({ name }) => name === 'hello' || name === 'client', 'cut-request')
    await expect(client.openConnection({ message() {}, lost })).rejects.toThrow('Socket closed unexpectedly')
    expect([lost.mock.calls.length, proxy.connections]).toEqual([0, 1])
    client.detach()
  })

  it('refuses a client without error listener, which would end the process', () => {
    expect(() => nodeRedisStorage(create({ url: server.url }))).toThrow(/client\.on\('error'/)
  })
})

it('gets plain replies from a client that maps them to Buffers', async () => {
  const client = createClient({
    url: server.url,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer } },
  })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  const { records, values } = nodeRedisStorage(client)
  const key = freshKey()
  expect((await records.put(key, null, write)).outcome).toBe('written')
  expect((await records.list(key.collection, { limit: 500 })).records.map(({ id }) => id)).toContain(key.id)
  await values.set('mapped', 'v', 60_000, Number.MAX_SAFE_INTEGER)
  const [text] = await values.getMany(['mapped'])
  expect(text?.slice(13)).toBe('v')
  const [bytes] = await values.getManyBytes(['mapped'])
  expect(bytes).toEqual(Buffer.from(text ?? ''))
})

describe('refuses', () => {
  it('a client with keyPrefix', () => {
    const client = createClient({ url: server.url, keyPrefix: 'app:' })
    client.on('error', () => {})
    expect(() => nodeRedisStorage(client)).toThrow(/keyPrefix.*\{ prefix \}/)
  })

  it('a cluster of version 5', () => {
    const client = createCluster5({ rootNodes: [{ url: server.url }] })
    client.on('error', () => {})
    // @ts-expect-error It lacks the property that shows whether it is ready.
    expect(() => nodeRedisStorage(client)).toThrow(/redis 6\.2/)
  })

  it('a pool without error listener', () => {
    expect(() => nodeRedisStorage(createClientPool({ url: server.url }))).toThrow(/'error' listener/)
  })

  it('a client of ioredis, with any listeners', () => {
    const client = new Redis(server.url, { lazyConnect: true })
    for (const prepare of [() => {}, () => client.on('error', () => {})]) {
      prepare()
      expect(() => nodeRedisStorage(client as never)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('ioredisStorage(client)') as string,
        }),
      )
    }
  })

  it('options, which createHoldfast takes', () => {
    const client = createClient({ url: server.url })
    client.on('error', () => {})
    const create = nodeRedisStorage as (client: unknown, options?: unknown) => unknown
    expect(() => create(client, { callTimeoutMs: 300 })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('createHoldfast({ storage, callTimeoutMs') as string,
      }),
    )
    expect([client].map(create)).toHaveLength(1)
  })

  it('a value that is not a client', () => {
    expect(() => nodeRedisStorage({} as never)).toThrow(/createClient/)
    expect(() => nodeRedisStorage(undefined as never)).toThrow(/createClient/)
  })
})

describe('a connection to the master of a sentinel client', () => {
  const [here, elsewhere] = [
    { host: '127.0.0.1', port: server.port },
    { host: '127.0.0.1', port: 1 },
  ]
  const connect = async (afterTask: () => void = () => {}) => {
    const master = createClient({ url: server.url })
    await master.on('error', () => {}).connect()
    onTestFinished(() => master.destroy())
    const sentinel = Object.assign(new EventEmitter(), {
      isOpen: true,
      isReady: true,
      sendCommand: async () => null,
      getMasterNode: () => at,
      async _execute<T>(_: boolean, task: (connected: NodeRedisSingle) => Promise<T>): Promise<T> {
        const result = await task(master)
        afterTask()
        return result
      },
    })
    return sentinel.on('error', () => {})
  }
  let at = here

  it('is lost with that master, and only with it', async () => {
    at = here
    const sentinel = await connect()
    const lost = vi.fn()
    await nodeRedisClient(sentinel).openConnection({ message() {}, lost })
    sentinel.emit('topology-change', { type: 'MASTER_CHANGE', node: here })
    sentinel.emit('topology-change', { type: 'REPLICA_ADD', node: elsewhere })
    expect(lost).not.toHaveBeenCalled()
    sentinel.emit('topology-change', { type: 'MASTER_CHANGE', node: elsewhere })
    expect([lost.mock.calls.length, sentinel.listenerCount('topology-change')]).toEqual([1, 0])
  })

  it('is not opened when another master took over meanwhile', async () => {
    at = here
    const sentinel = await connect(() => (at = elsewhere))
    const opening = nodeRedisClient(sentinel).openConnection({ message() {}, lost() {} })
    await expect(opening).rejects.toThrow('The client is offline')
    expect(sentinel.listenerCount('topology-change')).toBe(0)
  })
})

describe('a cluster', () => {
  it('sends nothing to a master that is not connected', async () => {
    const servers = await RedisCluster.start()
    onTestFinished(async () => await servers.stop())
    const client = createCluster({ rootNodes: servers.seeds.map((socket) => ({ socket })) })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const { values } = nodeRedisStorage(client)
    await values.set('key', 'v', 60_000, Number.MAX_SAFE_INTEGER)
    const owner = await servers.ownerOf('holdfast:v:key')
    await owner.kill()
    await expect
      .poll(async () => await values.getMany(['key']).catch((error: Error) => error.message))
      .toContain('not connected')
    await owner.restart()
    await expect.poll(async () => await values.getMany(['key']).catch(() => 'down')).toEqual([null])
  })
})
