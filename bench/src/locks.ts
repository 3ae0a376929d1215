/**
 * Locks beside the raw commands and the peers: `node --conditions=@holdfast/source bench/src/locks.ts
 * [--rounds 7] [--only pairs,parallel,contended,commands,memory,abort]`.
 *
 * Every contender runs in processes of its own with one client each, in turns; ratios are taken within a round. Raw is
 * `SET NX PX` and a compare-and-delete script on the same client. Commands are counted on the way, by a proxy, in runs
 * of their own.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createLocks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { FaultProxy } from '@holdfast/testbed/proxy'
import { startRedis } from '@holdfast/testbed/redis'
import { Redis } from 'ioredis'
import { lockContenders } from './locks-contenders.ts'
import type { Results, Task } from './locks-worker.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: 'pairs,parallel,contended,commands,memory,abort' },
  },
})
const rounds = Number(values.rounds)
const wanted = new Set(values.only.split(','))
const names = Object.keys(lockContenders)
const peers = names.filter((name) => !name.startsWith('raw'))

const redis = await startRedis()

class Worker {
  readonly name: string
  readonly #child: ChildProcess

  constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
  }

  static async start(name: string, url: string = redis.url): Promise<Worker> {
    const execArgv = ['--conditions=@holdfast/source', '--no-warnings', '--expose-gc']
    const child = fork(join(import.meta.dirname, 'locks-worker.ts'), [name, url], { execArgv })
    await once(child, 'message')
    return new Worker(name, child)
  }

  async run<T extends Exclude<Task['run'], 'close'>>(task: Extract<Task, { run: T }>): Promise<Results[T]> {
    this.#child.send(task)
    const [{ result }] = (await once(this.#child, 'message')) as [{ result: Results[T] }]
    return result
  }

  async close(): Promise<void> {
    this.#child.send({ run: 'close' } satisfies Task)
    await once(this.#child, 'exit')
  }
}

function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

/** `1.23 (1.10 … 1.30)`: the median and the range of the rounds. */
function spread(numbers: readonly number[]): string {
  return `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)} … ${Math.max(...numbers).toFixed(2)})`
}

function rawOf(name: string): string {
  return name === 'holdfast redis' || name === 'simple-redis-mutex' ? 'raw redis' : 'raw ioredis'
}

/** Runs all in turns; gives each contender's value in every round. */
async function inTurns<T>(
  of: readonly string[],
  measure: (worker: Worker) => Promise<T>,
): Promise<Map<string, T[]>> {
  const results = new Map<string, T[]>(of.map((name) => [name, []]))
  const workers = await Promise.all(of.map((name) => Worker.start(name)))
  for (const worker of workers) await measure(worker) // warm
  for (let round = 0; round < rounds; round += 1) {
    const turn = [...workers.slice(round % workers.length), ...workers.slice(0, round % workers.length)]
    for (const worker of turn) results.get(worker.name)?.push(await measure(worker))
  }
  await Promise.all(workers.map((worker) => worker.close()))
  return results
}

function ratios(results: Map<string, number[]>, name: string): number[] {
  const raw = results.get(rawOf(name)) ?? []
  return (results.get(name) ?? []).map((value, round) => value / (raw[round] ?? Number.NaN))
}

async function measurePairs(): Promise<void> {
  console.log('\nUncontended acquire and release, one at a time: p50 in µs, and × raw within a round')
  const all = [...names, 'raw ioredis']
  const results = await inTurns([...new Set(all)], async (worker) =>
    median(await worker.run({ run: 'sequential', pairs: 2_000 })),
  )
  for (const [name, times] of results) {
    console.log(
      `  ${name.padEnd(20)} ${(median(times) * 1_000).toFixed(0).padStart(5)} µs  × ${spread(ratios(results, name))}`,
    )
  }
}

async function measureParallel(): Promise<void> {
  console.log('\n64 callers on 64 locks: pairs a second, × raw within a round, client CPU in µs a pair')
  const results = await inTurns(names, (worker) => worker.run({ run: 'parallel', callers: 64, ms: 1_000 }))
  const perSecond = new Map([...results].map(([name, runs]) => [name, runs.map((run) => run.perSecond)]))
  for (const [name, runs] of results) {
    const cpu = median(runs.map((run) => run.cpuMicros)).toFixed(1)
    console.log(
      `  ${name.padEnd(20)} ${median(perSecond.get(name) ?? [])
        .toFixed(0)
        .padStart(7)}/s  × ${spread(ratios(perSecond, name))}  ${cpu} µs`,
    )
  }
}

interface Contention {
  readonly perSecond: number
  readonly handOffMs: number
  readonly waitP99Ms: number
  readonly idealMs: number
  readonly fairness: number
  readonly overlaps: number
}

