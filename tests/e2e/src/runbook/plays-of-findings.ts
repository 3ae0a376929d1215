import type { Holdfast } from '@holdfast/core'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { type FindingCode, type RedisClient, aclRules, redisStorage } from '@holdfast/redis-protocol'
import { RedisNode } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { type Play, type Stage, becomes } from './stage.ts'

/** What health() finds, but for that the server of the tests writes nothing to disk. */
async function found({ health }: Holdfast): Promise<readonly string[]> {
  const { findings } = await health()
  return findings.map(({ code }) => code).filter((code) => code !== 'NO_PERSISTENCE')
}

export async function finds(holdfast: Holdfast, ...codes: readonly string[]): Promise<void> {
  // On a busy machine a message may take longer than verify() waits for it.
  await becomes(async () => {
    const now = new Set(await found(holdfast))
    return now.size === codes.length && codes.every((code) => now.has(code))
  })
}

/** Has Redis do what the line `acl` prints: the user keeps the password that it has. */
async function runAcl(stage: Stage): Promise<void> {
  const printed = (await stage.run('cli acl')).trim()
  expect(printed).not.toContain('>')
  await stage.node.ask(...printed.split(' '))
}

/** The user of the app has all rights but these; `acl` prints the line that gives it what it needs. */
async function playRights(
  stage: Stage,
  code: FindingCode,
  without: readonly string[],
  look: () => Promise<void>,
): Promise<void> {
  const login = { username: 'holdfast', password: 'secret' }
  const grant = async (...rules: readonly string[]) =>
    await stage.node.ask('ACL', 'SETUSER', login.username, 'on', `>${login.password}`, ...rules)
  await grant('allcommands', 'allkeys', 'allchannels', ...without)
  await stage.node.ask('ACL', 'LOG', 'RESET')
  const holdfast = stage.open('web-1', { storage: stage.storage(login) })
  await finds(holdfast, code)
  stage.loginOfOperator = login
  await look()
  await runAcl(stage)
  await finds(holdfast)
}

/** The same for rights that only a cache with `near` needs. */
async function playTracking(
  stage: Stage,
  code: FindingCode,
  without: readonly string[],
  look: () => Promise<void>,
): Promise<void> {
  const login = { username: 'holdfast', password: 'secret' }
  const rules = ['on', `>${login.password}`, 'allcommands', 'allkeys', 'allchannels', ...without]
  await stage.node.ask('ACL', 'SETUSER', login.username, ...rules)
  await stage.node.ask('ACL', 'LOG', 'RESET')
  const storage = stage.storage(login)
  const codes = async () =>
    (await storage.verify({ app: 'shop', features: ['cache'], near: true })).map((each) => each.code)
  await becomes(async () => (await codes()).join() === code)
  stage.loginOfOperator = login
  expect(await stage.run('cli doctor')).toContain(code)
  await look()
  await runAcl(stage)
  await becomes(async () => (await codes()).length === 0)
}

/** The storage of a client whose answers are changed on their way. */
function changed(stage: Stage, change: (command: readonly unknown[], reply: unknown) => unknown): Holdfast {
  const redis = new Redis({ port: stage.node.port })
  redis.on('error', () => {})
  stage.atEnd(() => redis.disconnect())
  const client = ioredisClient(redis)
  const send: typeof client.send = async (command) => change(command, await client.send(command))
  return stage.open('web-1', { storage: redisStorage({ ...client, send }) })
}

