/**
 * What an idempotent route costs over the bare one: `node --conditions=@holdfast/source bench/src/fastify.ts
 * [--pairs 7] [--seconds 3] [--storages memory,ioredis,redis]`. The bare and the idempotent route are measured in
 * turns, in one app, and compared within each turn; the bare route against itself says how much of it is noise.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FaultProxy } from '@holdfast/testbed/proxy'
import { startRedis } from '@holdfast/testbed/redis'
import autocannon from 'autocannon'

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    storages: { type: 'string', default: 'memory,ioredis,redis' },
  },
})
const pairs = Number(values.pairs)
const seconds = Number(values.seconds)
const CONNECTIONS = 32
const SEQUENTIAL = 1_500
const body = JSON.stringify({ items: ['a', 'b', 'c'], total: 1_299, currency: 'EUR' })

/** What is measured: a route, and where its keys come from. */
interface Contender {
  readonly name: string
  readonly path: string
  /** `null` sends none. */
  readonly nextKey: () => string | null
}

const sameKey = randomUUID()
const bare: Contender = { name: 'bare', path: '/bare', nextKey: () => null }
const contenders: readonly Contender[] = [
  { ...bare, name: 'bare again' },
  { name: 'no key', path: '/optional', nextKey: () => null },
  { name: 'first', path: '/idempotent', nextKey: () => randomUUID() },
  { name: 'replay', path: '/idempotent', nextKey: () => sameKey },
]

interface App {
  readonly url: string
  stop(): Promise<void>
}

async function startApp(storage: string, redisUrl: string): Promise<App> {
  const main = join(import.meta.dirname, 'fastify-server.ts')
  const child = spawn(process.execPath, ['--conditions=@holdfast/source', main, storage], {
    env: { ...process.env, REDIS_URL: redisUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    url: line.replace('listening ', ''),
    async stop() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

function headersFor({ nextKey }: Contender): Record<string, string> {
  const key = nextKey()
  return { 'content-type': 'application/json', ...(key === null ? {} : { 'idempotency-key': key }) }
}

async function requestsPerSecond(url: string, contender: Contender): Promise<number> {
  const result = await autocannon({
    url: url + contender.path,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [{ method: 'POST', body, setupRequest: (one) => ({ ...one, headers: headersFor(contender) }) }],
  })
  if (result.non2xx > 0) throw new Error(`${contender.name}: ${result.non2xx} answers were no success`)
  return result.requests.average
}

/** One request after the other on one connection; the median, in milliseconds. */
async function medianLatency(url: string, contender: Contender): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  for (let n = 0; n < SEQUENTIAL; n += 1) {
    const start = performance.now()
    await post(url + contender.path, headersFor(contender), agent)
    times.push(performance.now() - start)
  }
  agent.destroy()
  return median(times)
}

function post(url: string, headers: Record<string, string>, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers, agent }, (answer) => {
      answer.resume().once('end', () => {
        if (answer.statusCode === 201) resolve()
        else reject(new Error(`answered ${answer.statusCode}`))
      })
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** As the client sent them, counted on the way: an average over many requests. */
async function commandsPerRequest(storage: string, contender: Contender, redisPort: number): Promise<number> {
  const proxy = await FaultProxy.start({ target: { port: redisPort } })
  let commands = 0
  const app = await startApp(storage, proxy.url)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  // The first ones teach scripts and the clock.
  for (let n = 0; n < 50; n += 1) await post(app.url + contender.path, headersFor(contender), agent)
  const counting = proxy.every(() => {
    commands += 1
    return false
  }, 'cut-request')
  for (let n = 0; n < 200; n += 1) await post(app.url + contender.path, headersFor(contender), agent)
  counting.remove()
  agent.destroy()
  await app.stop()
  await proxy.stop()
  return commands / 200
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function show(ratios: readonly number[]): string {
  const sorted = [...ratios].sort((a, b) => a - b)
  return `${median(ratios).toFixed(2)} (${sorted[0]?.toFixed(2)}–${sorted.at(-1)?.toFixed(2)})`
}

await using redis = await startRedis()
for (const storage of values.storages.split(',')) {
  const app = await startApp(storage, redis.url)
  const rates = new Map<string, number[]>()
  const latencies = new Map<string, number[]>()
  const rateRatios = new Map<string, number[]>()
  const latencyRatios = new Map<string, number[]>()
  const note = (into: Map<string, number[]>, name: string, value: number): void => {
    into.set(name, [...(into.get(name) ?? []), value])
  }
  for (const one of [bare, ...contenders]) await medianLatency(app.url, one)
  for (let pair = 0; pair < pairs; pair += 1) {
    const rate = await requestsPerSecond(app.url, bare)
    const latency = await medianLatency(app.url, bare)
    note(rates, bare.name, rate)
    note(latencies, bare.name, latency)
    for (const contender of contenders) {
      const ownRate = await requestsPerSecond(app.url, contender)
      const ownLatency = await medianLatency(app.url, contender)
      note(rates, contender.name, ownRate)
      note(latencies, contender.name, ownLatency)
      note(rateRatios, contender.name, ownRate / rate)
      note(latencyRatios, contender.name, ownLatency / latency)
    }
  }
  await app.stop()

  console.log(`\n${storage}: ${pairs} turns of ${seconds} s, ${CONNECTIONS} connections\n`)
  console.log('| route | req/s | × bare | p50 ms, one at a time | × bare | commands |')
  console.log('|---|---|---|---|---|---|')
  for (const { name, ...rest } of [bare, ...contenders]) {
    const commands =
      storage === 'memory'
        ? '–'
        : (await commandsPerRequest(storage, { name, ...rest }, redis.port)).toFixed(2)
    const cells = [
      name,
      Math.round(median(rates.get(name) ?? [])),
      show(rateRatios.get(name) ?? [1]),
      median(latencies.get(name) ?? []).toFixed(3),
      show(latencyRatios.get(name) ?? [1]),
      commands,
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}
