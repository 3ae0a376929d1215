/**
 * How many of our files, functions and calls one operation passes: `npm run bench -- functions [--list]`.
 *
 * V8 counts every call (precise coverage), so nothing is sampled. Five operations of the same kind come first: what
 * happens once (connections, scripts, the storage's time) is not counted.
 */
import { randomUUID } from 'node:crypto'
import { Session } from 'node:inspector/promises'
import { parseArgs } from 'node:util'
import { createHoldfast } from '@holdfast/core'
import { holdfast } from '@holdfast/fastify'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { startRedis } from '@holdfast/test-support/redis'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { table } from './harness.ts'

const { values } = parseArgs({ options: { list: { type: 'boolean', default: false } } })
const redis = await startRedis()
const client = new Redis(redis.url)
const { idempotency, locks, cache, close } = createHoldfast({ storage: ioredisStorage(client) })

const app = fastify()
await app.register(holdfast, { storage: ioredisStorage(client), prefix: 'http', http: { scope: 'global' } })
app.post('/orders', { config: { idempotency: true } }, async (_request, reply) => reply.code(201).send({}))
await app.ready()
const post = async (key: string): Promise<void> => {
  const headers = { 'idempotency-key': `"${key}"` }
  await app.inject({ method: 'POST', url: '/orders', headers, payload: { id: 7 } })
}

const done = randomUUID()
const operations: Readonly<Record<string, () => Promise<unknown>>> = {
  'idempotency.run, fresh': () => idempotency.run('job', randomUUID(), async () => 1),
  'idempotency.run, replay': () => idempotency.run('job', done, async () => 1),
  'locks.run': () => locks.run(randomUUID(), async () => 1),
  'cache.getOrCreate, miss': () => cache.getOrCreate(randomUUID(), async () => 1),
  'cache.getOrCreate, hit': () => cache.getOrCreate(done, async () => 1),
  'HTTP request, first': () => post(randomUUID()),
  'HTTP request, replay': () => post(done),
}

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

const rows = [['', 'files', 'functions', 'calls']]
for (const [name, operation] of Object.entries(operations)) {
  for (let i = 0; i < 5; i += 1) await operation()
  await session.post('Profiler.takePreciseCoverage')
  await operation()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const passed = result.flatMap(({ url, functions }) => {
    const file = /\/(packages\/[^/]+\/src\/.*)$/.exec(url)?.[1]
    if (file === undefined) return []
    return functions.flatMap(({ functionName, ranges: [range] }) => {
      const isModule = functionName === '' && range?.startOffset === 0
      return range === undefined || range.count === 0 || isModule
        ? []
        : [{ file, functionName, count: range.count }]
    })
  })
  const files = new Set(passed.map(({ file }) => file))
  const calls = passed.reduce((sum, { count }) => sum + count, 0)
  rows.push([name, `${files.size}`, `${passed.length}`, `${calls}`])
  if (!values.list) continue
  console.log(`\n${name}`)
  for (const { file, functionName, count } of passed)
    console.log(`  ${file} ${functionName || '(closure)'} × ${count}`)
}
table('one operation passes, of our code', rows)

await app.close()
await close()
client.disconnect()
await redis.stop()
