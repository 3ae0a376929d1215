import { startRedis } from '@holdfast/testbed/redis'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

const server = await startRedis()
const admin = new Redis(server.url)
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

let users = 0
/** A storage of a user with these rights. */
const storageOf = async (...rules: string[]) => {
  const user = `user-${(users += 1)}`
  await admin.call('ACL', ['SETUSER', user, 'on', '>secret', 'resetchannels', ...rules])
  // The ready check of ioredis uses INFO, which some of these users may not.
  const client = new Redis(server.url, { username: user, password: 'secret', enableReadyCheck: false })
  client.on('error', () => {})
  const storage = ioredisStorage(client)
  onTestFinished(async () => {
    await storage.close()
    client.disconnect()
  })
  return storage
}
const codes = (findings: readonly { readonly code: string }[]): string[] =>
  findings.map(({ code }) => code).sort()

describe('verify()', () => {
  it('finds nothing wrong with a server that keeps what it is given', async () => {
    await admin.config('SET', 'appendonly', 'yes')
    onTestFinished(async () => void (await admin.config('SET', 'appendonly', 'no')))
    expect(await ioredisStorage(admin).verify()).toEqual([])
  })

  it('names the setting to change', async () => {
    onTestFinished(async () => {
      await admin.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction', 'save', '')
    })
    const storage = ioredisStorage(admin)
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    expect(await storage.verify()).toMatchObject([
      { code: 'EVICTION_POLICY', severity: 'warning', fix: expect.stringContaining('noeviction') as string },
      {
        code: 'NO_PERSISTENCE',
        severity: 'warning',
        fix: expect.stringContaining('appendonly yes') as string,
      },
    ])
    await admin.config('SET', 'maxmemory', '1gb', 'save', '3600 1')
    expect(await storage.verify()).toMatchObject([
      { code: 'EVICTION_POLICY', severity: 'error' },
      { code: 'SNAPSHOTS_ONLY', severity: 'warning' },
    ])
  })

  it('finds that it is connected to a replica', async () => {
    await using replica = await startRedis()
    const client = new Redis(replica.url)
    onTestFinished(() => client.disconnect())
    await client.call('REPLICAOF', ['127.0.0.1', server.port])
    expect(codes(await ioredisStorage(client).verify())).toEqual(['NO_PERSISTENCE', 'REPLICA'])
  })

  it('asks for no right that it does not name', async () => {
    const rights = ['+@scripting', '+@read', '+@write', '+@connection', '+time', '+@pubsub']
    const storage = await storageOf(
      ...rights,
      '+info',
      '+config|get',
      '~holdfast:*',
      '~{holdfast:*',
      '&{holdfast:*',
    )
    expect(codes(await storage.verify())).toEqual(['NO_PERSISTENCE'])
  })

  it('says what it could not look at, and tries the rest all the same', async () => {
    const storage = await storageOf('allcommands', 'allkeys', 'allchannels', '-info', '-config')
    expect(codes(await storage.verify())).toEqual(['SERVER_NOT_SHOWN'])
    const half = await storageOf('allcommands', 'allkeys', 'allchannels', '-config')
    expect(codes(await half.verify())).toEqual(['PERSISTENCE_NOT_SHOWN'])
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
    expect(findings.find(({ code }) => code === 'COMMANDS_REFUSED')?.fix).toContain('~{holdfast:*')
    const otherKeys = await storageOf('allcommands', '~app:*', 'allchannels')
    expect(codes(await otherKeys.verify())).toEqual(codes(findings))
    const oneCommand = await storageOf('allcommands', 'allkeys', 'allchannels', '-getex')
    expect(codes(await oneCommand.verify())).toEqual([
      'COMMANDS_REFUSED',
      'COMMANDS_REFUSED',
      'NO_PERSISTENCE',
    ])
  })

  it('asks for memory, not for rights, where memory is what lacks', async () => {
    onTestFinished(async () => void (await admin.config('SET', 'maxmemory', '0')))
    await admin.config('SET', 'maxmemory', '1')
    const refused = (await ioredisStorage(admin).verify()).filter(({ code }) => code === 'COMMANDS_REFUSED')
    expect(refused.length).toBeGreaterThan(0)
    for (const { fix } of refused) {
      expect(fix).toContain('maxmemory')
      expect(fix).not.toContain('ACL')
    }
  })

  it('finds missing rights to publish and to subscribe', async () => {
    const silent = await storageOf('allcommands', 'allkeys', 'allchannels', '-publish')
    expect(codes(await silent.verify())).toEqual(['NO_PERSISTENCE', 'PUBLISH_REFUSED'])
    const deaf = await storageOf('allcommands', 'allkeys', 'allchannels', '-subscribe')
    expect(codes(await deaf.verify())).toEqual(['NO_PERSISTENCE', 'SUBSCRIBE_REFUSED'])
    const elsewhere = await storageOf('allcommands', 'allkeys', '&app:*')
    expect(codes(await elsewhere.verify())).toEqual(['NO_PERSISTENCE', 'SUBSCRIBE_REFUSED'])
  })
})

describe('without the right to publish', () => {
  it('every write works', async () => {
    const { records } = await storageOf('allcommands', 'allkeys', 'allchannels', '-publish')
    const key = { collection: 'acl', id: 'a' }
    const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: true }
    const { created, entry } = await records.createOrRead(key, write)
    expect(created).toBe(true)
    const next = await records.compareAndSet(key, entry?.rev ?? 0, { ...write, writeId: 'x', value: 'w' })
    expect(next).toMatchObject({ ok: true, entry: { value: 'w' } })
    expect(await records.compareAndDelete(key, { rev: next.entry?.rev ?? 0 })).toMatchObject({ ok: true })
  })
})