export const PLAYS_OF_FINDINGS: Readonly<Record<FindingCode, Play>> = {
  async COMMANDS_REFUSED(stage) {
    await playRights(stage, 'COMMANDS_REFUSED', ['-@scripting'], async () => {
      expect(await stage.run('doctor')).toContain('COMMANDS_REFUSED')
      expect(await stage.run('ACL LOG')).toMatch(/^holdfast$/m)
      expect(await stage.run('INFO memory')).toContain('maxmemory_policy:noeviction')
    })
    const holdfast = stage.open('web-2')
    await stage.node.ask('CONFIG', 'SET', 'min-replicas-to-write', 1)
    const { findings } = await holdfast.health()
    await stage.node.ask('CONFIG', 'SET', 'min-replicas-to-write', 0)
    expect(findings.find(({ code }) => code === 'COMMANDS_REFUSED')?.fix).toContain('min-replicas-to-write')
    await finds(holdfast)
  },
  async REPLICA(stage) {
    const holdfast = stage.open()
    await finds(holdfast)
    await stage.node.ask('REPLICAOF', '127.0.0.1', 1)
    await finds(holdfast, 'REPLICA')
    expect(await stage.run('doctor')).toContain('REPLICA')
    expect(await stage.run('ROLE')).toMatch(/^slave\n127\.0\.0\.1\n1/)
    await stage.node.ask('REPLICAOF', 'NO', 'ONE')
    await finds(holdfast)
  },
  async EVICTION_POLICY(stage) {
    const holdfast = stage.open()
    await stage.node.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await finds(holdfast, 'EVICTION_POLICY')
    expect(await stage.run('CONFIG GET')).toBe('maxmemory-policy\nallkeys-lru')
    expect(await stage.run('evicted_keys')).toMatch(/^evicted_keys:0/)
    await stage.run('CONFIG SET')
    await finds(holdfast)
  },
  async KEYS_EVICTED(stage) {
    const holdfast = stage.open()
    await stage.node.ask('SET', 'evicted', 'a')
    await stage.node.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await stage.node.ask('CONFIG', 'SET', 'maxmemory', 1)
    await becomes(async () => (await stage.node.ask('EXISTS', 'evicted')) === 0)
    await stage.node.ask('CONFIG', 'SET', 'maxmemory', 0)
    await stage.node.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await finds(holdfast, 'KEYS_EVICTED')
    expect(await stage.run('doctor')).toMatch(/has evicted \d+ keys? since/)
    expect(await stage.run('evicted_keys')).toMatch(/^evicted_keys:[1-9]/)
    expect(await stage.run('CONFIG GET')).toBe('maxmemory-policy\nnoeviction')
    await stage.run('RESETSTAT')
    await finds(holdfast)
  },
  async SERVER_TOO_OLD(stage) {
    expect(await stage.run('INFO server')).toMatch(/^redis_version:\d/m)
    let version = '6.0.16'
    const holdfast = changed(stage, ([name], reply) =>
      name === 'INFO' ? String(reply).replace(/^redis_version:.*$/m, `redis_version:${version}`) : reply,
    )
    await finds(holdfast, 'SERVER_TOO_OLD')
    version = '6.2.0'
    await finds(holdfast)
  },
  async CLOCK_DIFFERENCE(stage) {
    const [seconds] = (await stage.run('redis-cli TIME')).split('\n')
    expect(Math.abs(Number(seconds) - Number(await stage.run('date')))).toBeLessThan(60)
    let ahead = 3_600
    const holdfast = changed(stage, ([name], reply) =>
      name === 'TIME' ? [String(Number((reply as string[])[0]) + ahead), '0'] : reply,
    )
    await finds(holdfast, 'CLOCK_DIFFERENCE')
    ahead = 0
    await finds(holdfast)
  },
  async MASTERS_CLOCK_DIFFERENCE(stage) {
    expect(await stage.run('TIME')).toMatch(/^\d{10}\n\d+$/)
    const redis = new Redis({ port: stage.node.port })
    redis.on('error', () => {})
    stage.atEnd(() => redis.disconnect())
    const client = ioredisClient(redis)
    let ahead = 3
    const send: typeof client.send = async (command) => {
      const reply = await client.send(command)
      if (command[0] !== 'TIME') return reply
      return [String(Number((reply as string[])[0]) + ahead), (reply as string[])[1]]
    }
    const cluster = {
      names: () => ['a', 'b'],
      ownerOf: () => undefined,
      masters: async () => [
        { name: 'a', send: client.send },
        { name: 'b', send },
      ],
      openConnectionTo: async () => await new Promise<never>(() => undefined),
    }
    const holdfast = stage.open('web-1', { storage: redisStorage({ ...client, cluster }) })
    await finds(holdfast, 'MASTERS_CLOCK_DIFFERENCE')
    ahead = 0
    await finds(holdfast)
  },
  async NO_PERSISTENCE(stage) {
    const { health } = stage.open()
    const codes = async () => (await health()).findings.map(({ code }) => code)
    await becomes(async () => (await codes()).join() === 'NO_PERSISTENCE')
    expect(await stage.run('CONFIG GET')).toBe('appendonly\nno')
    await stage.run('CONFIG SET')
    expect(await stage.run('INFO persistence')).toContain('aof_enabled:1')
    await becomes(async () => (await codes()).join() === '')
  },
  async SNAPSHOTS_ONLY(stage) {
    const holdfast = stage.open()
    await stage.node.ask('CONFIG', 'SET', 'save', '3600 1')
    await finds(holdfast, 'SNAPSHOTS_ONLY')
    expect(await stage.run('CONFIG GET')).toBe('save\n3600 1')
    expect(await stage.run('LASTSAVE')).toMatch(/^\d{10}$/)
    await stage.run('CONFIG SET')
    await finds(holdfast)
  },
  async PERSISTENCE_NOT_SHOWN(stage) {
    const login = { username: 'holdfast', password: 'secret' }
    const rules = aclRules({ features: ['locks', 'idempotency', 'cache'] })
    await stage.node.ask('ACL', 'SETUSER', 'holdfast', 'on', '>secret', ...rules)
    const { health } = stage.open('web-1', { storage: stage.storage(login) })
    const codes = async () => (await health()).findings.map(({ code }) => code)
    await becomes(async () => (await codes()).join() === 'PERSISTENCE_NOT_SHOWN')
    expect(await stage.run('INFO persistence')).toContain('aof_enabled:0')
    await runAcl(stage)
    await becomes(async () => (await codes()).join() === 'NO_PERSISTENCE')
  },
  async SERVER_NOT_SHOWN(stage) {
    await playRights(stage, 'SERVER_NOT_SHOWN', ['-info'], async () => {
      expect(await stage.run('INFO server')).toMatch(/^redis_version:\d/m)
    })
  },
  async SUBSCRIBE_REFUSED(stage) {
    await playRights(stage, 'SUBSCRIBE_REFUSED', ['resetchannels'], async () => {
      expect(await stage.run('ACL LOG')).toMatch(/^channel$/m)
      expect(await stage.run('PUBSUB CHANNELS')).toBe('')
    })
  },
  async PUBLISH_REFUSED(stage) {
    await playRights(stage, 'PUBLISH_REFUSED', ['-publish'], async () => {
      expect(await stage.run('ACL LOG')).toMatch(/^publish$/m)
    })
  },
  async COUNT_REFUSED(stage) {
    await playRights(stage, 'COUNT_REFUSED', ['-pubsub'], async () => {
      expect(await stage.run('ACL LOG')).toMatch(/^pubsub/m)
    })
  },
  async TRACKING_REFUSED(stage) {
    await playTracking(stage, 'TRACKING_REFUSED', ['-client|tracking'], async () => {
      expect(await stage.run('ACL LOG')).toMatch(/^client\|tracking$/m)
    })
  },
  async TRACKING_CHANNEL(stage) {
    await playTracking(stage, 'TRACKING_CHANNEL', ['resetchannels', '&holdfast:*'], async () => {
      expect(await stage.run('ACL LOG')).toMatch(/^__redis__:invalidate$/m)
    })
  },
  async TRACKING_UNPROVEN(stage) {
    const other = await RedisNode.start()
    stage.atEnd(() => other.stop())
    const [redis, elsewhere] = [stage.node, other].map(({ port }) => {
      const each = new Redis({ port })
      each.on('error', () => {})
      stage.atEnd(() => each.disconnect())
      return ioredisClient(each)
    }) as [RedisClient, RedisClient]
    let links = elsewhere
    const storage = redisStorage({ ...redis, openConnection: (events) => links.openConnection(events) })
    stage.atEnd(() => storage.close())
    const codes = async () =>
      (await storage.verify({ features: ['cache'], near: true })).map(({ code }) => code)
    await becomes(async () => (await codes()).includes('TRACKING_UNPROVEN'))
    expect(await stage.run('INFO server')).toContain('run_id:')
    expect(await stage.run('INFO replication')).toContain('role:master')
    links = redis
    await becomes(async () => !(await codes()).includes('TRACKING_UNPROVEN'))
  },
}
