import type { Storage } from '@holdfast/core'
import { appOf } from '@holdfast/core/storage'
import { startRedis } from '@holdfast/test-support/redis'
import { RespConnection, ask } from '@holdfast/test-support/resp'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { aclRules, redisStorage } from '../src/index.ts'
import { type Login, openPlainClient } from './plain-client.ts'

const server = await startRedis()
const admin = await RespConnection.open(server)
afterAll(async () => {
  admin.close()
  await server.stop()
})

const open = async (port: number, login?: Login): Promise<Storage> => {
  const storage = redisStorage(await openPlainClient(port, login))
  onTestFinished(() => storage.close())
  return storage
}

let users = 0
/** A storage of a user with these rights. */
const storageOf = async (...rules: string[]): Promise<Storage> => {
  const user = `user-${(users += 1)}`
  await admin.send('ACL', 'SETUSER', user, 'on', '>secret', 'resetchannels', ...rules)
  return await open(server.port, { user, password: 'secret' })
}
const codes = (findings: readonly { readonly code: string }[]): string[] =>
  findings.map(({ code }) => code).sort()
/** On a busy machine a message may take longer than `verify()` waits for it; then the test calls it again. */
const findsAtLast = async (storage: Storage, expected: readonly string[]): Promise<void> =>
  await expect.poll(async () => codes(await storage.verify())).toEqual(expected)

