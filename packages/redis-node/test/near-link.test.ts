import { Followed } from '@holdfast/core/testing'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { RESP_TYPES, createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { nodeRedisStorage } from '../src/index.ts'

const server = await startRedis()
afterAll(async () => await server.stop())
const { url } = server

/** What an app may have told its client about RESP, caching and what servers send by themselves. */
const clients = {
  'redis 6': () => createClient({ url }),
  'redis 6 in RESP2': () => createClient({ url, RESP: 2 }),
  'redis 6 in RESP3, with a cache': () =>
    createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: 'LRU' } }),
  'redis 6 in RESP3, that emits invalidations': () => createClient({ url, RESP: 3, emitInvalidate: true }),
  'redis 6 in RESP3, that maps replies': () =>
    createClient({
      url,
      RESP: 3,
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    }),
  'redis 6 without maintenance': () => createClient({ url, RESP: 3, maintNotifications: 'disabled' }),
  'redis 6 that pings': () => createClient({ url, pingInterval: 20 }),
  'redis 5': () => createClient5({ url }),
  'redis 5 in RESP3': () => createClient5({ url, RESP: 3 }),
  'redis 5 in RESP3, with a cache': () =>
    createClient5({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: 'LRU' } }),
} as const

it.each(Object.entries(clients))('%s reports key by key, and is left as it is', async (_, create) => {
  const client = create()
  client.on('error', () => {})
  await client.connect()
  const storage = nodeRedisStorage(client)
  const followed = new Followed(storage.values, 'app:', 30_000)
  onTestFinished(async () => {
    followed.stop()
    await storage.close()
    client.destroy()
  })
  await followed.up()
  const keys = ['app:a,b', 'app:c', 'app:ünï 🦊']
  await ask(server, 'MSET', ...keys.flatMap((key) => [`holdfast:v:${key}`, '1']))
  for (const key of keys) await followed.invalidated(key)
  await ask(server, 'PUBLISH', '__redis__:invalidate', 'holdfast:v:app:d')
  await ask(server, 'FLUSHALL')
  await followed.heard.until((all) => all.some(({ kind }) => kind === 'everything'))
  const kinds = followed.heard.all.map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'ignored')).toEqual(['ignored'])
  expect(kinds).not.toContain('down')
  const lines = String(await ask(server, 'CLIENT', 'LIST')).split('\n')
  // Ours is told in RESP2, and no other one broadcasts.
  expect(lines.filter((line) => / flags=\w*B/.test(line)).map((line) => / resp=\d/.exec(line)?.[0])).toEqual([
    ' resp=2',
  ])
})
