/** Each template of examples/operations starts a server as it is, and Holdfast has nothing to say against that. */
import { type Health, type Storage, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { type RightsOptions, aclRules } from '@holdfast/redis-protocol'
import { RespConnection } from '@holdfast/test-support/resp'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startTemplate, templateOf } from '../../src/operations/templates.ts'

interface Login {
  readonly username: string
  readonly password: string
}
const holdfastUser: Login = { username: 'holdfast', password: 'change-me' }
const cacheUser: Login = { username: 'holdfast-cache', password: 'change-me' }

function overIoredis(port: number, login?: Login): Storage {
  const client = new Redis({ port, ...login })
  client.on('error', () => {})
  const storage = ioredisStorage(client)
  onTestFinished(async () => await storage.close().then(() => client.disconnect()))
  return storage
}

async function overNodeRedis(port: number, login?: Login): Promise<Storage> {
  const client = createClient({ socket: { port }, ...login })
  client.on('error', () => {})
  await client.connect()
  const storage = nodeRedisStorage(client)
  onTestFinished(async () => await storage.close().then(() => client.destroy()))
  return storage
}

/** On a busy machine a message may take longer than `health()` waits for it. */
async function findsNothing(health: () => Promise<Health>): Promise<void> {
  await expect.poll(health).toMatchObject({ status: 'up', findings: [] })
}

describe.each([
  ['redis-development.conf', undefined],
  ['redis-production.conf', holdfastUser],
])('%s', (template, login) => {
  it('leaves health() nothing to find, over both clients', async () => {
    await using server = await startTemplate([template])
    for (const storage of [overIoredis(server.port, login), await overNodeRedis(server.port, login)]) {
      await using holdfast = createHoldfast({ storage })
      await findsNothing(() => holdfast.health())
    }
  })
})

describe('redis-production.conf', () => {
  it('lets no client in without one of its users', async () => {
    await using server = await startTemplate(['redis-production.conf'])
    using connection = await RespConnection.open(server)
    await expect(connection.send('PING')).rejects.toThrow('NOAUTH')
    await connection.send('AUTH', 'holdfast', 'change-me')
    for (const command of ['FLUSHALL', 'FLUSHDB', 'SWAPDB 0 1', 'KEYS *', 'CONFIG SET maxmemory 1']) {
      await expect(connection.send(...command.split(' ')), command).rejects.toThrow('NOPERM')
    }
  })

  it('keeps completed jobs over a restart, but no CONFIG SET without a CONFIG REWRITE', async () => {
    await using server = await startTemplate(['redis-production.conf'])
    const memory = async () => ((await server.ask('CONFIG', 'GET', 'maxmemory')) as string[])[1]
    const storage = overIoredis(server.port, holdfastUser)
    await using holdfast = createHoldfast({ storage, callTimeoutMs: 60_000 })
    const once = async () => await holdfast.idempotency.run('invoice', '7', () => 'made')
    expect(await once()).toMatchObject({ status: 'executed', result: 'made' })

    await server.ask('CONFIG', 'SET', 'maxmemory', '3gb')
    await server.restart()
    expect(await memory()).toBe(String(2 * 1024 ** 3))
    await server.ask('CONFIG', 'SET', 'maxmemory', '3gb')
    await server.ask('CONFIG', 'REWRITE')
    await server.restart()
    expect(await memory()).toBe(String(3 * 1024 ** 3))

    expect(await once()).toMatchObject({ status: 'replayed', result: 'made' })
    await findsNothing(() => holdfast.health())
  })
})

describe('redis-cache.conf', () => {
  it('is a cacheStorage that may evict and forget, and that has no rights to anything else', async () => {
    await using server = await startTemplate(['redis-production.conf'])
    await using evictable = await startTemplate(['redis-cache.conf'])
    const storage = overIoredis(server.port, holdfastUser)
    const cacheStorage = await overNodeRedis(evictable.port, cacheUser)
    await using holdfast = createHoldfast({ storage, cacheStorage })
    await findsNothing(() => holdfast.health())
    expect(await holdfast.cache.getOrCreate('price', () => 19.9)).toBe(19.9)
    expect(await holdfast.cache.get('price')).toBe(19.9)

    await using wrong = createHoldfast({ storage: cacheStorage })
    const refused = { code: 'STORAGE_REFUSED' }
    await expect(wrong.locks.acquire('stock')).rejects.toMatchObject(refused)
    await expect(wrong.idempotency.run('invoice', '7', () => 'made')).rejects.toMatchObject(refused)
  })
})

it.each<[string, string, RightsOptions]>([
  ['redis-production.conf', 'holdfast', {}],
  ['redis-cache.conf', 'holdfast-cache', { features: ['cache'] }],
])('%s gives %s the rights of aclRules()', (template, user, options) => {
  const line = new RegExp(`^user ${user} .*$`, 'm').exec(templateOf(template))?.[0]
  expect(line).toBe(`user ${user} on >change-me ${aclRules(options).join(' ')}`)
})