describe('verify()', () => {
  it('finds nothing wrong with a server that keeps what it is given', async () => {
    await admin.send('CONFIG', 'SET', 'appendonly', 'yes')
    onTestFinished(async () => void (await admin.send('CONFIG', 'SET', 'appendonly', 'no')))
    await findsAtLast(await open(server.port), [])
  })

  it('names the setting to change', async () => {
    onTestFinished(async () => {
      await admin.send('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction', 'save', '')
    })
    const storage = await open(server.port)
    await admin.send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await expect
      .poll(() => storage.verify())
      .toMatchObject([
        {
          code: 'EVICTION_POLICY',
          severity: 'warning',
          fix: expect.stringContaining('noeviction') as string,
        },
        {
          code: 'NO_PERSISTENCE',
          severity: 'warning',
          fix: expect.stringContaining('appendonly yes') as string,
        },
      ])
    await admin.send('CONFIG', 'SET', 'maxmemory', '1gb', 'save', '3600 1')
    await expect
      .poll(() => storage.verify())
      .toMatchObject([
        { code: 'EVICTION_POLICY', severity: 'error' },
        { code: 'SNAPSHOTS_ONLY', severity: 'warning' },
      ])
  })

  it('says how many keys were evicted, also when the policy is right again', async () => {
    onTestFinished(async () => {
      await admin.send('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')
      await admin.send('CONFIG', 'RESETSTAT')
    })
    const storage = await open(server.port)
    const findings = async () =>
      (await storage.verify()).filter(({ code }) => code === 'EVICTION_POLICY' || code === 'KEYS_EVICTED')
    await admin.send('CONFIG', 'RESETSTAT')
    await admin.send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const [policy] = await findings()
    expect(policy?.message).not.toContain('has evicted')
    await admin.send('SET', 'app:evicted', 'a')
    await admin.send('CONFIG', 'SET', 'maxmemory', '1')
    await expect.poll(async () => await admin.send('EXISTS', 'app:evicted')).toBe(0)
    await admin.send('CONFIG', 'SET', 'maxmemory', '0')
    const count = /has evicted \d+ keys? since it started \d+ (s|minutes|hours|days) ago, or since/
    const told = { message: expect.stringMatching(count) as string }
    expect(await findings()).toMatchObject([{ code: 'EVICTION_POLICY', ...told }])
    await admin.send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    expect(await findings()).toMatchObject([{ code: 'KEYS_EVICTED', severity: 'warning', ...told }])
    // A cache may be evicted.
    expect(codes(await storage.verify({ features: ['cache'] }))).not.toContain('KEYS_EVICTED')
    await admin.send('CONFIG', 'RESETSTAT')
    expect(await findings()).toEqual([])
  })

  it('finds that it is connected to a replica', async () => {
    await using replica = await startRedis()
    await ask(replica, 'REPLICAOF', '127.0.0.1', server.port)
    const storage = await open(replica.port)
    const findings = await storage.verify()
    expect(codes(findings)).toEqual(['NO_PERSISTENCE', 'REPLICA'])
    expect(findings.find(({ code }) => code === 'REPLICA')).toMatchObject({ stopsWork: true })
  })

  it('finds out by trying that it is connected to a replica, where INFO is refused', async () => {
    await using replica = await startRedis()
    await ask(replica, 'ACL', 'SETUSER', 'default', '-info')
    await ask(replica, 'REPLICAOF', '127.0.0.1', server.port)
    const findings = await (await open(replica.port)).verify()
    expect(codes(findings)).toEqual([
      'COMMANDS_REFUSED',
      'COMMANDS_REFUSED',
      'COMMANDS_REFUSED',
      'SERVER_NOT_SHOWN',
    ])
    expect(findings.filter(({ stopsWork }) => stopsWork)).toHaveLength(2)
    expect(findings.at(-1)?.fix).toContain('connect to the primary')
  })

  it('says what to do about a primary that has too few replicas to write', async () => {
    onTestFinished(async () => void (await admin.send('CONFIG', 'SET', 'min-replicas-to-write', '0')))
    await admin.send('CONFIG', 'SET', 'min-replicas-to-write', '1')
    const [first] = (await (await open(server.port)).verify()).filter(
      ({ code }) => code === 'COMMANDS_REFUSED',
    )
    expect(first?.fix).toContain('min-replicas-to-write')
  })

  it('needs no right that it does not name', async () => {
    await findsAtLast(await storageOf(...aclRules()), ['NO_PERSISTENCE'])
  })

  it.each(['shop', 'eu:shop', 'sh*p', '[shop]', '{shop}', 'shop%', 'sh\\op'])(
    'asks for no right beyond those of the app %s, and names these only',
    async (prefix) => {
      const app = appOf(prefix)
      const storage = await storageOf(...aclRules({ prefix }))
      await expect.poll(async () => codes(await storage.verify({ app }))).toEqual(['NO_PERSISTENCE'])
      const findings = await storage.verify({ app: 'another' })
      expect(codes(findings)).toEqual([...Array<string>(3).fill('COMMANDS_REFUSED'), 'NO_PERSISTENCE'])
      const [{ fix } = { fix: '' }] = findings.filter(({ stopsWork }) => stopsWork)
      expect(fix).toContain('~{holdfast:r:another:*')
      expect(fix).not.toContain('~{holdfast:r:*')
    },
  )

  it.each([
    ['locks', ['NO_PERSISTENCE']],
    ['idempotency', ['NO_PERSISTENCE']],
    ['cache', []],
  ] as const)('asks for no right beyond those of %s, where that is all it is for', async (feature, found) => {
    const storage = await storageOf(...aclRules({ features: [feature, 'health'] }))
    await expect.poll(async () => codes(await storage.verify({ features: [feature] }))).toEqual(found)
    const others = (['locks', 'idempotency', 'cache'] as const).filter((each) => each !== feature)
    const findings = await storage.verify({ features: others })
    expect(findings.filter(({ code }) => code === 'COMMANDS_REFUSED')).toHaveLength(2)
    // Without its channel the feature still works, and verify() says what is missing.
    const deaf = await storageOf(...aclRules({ features: [feature, 'health'] }), 'resetchannels')
    await expect
      .poll(async () => codes(await deaf.verify({ features: [feature] })))
      .toEqual([...found, 'SUBSCRIBE_REFUSED'])
  })

  it('does not judge that a cache may be evicted and forgotten', async () => {
    onTestFinished(async () => void (await admin.send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')))
    await admin.send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')
    const storage = await open(server.port)
    await expect.poll(async () => codes(await storage.verify({ features: ['cache'] }))).toEqual([])
    await findsAtLast(storage, ['EVICTION_POLICY', 'NO_PERSISTENCE'])
  })

  it('says what it could not look at, and tries the rest all the same', async () => {
    const storage = await storageOf('allcommands', 'allkeys', 'allchannels', '-info', '-config')
    await findsAtLast(storage, ['SERVER_NOT_SHOWN'])
    const half = await storageOf('allcommands', 'allkeys', 'allchannels', '-config')
    await findsAtLast(half, ['PERSISTENCE_NOT_SHOWN'])
  })

  it('finds missing rights to the commands and keys', async () => {
    const noScripts = await storageOf('allcommands', 'allkeys', 'allchannels', '-@scripting')
    const findings = await noScripts.verify()
    expect(codes(findings)).toEqual([
      'COMMANDS_REFUSED',
      'COMMANDS_REFUSED',
      'COMMANDS_REFUSED',
      'NO_PERSISTENCE',
    ])
    expect(findings.find(({ code }) => code === 'COMMANDS_REFUSED')).toMatchObject({
      stopsWork: true,
      fix: expect.stringContaining('~{holdfast:r:*') as string,
    })
    const otherKeys = await storageOf('allcommands', '~app:*', 'allchannels')
    expect(codes(await otherKeys.verify())).toEqual(codes(findings))
    const oneCommand = await storageOf('allcommands', 'allkeys', 'allchannels', '-getex')
    await findsAtLast(oneCommand, ['COMMANDS_REFUSED', 'COMMANDS_REFUSED', 'NO_PERSISTENCE'])
  })

  it('recommends more memory, not rights, on a server without memory', async () => {
    onTestFinished(async () => void (await admin.send('CONFIG', 'SET', 'maxmemory', '0')))
    await admin.send('CONFIG', 'SET', 'maxmemory', '1')
    const refused = (await (await open(server.port)).verify()).filter(
      ({ code }) => code === 'COMMANDS_REFUSED',
    )
    expect(refused.length).toBeGreaterThan(0)
    for (const { fix } of refused) {
      expect(fix).toContain('maxmemory')
      expect(fix).toContain('what runs can end')
      expect(fix).not.toContain('ACL')
    }
  })

  it('finds missing rights to publish and to subscribe', async () => {
    const silent = await storageOf('allcommands', 'allkeys', 'allchannels', '-publish')
    await findsAtLast(silent, ['NO_PERSISTENCE', 'PUBLISH_REFUSED'])
    const deaf = await storageOf('allcommands', 'allkeys', 'allchannels', '-subscribe')
    await findsAtLast(deaf, ['NO_PERSISTENCE', 'SUBSCRIBE_REFUSED'])
    for (const channels of ['&app:*', '&{holdfast:*', '&holdfast:v:*']) {
      const elsewhere = await storageOf('allcommands', 'allkeys', channels)
      await findsAtLast(elsewhere, ['NO_PERSISTENCE', 'SUBSCRIBE_REFUSED'])
    }
  })
})

describe('near', () => {
  const near = { near: true } as const
  const findsNear = async (storage: Storage, expected: readonly string[]): Promise<void> =>
    await expect.poll(async () => codes(await storage.verify(near))).toEqual(expected)

  it('is tried only when it is asked for', async () => {
    await findsAtLast(await storageOf('allcommands', 'allkeys', 'allchannels', '-client|tracking'), [
      'NO_PERSISTENCE',
    ])
    await findsNear(await open(server.port), ['NO_PERSISTENCE'])
    await findsNear(await storageOf(...aclRules()), ['NO_PERSISTENCE'])
  })

  it.each([
    ['-client|tracking', 'TRACKING_REFUSED', '+client|tracking'],
    ['-client|id', 'TRACKING_REFUSED', '+client|id'],
    ['resetchannels', 'TRACKING_CHANNEL', '&__redis__:invalidate'],
  ])('finds that the user has not %s', async (without, code, right) => {
    const storage = await storageOf('allcommands', 'allkeys', 'allchannels', without)
    const findings = await storage.verify({ near: true, features: ['cache'] })
    const finding = findings.find((each) => each.code === code)
    expect(finding).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('NOPERM') as string,
      fix: expect.stringContaining(right) as string,
    })
  })

  it('finds that reads and reports come from two servers', async () => {
    const other = await startRedis()
    onTestFinished(async () => await other.stop())
    const [reads, links] = [await openPlainClient(server.port), await openPlainClient(other.port)]
    const storage = redisStorage({ ...reads, openConnection: (events) => links.openConnection(events) })
    onTestFinished(async () => {
      await storage.close()
      links.detach()
    })
    const findings = await storage.verify({ near: true, features: ['cache'] })
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'TRACKING_UNPROVEN',
        fix: expect.stringContaining('primary') as string,
      }),
    )
  })

  it('leaves no link behind', async () => {
    const storage = await open(server.port)
    await storage.verify(near)
    const links = async () =>
      String(await admin.send('CLIENT', 'LIST', 'TYPE', 'pubsub')).match(/ flags=\w*B/)
    await expect.poll(links).toBeNull()
  })
})