async function contend(workers: readonly Worker[], ms: number): Promise<Contention> {
  const key = `bench:contended:${Math.random()}`
  const task = { run: 'contend', key, waiters: 8, holdMs: 2, thinkMs: 0, ms } as const
  const held = (await Promise.all(workers.map((worker) => worker.run(task)))).flatMap((part, process) =>
    part.map(([waiter, asked, granted, released]) => ({
      who: `${process}.${waiter}`,
      asked,
      granted,
      released,
    })),
  )
  held.sort((a, b) => a.granted - b.granted)
  const gaps: number[] = []
  let overlaps = 0
  for (const [i, next] of held.entries()) {
    const previous = held[i - 1]
    if (previous === undefined) continue
    if (next.granted < previous.released) overlaps += 1
    else if (next.asked < previous.released && next.who !== previous.who)
      gaps.push(next.granted - previous.released)
  }
  const grants = new Map<string, number>()
  for (const { who } of held) grants.set(who, (grants.get(who) ?? 0) + 1)
  const counts = [...grants.values()]
  const sum = counts.reduce((a, b) => a + b, 0)
  const handOffMs = median(gaps)
  const holdMs = median(held.map(({ granted, released }) => released - granted))
  return {
    perSecond: (held.length * 1_000) / ms,
    handOffMs,
    waitP99Ms: quantile(
      held.map(({ asked, granted }) => granted - asked),
      0.99,
    ),
    idealMs: 15 * (holdMs + handOffMs),
    fairness: sum ** 2 / (16 * counts.reduce((a, b) => a + b ** 2, 0)),
    overlaps,
  }
}

async function measureContended(): Promise<void> {
  console.log('\n2 processes × 8 waiters on one lock, 2 ms hold, asking again at once')
  const results = new Map<string, Contention[]>(peers.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const name of peers) {
      const workers = await Promise.all([Worker.start(name), Worker.start(name)])
      await contend(workers, 300)
      results.get(name)?.push(await contend(workers, 2_000))
      await Promise.all(workers.map((worker) => worker.close()))
    }
  }
  for (const [name, runs] of results) {
    const of = (what: keyof Contention): string => median(runs.map((run) => run[what])).toFixed(2)
    console.log(
      `  ${name.padEnd(20)} ${of('perSecond')}/s  hand-off p50 ${of('handOffMs')} ms  wait p99 ${of('waitP99Ms')} ms` +
        ` (in turn: ${of('idealMs')})  fairness ${of('fairness')}  overlaps ${runs.reduce((all, run) => all + run.overlaps, 0)}`,
    )
  }
}

async function countCommands(): Promise<void> {
  console.log('\nCommands sent by the client: for a pair, and for a grant with 2 × 8 waiters')
  for (const name of names) {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    let sent = 0
    void proxy.seen(() => {
      sent += 1
      return false
    })
    const workers = [await Worker.start(name, proxy.url)]
    await workers[0]?.run({ run: 'sequential', pairs: 100 })
    sent = 0
    await workers[0]?.run({ run: 'sequential', pairs: 500 })
    const pair = sent / 500
    let contended = ''
    if (!name.startsWith('raw')) {
      workers.push(await Worker.start(name, proxy.url))
      await contend(workers, 300)
      sent = 0
      const { perSecond } = await contend(workers, 2_000)
      contended = `  ${(sent / (perSecond * 2)).toFixed(2)} a grant`
    }
    console.log(`  ${name.padEnd(20)} ${pair.toFixed(2)} a pair${contended}`)
    await Promise.all(workers.map((worker) => worker.close()))
  }
}

async function measureMemory(): Promise<void> {
  console.log('\nHeap of 1,000 parked waiters, bytes each')
  for (const name of ['holdfast ioredis', 'holdfast redis']) {
    for (const signals of [false, true]) {
      const worker = await Worker.start(name)
      const bytes = await worker.run({ run: 'park', waiters: 1_000, signals })
      console.log(`  ${name.padEnd(20)} ${bytes.toFixed(0)}${signals ? ' with a signal each' : ''}`)
      await worker.close()
    }
  }
}

async function measureAbort(): Promise<void> {
  const late: number[] = []
  for (let i = 0; i < rounds; i += 1) {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    const client = new Redis(proxy.url)
    client.on('error', () => {})
    const storage = ioredisStorage(client)
    const locks = createLocks(storage)
    const lease = await locks.acquire('bench:abort', { leaseMs: 1_000 })
    const deadline = performance.now() + lease.remainingMs()
    const aborted = new Promise<number>((resolve) => {
      lease.signal.addEventListener('abort', () => resolve(performance.now()))
    })
    proxy.blackHole()
    late.push((await aborted) - deadline)
    await proxy.heal()
    client.disconnect()
    await Promise.race([locks.close(), sleep(100)])
    await storage.close()
  }
  console.log(`\nAbort after the local deadline, black-holed, in ms: ${spread(late)}`)
}

try {
  if (wanted.has('pairs')) await measurePairs()
  if (wanted.has('parallel')) await measureParallel()
  if (wanted.has('contended')) await measureContended()
  if (wanted.has('commands')) await countCommands()
  if (wanted.has('memory')) await measureMemory()
  if (wanted.has('abort')) await measureAbort()
} finally {
  await redis.stop()
}
