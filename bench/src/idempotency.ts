/**
 * Idempotent jobs beside raw scripts and the peers: `npm run bench -- idempotency [--rounds 7]
 * [--only fresh,parallel,replay,storm,commands] [--quick]`.
 *
 * Raw is two scripts on the same client: one that begins, one that ends what is still ours. Commands are counted on the
 * way, by a proxy, in their own runs.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { besideRaw } from './beside-raw.ts'
import { type Beside, median, table } from './harness.ts'
import { jobContenders } from './idempotency-contenders.ts'
import type { JobResults, JobTask } from './idempotency-worker.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: 'fresh,parallel,replay,storm,commands' },
    quick: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const wanted = new Set(values.only.split(','))
const names = Object.keys(jobContenders).filter((name) => !values.quick || /^(raw|holdfast)/.test(name))

const redis = await startRedis()

const { start, latency, throughput } = besideRaw<JobTask>({
  script: new URL('./idempotency-worker.ts', import.meta.url),
  names,
  onNodeRedis: ['holdfast redis', 'raw redis', 'powertools'],
  rounds,
  url: redis.url,
})

/** Of the network of a storm, each way, and of its job: long enough for all to be waiting when it ends. */
const LATENCY_MS = 5
const JOB_MS = 100

async function storms(): Promise<void> {
  const rows = [
    [
      '',
      'ran',
      'answered',
      'all after ms',
      'last after first ms',
      'round trip ms',
      'last after first × round trip',
      'commands',
      'unsubscribe',
    ],
  ]
  for (const name of names.filter((one) => /^holdfast|^node-idem/.test(one))) {
    const runs: Record<'ran' | 'answered' | 'allMs' | 'lastMs' | 'tripMs' | 'commands' | 'ends', number>[] =
      []
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    const pair = [await start(name, proxy.url), await start(name, proxy.url)]
    // Warm: connected, the time is known, scripts are loaded, the subscriber is there.
    for (let i = 0; i < 2; i += 1) {
      const key = randomUUID()
      await Promise.all(pair.map((one) => one.run({ run: 'storm', key, callers: 2, ms: 20 })))
    }
    // Much longer than it takes to wake a process, so that it is the round trips that count.
    proxy.latency(LATENCY_MS)
    for (let round = 0; round < rounds; round += 1) {
      const count = countCommands(proxy)
      const key = randomUUID()
      const startedAt = Number(process.hrtime.bigint()) / 1e6
      const task: JobTask = { run: 'storm', key, callers: 50, ms: JOB_MS }
      const results = await Promise.all(pair.map((one) => one.run<JobResults['storm']>(task)))
      const answers = results.flatMap(({ answeredAt }) => answeredAt)
      const sent = count.stop()
      const ends = sent.filter((command) => command === 'unsubscribe').length
      // A replay of one command, or of two.
      const tripUs = await pair[1]?.run<Beside<number>>({ run: 'sequential', count: 50, fresh: false })
      runs.push({
        ran: results.reduce((sum, { ran }) => sum + ran, 0),
        answered: answers.length,
        allMs: Math.max(...answers) - startedAt,
        lastMs: Math.max(...answers) - Math.min(...answers),
        tripMs: (tripUs?.own ?? Number.NaN) / 1_000,
        commands: sent.length - ends,
        ends,
      })
    }
    await Promise.all(pair.map((one) => one.close()))
    const of = (pick: (run: (typeof runs)[number]) => number, digits = 1): string =>
      median(runs.map(pick)).toFixed(digits)
    rows.push([
      name,
      of(({ ran }) => ran),
      of(({ answered }) => answered),
      of(({ allMs }) => allMs),
      of(({ lastMs }) => lastMs),
      of(({ tripMs }) => tripMs),
      of(({ lastMs, tripMs }) => lastMs / tripMs, 2),
      of(({ commands }) => commands),
      of(({ ends }) => ends),
    ])
  }
  table(
    `Storm: 2 processes × 50 callers of one key, a job of ${JOB_MS} ms, a network that takes ${LATENCY_MS} ms each way`,
    rows,
  )
}

async function commands(): Promise<void> {
  const rows = [['', 'fresh', 'replay', 'progress']]
  for (const name of names) {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    const contender = await start(name, proxy.url)
    for (let i = 0; i < 3; i += 1) await contender.run({ run: 'once', key: randomUUID() })
    const key = randomUUID()
    const cells: string[] = []
    for (const task of [
      { run: 'once', key },
      { run: 'once', key },
    ] as const) {
      const count = countCommands(proxy)
      await contender.run(task)
      cells.push(String(count.stop().length))
    }
    const count = countCommands(proxy)
    if (name.startsWith('holdfast')) await contender.run({ run: 'progress', updates: 10 })
    cells.push(name.startsWith('holdfast') ? String((count.stop().length - 2) / 10) : '')
    rows.push([name, ...cells])
    await contender.close()
  }
  table('Commands that the client sends, one after the other', rows)
}

/** What passes the proxy until it is stopped. */
function countCommands(proxy: FaultProxy): { stop(): string[] } {
  const seen: string[] = []
  let stopped = false
  // A fault that never takes a request sees them all.
  const matcher = proxy.every((request) => {
    if (!stopped) seen.push(request.name)
    return false
  }, 'hold-request')
  return {
    stop() {
      stopped = true
      matcher.remove()
      return seen
    },
  }
}

const oneByOne = { run: 'sequential', count: 2_000 } as const
const atATime = { run: 'parallel', callers: 64, ms: 700 } as const
if (wanted.has('commands')) await commands()
if (wanted.has('fresh')) {
  await latency('A fresh job, begin and finish, one at a time: p50', { ...oneByOne, fresh: true })
}
if (wanted.has('parallel')) await throughput('Fresh jobs, 64 at a time', { ...atATime, fresh: true })
if (wanted.has('replay')) {
  await latency('A replay, one at a time: p50', { ...oneByOne, fresh: false })
  if (!values.quick) await throughput('Replays, 64 at a time', { ...atATime, fresh: false })
}
if (wanted.has('storm')) await storms()
await redis.stop()
