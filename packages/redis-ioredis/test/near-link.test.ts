import { Followed } from '@holdfast/core/testing'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { ioredisClient, ioredisStorage } from '../src/index.ts'

const server = await startRedis()
afterAll(async () => await server.stop())
const { url } = server

/** What an app may have told its client. */
const clients = {
  'ioredis 6': () => new Redis(url),
  'ioredis 6 in RESP2': () => new Redis(url, { protocol: 2 }),
  'ioredis 6 in RESP3': () => new Redis(url, { protocol: 3 }),
  'ioredis 6, connected when needed': () => new Redis(url, { lazyConnect: true }),
  'ioredis 6 that pipelines': () => new Redis(url, { enableAutoPipelining: true }),
  'ioredis 6 with numbers as strings': () => new Redis(url, { stringNumbers: true }),
  'ioredis 5': () => new Redis5(url),
  'ioredis 5, connected when needed': () => new Redis5(url, { lazyConnect: true }),
} as const

it.each(Object.entries(clients))('%s reports key by key, and is left as it is', async (_, create) => {
  const client = create()
  client.on('error', () => {})
  const storage = ioredisStorage(client)
  const followed = new Followed(storage.values, 'app:', 30_000)
  onTestFinished(async () => {
    followed.stop()
    await storage.close()
    client.disconnect()
  })
  await followed.up()
  const keys = ['app:a,b', 'app:c', 'app:ünï 🦊']
  await ask(server, 'MSET', ...keys.flatMap((key) => [`holdfast:v:${key}`, '1']))
  for (const key of keys) await followed.invalidated(key)
  await ask(server, 'PUBLISH', '__redis__:invalidate', 'holdfast:v:app:d')
  await ask(server, 'FLUSHALL')
  await followed.heard.until((all) => all.some(({ kind }) => kind === 'everything'))
  expect(followed.heard.all.filter(({ kind }) => kind === 'ignored')).toHaveLength(1)
  const lines = String(await ask(server, 'CLIENT', 'LIST')).split('\n')
  // Ours is told in RESP2, and no other one broadcasts.
  expect(lines.filter((line) => / flags=\w*B/.test(line)).map((line) => / resp=\d/.exec(line)?.[0])).toEqual([
    ' resp=2',
  ])
})

it.each([
  ['ioredis 6', () => new Redis(url)],
  ['ioredis 5', () => new Redis5(url)],
] as const)('%s hands on what comes while Node reads it, and not a tick later', async (_, create) => {
  const client = create()
  onTestFinished(() => client.disconnect())
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 50
  onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit))
  let heard = (_trace: string): void => {}
  const trace = new Promise<string>((resolve) => (heard = resolve))
  const link = await ioredisClient(client).openConnection({
    message: () => heard(String(new Error('heard').stack)),
    invalidated() {},
    lost: () => heard('the link was lost'),
  })
  await link.subscribe('news')
  await client.publish('news', 'text')
  expect(await trace).toContain('onStreamRead')
  link.close()
})
