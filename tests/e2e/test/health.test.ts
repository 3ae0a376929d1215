import { type Health, type HoldfastOptions, createHoldfast } from '@holdfast/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clients } from '../src/connect.ts'
import { openHoldfast, openServer } from '../src/open-server.ts'

describe.each(clients)('health over %s', (client) => {
  const open = async () => {
    const { node, holdfast } = await openHoldfast(client)
    return { node, health: () => holdfast.health() }
  }
  const toDo = ({ findings }: Health): readonly string[] =>
    findings.flatMap(({ stopsWork, fix }) => (stopsWork ? [fix] : []))

  it.each([
    {
      what: 'a replica',
      refuse: ['REPLICAOF', '127.0.0.1', 1],
      allow: ['REPLICAOF', 'NO', 'ONE'],
      fix: 'Connect to the primary',
    },
    {
      what: 'without a right to run scripts',
      refuse: ['ACL', 'SETUSER', 'default', '-@scripting'],
      allow: ['ACL', 'SETUSER', 'default', '+@all'],
      fix: '+eval +evalsha',
    },
    {
      what: 'without a right to the keys',
      refuse: ['ACL', 'SETUSER', 'default', 'resetkeys', '~other:*'],
      allow: ['ACL', 'SETUSER', 'default', 'allkeys'],
      fix: '~{holdfast:r:app:*',
    },
    {
      what: 'without a right to ask for the time',
      refuse: ['ACL', 'SETUSER', 'default', '-time'],
      allow: ['ACL', 'SETUSER', 'default', '+@all'],
      fix: '+time',
    },
    {
      what: 'full',
      refuse: ['CONFIG', 'SET', 'maxmemory', 1],
      allow: ['CONFIG', 'SET', 'maxmemory', 0],
      fix: 'Raise maxmemory',
    },
    {
      what: 'short of replicas',
      refuse: ['CONFIG', 'SET', 'min-replicas-to-write', 1],
      allow: ['CONFIG', 'SET', 'min-replicas-to-write', 0],
      fix: 'lower min-replicas-to-write',
    },
  ])('is degraded on a server that is $what, says what to do, and is up again afterwards', async (server) => {
    const { node, health } = await open()
    expect(await health()).toMatchObject({ status: 'up' })
    await node.ask(...server.refuse)
    const refused = await health()
    expect(refused).toMatchObject({ status: 'degraded', roundTripMs: expect.any(Number) as number })
    expect(toDo(refused).length).toBeGreaterThan(0)
    for (const fix of toDo(refused)) expect(fix).toContain(server.fix)
    await node.ask(...server.allow)
    expect(await health()).toMatchObject({ status: 'up' })
  })

  it('is up when only the cache, on a separate server, cannot be used, and says so', async () => {
    const [main, ofCache] = await Promise.all([openServer(client), openServer(client)])
    const cacheNode = ofCache.node
    const holdfast = createHoldfast({
      storage: main.storage,
      cacheStorage: ofCache.storage,
      callTimeoutMs: 60_000,
    })
    onTestFinished(() => holdfast.close())
    const ofTheCache = async () => {
      const { status, findings } = await holdfast.health()
      return [status, findings.filter(({ code }) => code.startsWith('CACHE_')).map(({ code }) => code)]
    }
    await expect.poll(() => ofCache.storage.connection.state).toBe('ready')
    // A cache server may evict.
    await cacheNode.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    expect(await ofTheCache()).toEqual(['up', []])
    await cacheNode.ask('REPLICAOF', '127.0.0.1', 1)
    expect(await ofTheCache()).toEqual(['up', ['CACHE_REPLICA']])
    await cacheNode.ask('REPLICAOF', 'NO', 'ONE')
    await cacheNode.ask('ACL', 'SETUSER', 'default', '-set', '-@scripting')
    expect(await ofTheCache()).toEqual(['up', ['CACHE_COMMANDS_REFUSED']])
    await cacheNode.kill()
    await expect.poll(() => ofCache.storage.connection.state).toBe('down')
    expect(await ofTheCache()).toEqual(['up', ['CACHE_UNAVAILABLE']])
  })

  it('says why a cache keeps no copies, once anything of it is near', async () => {
    const [main, ofCache] = await Promise.all([openServer(client), openServer(client)])
    for (const { node, storage } of [main, ofCache]) {
      await node.ask('ACL', 'SETUSER', 'default', '-client|tracking')
      // Each of those below would end it.
      onTestFinished(storage.retain())
    }
    const codesOf = async (options: Partial<HoldfastOptions>, near: boolean): Promise<readonly string[]> => {
      const holdfast = createHoldfast({ storage: main.storage, callTimeoutMs: 60_000, ...options })
      holdfast.cache.namespace('flags', { near })
      const { status, findings } = await holdfast.health()
      await holdfast.close()
      expect(status).toBe('up')
      return findings.map(({ code }) => code).filter((code) => code.startsWith('TRACKING_'))
    }
    await expect.poll(() => ofCache.storage.connection.state).toBe('ready')
    const apart = { cacheStorage: ofCache.storage }
    expect(await codesOf({}, true)).toEqual(['TRACKING_REFUSED'])
    expect(await codesOf(apart, true)).toEqual(['TRACKING_REFUSED'])
    expect([await codesOf({}, false), await codesOf(apart, false)]).toEqual([[], []])
  })
})
