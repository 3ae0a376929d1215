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
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
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
  { name: 'first', path: '/first', nextKey: () => randomUUID() },
  { name: 'replay', path: '/replay', nextKey: () => sameKey },
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
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    url: line.replace('listening ', ''),
    async stop() {
      child.kill()
      await once(child, 'exit')
      process.off('exit', end)
    },
  }
}

function headersFor({ nextKey }: Contender): Record<string, string> {
  const key = nextKey()
  return { 'content-type': 'application/json', ...(key === null ? {} : { 'idempotency-key': key }) }
}

interface Throughput {
  readonly perSecond: number
  /** Of the app's process, in microseconds for each request: it hardly notices what else the machine does. */
  readonly cpu: number
}

async function throughput(url: string, contender: Contender): Promise<Throughput> {
  const before = await cpuOf(url)
  const result = await autocannon({
    url: url + contender.path,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [{ method: 'POST', body, setupRequest: (one) => ({ ...one, headers: headersFor(contender) }) }],
  })
  if (result.non2xx > 0) throw new Error(`${contender.name}: ${result.non2xx} answers were no success`)
  const cpu = ((await cpuOf(url)) - before) / result.requests.total
  return { perSecond: result.requests.average, cpu }
}

async function cpuOf(url: string): Promise<number> {
  const { user, system } = (await (await fetch(`${url}/cpu`)).json()) as NodeJS.CpuUsage
  return user + system
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

const columns = ['perSecond', 'cpu', 'latency'] as const
type Measured = Readonly<Record<(typeof columns)[number], number>>

async function measure(url: string, contender: Contender): Promise<Measured> {
  return { ...(await throughput(url, contender)), latency: await medianLatency(url, contender) }
}

await using redis = await startRedis()
for (const storage of values.storages.split(',')) {
  const app = await startApp(storage, redis.url)
  const turns: Map<string, Measured>[] = []
  for (const one of [bare, ...contenders]) await medianLatency(app.url, one)
  for (let turn = 0; turn < pairs; turn += 1) {
    const measured = new Map<string, Measured>()
    for (const one of [bare, ...contenders]) measured.set(one.name, await measure(app.url, one))
    turns.push(measured)
  }
  await app.stop()

  console.log(`\n${storage}: ${pairs} turns of ${seconds} s, ${CONNECTIONS} connections\n`)
  console.log('| route | req/s | × bare | CPU µs | × bare | p50 ms, one at a time | × bare | commands |')
  console.log('|---|---|---|---|---|---|---|---|')
  for (const contender of [bare, ...contenders]) {
    const { name } = contender
    const of = (column: keyof Measured, from = name): number[] =>
      turns.map((turn) => turn.get(from)?.[column] ?? Number.NaN)
    const cells = columns.flatMap((column) => {
      const own = of(column)
      const reference = of(column, bare.name)
      const digits = column === 'latency' ? 3 : 0
      return [median(own).toFixed(digits), show(own.map((value, n) => value / (reference[n] ?? Number.NaN)))]
    })
    const commands =
      storage === 'memory' ? '–' : (await commandsPerRequest(storage, contender, redis.port)).toFixed(2)
    console.log(`| ${[name, ...cells, commands].join(' | ')} |`)
  }
}
