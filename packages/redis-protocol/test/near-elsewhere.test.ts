/** What others met with near copies that a server's reports keep honest, and this protocol is built against. */
import { createCache } from '@holdfast/core'
import { Followed } from '@holdfast/core/testing'
import { RedisNode, until } from '@holdfast/test-support/servers'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { openLink } from '../src/invalidations/open-link.ts'
import { aclRules, redisStorage } from '../src/index.ts'
import { openPlainClient } from './plain-client.ts'

const server = await RedisNode.start()
afterAll(async () => await server.stop())

async function follow(node: RedisNode) {
  const storage = redisStorage(await openPlainClient(node.port))
  const followed = new Followed(storage.values, 'app:', 30_000)
  onTestFinished(async () => {
    followed.stop()
    await storage.close()
  })
  await followed.up()
  return followed
}

// redisson#3277, FusionCache#180: a bus hears of nothing that another program does.
it.each([
  ['a DEL', [['DEL', 'holdfast:v:app:k']]],
  ['an UNLINK', [['UNLINK', 'holdfast:v:app:k']]],
  ['an EXPIRE', [['PEXPIRE', 'holdfast:v:app:k', '100000']]],
  ['a RENAME', [['RENAME', 'holdfast:v:app:k', 'elsewhere']]],
  ['a transaction', [['MULTI'], ['SET', 'other', '1'], ['DEL', 'holdfast:v:app:k'], ['EXEC']]],
] as const)('%s of another program is reported', async (_, commands) => {
  const followed = await follow(server)
  await server.ask('SET', 'holdfast:v:app:k', '1')
  await followed.invalidated('app:k')
  const told = followed.times('app:k')
  const program = await openPlainClient(server.port)
  onTestFinished(() => program.detach())
  for (const command of commands) await program.send(command)
  await followed.invalidated('app:k', told + 1)
})

it('what a server evicts is reported', async () => {
  const full = await RedisNode.start({ args: ['--maxmemory-policy', 'allkeys-random'] })
  onTestFinished(async () => await full.stop())
  const followed = await follow(full)
  await full.ask('SET', 'holdfast:v:app:k', 'x'.repeat(100_000))
  await followed.invalidated('app:k')
  const told = followed.times('app:k')
  await full.ask('CONFIG', 'SET', 'maxmemory', '1')
  await followed.invalidated('app:k', told + 1)
  expect(await full.ask('EXISTS', 'holdfast:v:app:k')).toBe(0)
})

// redis#7387: NOLOOP has ended servers. rueidis#799: CACHING under BCAST is an error each time. redis#13082: a redirect to
// another connection hears nothing once the first one has gone.
it('a link asks for reports to itself, by prefix, and for nothing else', async () => {
  const client = await openPlainClient(server.port)
  onTestFinished(() => client.detach())
  const sent: (readonly string[])[] = []
  const link = await openLink(
    async (events) => {
      const connection = await client.openConnection(events)
      return {
        ...connection,
        send(command) {
          sent.push(command.map(String))
          return connection.send(command)
        },
      }
    },
    ['holdfast:v:app:'],
    { message() {}, lost() {} },
  )
  const lines = String(await server.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n')
  const id = /^id=(\d+)/.exec(lines.find((line) => / flags=\w*B/.test(line)) ?? '')?.[1]
  expect(sent).toEqual([
    ['CLIENT', 'ID'],
    ['INFO', 'replication'],
    ['CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', 'holdfast:v:app:'],
  ])
  link.close()
})

// redis#9231, valkey#4143, valkey#4736: the table of what each client has read grew without end.
it('a server remembers no key that a process has read, and answers nothing with an error', async () => {
  const own = await RedisNode.start()
  onTestFinished(async () => await own.stop())
  const cache = createCache(redisStorage(await openPlainClient(own.port)), { near: true })
  onTestFinished(async () => await cache.close())
  const keys = Array.from({ length: 100 }, (_, i) => `${i}`)
  await cache.setMany(new Map(keys.map((key) => [key, 1])))
  await until('all are kept', async () => {
    await cache.getMany(keys)
    return keys.every((key) => cache.peek(key) === 1)
  })
  const { tracking_clients: clients } = await own.info('clients')
  const { tracking_total_keys: tracked } = await own.info('stats')
  expect([clients, tracked]).toEqual(['1', '0'])
  // A script that is not there yet is no fault.
  expect(Object.keys(await own.info('errorstats')).filter((name) => name !== 'errorstat_NOSCRIPT')).toEqual(
    [],
  )
})

// rueidis#612, metarank#1225 and #1231: managed services refuse it, or do not know it.
it.each([
  ['refuses the right', ['-client|tracking'], []],
  ['knows no CLIENT', [], ['--rename-command', 'CLIENT', '']],
] as const)('over a server that %s all is as without near', async (_, without, args) => {
  const own = await RedisNode.start({ args })
  onTestFinished(async () => await own.stop())
  const rules = [...aclRules({ features: ['cache', 'near'] }), ...without]
  await own.ask('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rules)
  const storage = redisStorage(await openPlainClient(own.port, { user: 'app', password: 'secret' }))
  const cache = createCache(storage, { near: true })
  onTestFinished(async () => await cache.close())
  const followed = new Followed(storage.values, 'app:', 30_000)
  onTestFinished(() => followed.stop())
  await cache.set('k', { n: 1 })
  expect(await cache.get('k')).toEqual({ n: 1 })
  await followed.heard.until((all) => all.some(({ kind }) => kind === 'refused'))
  expect(await cache.get('k')).toEqual({ n: 1 })
  expect(await cache.getOrCreate('k', () => ({ n: 2 }))).toEqual({ n: 1 })
  await cache.remove('k')
  expect(await cache.get('k')).toBeUndefined()
  expect(cache.stats().near).toMatchObject({ live: false, entries: 0, hits: 0 })
})