describe('without the right to count subscribers', () => {
  it('verify() says what that costs, and how to grant it', async () => {
    const storage = await storageOf('allcommands', 'allkeys', 'allchannels', '-pubsub')
    await findsAtLast(storage, ['COUNT_REFUSED', 'NO_PERSISTENCE'])
    const finding = (await storage.verify()).find(({ code }) => code === 'COUNT_REFUSED')
    expect(finding).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('claimMs') as string,
      fix: expect.stringContaining('+@pubsub') as string,
    })
  })

  it('verify() checks in a cluster the count that is used there, if one is', async () => {
    const user = `user-${(users += 1)}`
    const rules = ['allcommands', 'allkeys', 'allchannels', '-pubsub']
    await admin.send('ACL', 'SETUSER', user, 'on', '>secret', ...rules)
    const client = await openPlainClient(server.port, { user, password: 'secret' })
    const never = async (): Promise<never> => await new Promise(() => undefined)
    const cluster = {
      names: () => [],
      ownerOf: () => undefined,
      masters: async () => [{ name: 'a master', send: client.send }],
      openConnectionTo: never,
    }
    const sharded = { subscribe: never, unsubscribe: never, onRestored: () => () => undefined }
    for (const [over, count] of [
      [{ ...client, cluster, sharded }, 1],
      [{ ...client, cluster }, 0],
    ] as const) {
      const findings = await redisStorage(over).verify()
      expect(findings.filter(({ code }) => code === 'COUNT_REFUSED')).toHaveLength(count)
    }
    client.detach()
  })
})

describe('without the right to publish', () => {
  it('every write works', async () => {
    const { records } = await storageOf('allcommands', 'allkeys', 'allchannels', '-publish')
    const key = { collection: 'acl', id: 'a' }
    const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: true }
    const { outcome, entry } = await records.put(key, null, write)
    expect(outcome).toBe('written')
    const next = await records.put(key, entry?.rev ?? 0, { ...write, writeId: 'x', value: 'w' })
    expect(next).toMatchObject({ outcome: 'written', entry: { value: 'w' } })
    const { outcome: deletion } = await records.compareAndDelete(key, { rev: next.entry?.rev ?? 0 })
    expect(deletion).toBe('deleted')
  })
})
