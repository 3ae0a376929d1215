/**
 * Locks beside the raw commands and the peers: `npm run bench -- locks [--rounds 7]
 * [--only commands,pairs,parallel,contended,memory,abort] [--quick]`.
 *
 * Raw is `SET NX PX` and a compare-and-delete script on the same client. Under contention there is no raw code to stand
 * beside; there the contenders take turns, and the ratios are to two peers in the same round. Commands are counted on
 * the way, by a proxy, in their own runs.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createLocks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { besideRaw } from './beside-raw.ts'
import { median, spread, table } from './harness.ts'
import { lockContenders } from './locks-contenders.ts'
import { type Contention, contend } from './locks-contention.ts'
import type { LockTask } from './locks-worker.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: 'commands,pairs,parallel,contended,memory,abort' },
    quick: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const wanted = new Set(values.only.split(','))
/** What the ratios under contention are to. */
const YARDSTICKS = ['simple-redis-mutex', 'redis-semaphore'] as const
const QUICK = /^(raw|holdfast|simple-redis-mutex|redis-semaphore)/
const names = Object.keys(lockContenders).filter((name) => !values.quick || QUICK.test(name))
const peers = names.filter((name) => !name.startsWith('raw'))

const redis = await startRedis()

const { start, latency, throughput } = besideRaw<LockTask>({
  script: new URL('./locks-worker.ts', import.meta.url),
  names,
  onNodeRedis: ['holdfast redis', 'raw redis', 'simple-redis-mutex'],
  rounds,
  url: redis.url,
})

async function contended(): Promise<void> {
  const pairOf = async (name: string) => [name, [await start(name), await start(name)]] as const
  const processes = new Map(await Promise.all(peers.map(pairOf)))
  const results = new Map<string, Contention[]>(peers.map((name) => [name, []]))
  for (const pair of processes.values()) await contend(pair, 300)
  for (let round = 0; round < rounds; round += 1) {
    const first = round % peers.length
    for (const name of [...peers.slice(first), ...peers.slice(0, first)]) {
      results.get(name)?.push(await contend(processes.get(name) ?? [], 1_000))
    }
  }
  for (const pair of processes.values()) await Promise.all(pair.map((one) => one.close()))

  const beside = (runs: readonly Contention[], other: string): string => {
    const others = results.get(other) ?? []
    return spread(runs.map(({ handOffMs }, round) => handOffMs / (others[round]?.handOffMs ?? Number.NaN)))
  }
  table('2 processes × 8 callers of one lock, who hold it for 2 ms and ask again at once', [
    [
      '',
      'grants',
      'hand-off ms',
      ...YARDSTICKS.map((name) => `× ${name}`),
      'wait p99 ms',
      '× in turn',
      'fairness',
    ],
    ...[...results].map(([name, runs]) => {
      const of = (pick: (run: Contention) => number): string => median(runs.map(pick)).toFixed(2)
      const overlaps = runs.reduce((sum, run) => sum + run.overlaps, 0)
      return [
        overlaps === 0 ? name : `${name} (${overlaps} OVERLAPS)`,
        median(runs.map(({ grants }) => grants)).toFixed(0),
        of(({ handOffMs }) => handOffMs),
        ...YARDSTICKS.map((other) => beside(runs, other)),
        of(({ waitP99Ms }) => waitP99Ms),
        of(({ waitP99Ms, inTurnMs }) => waitP99Ms / inTurnMs),
        of(({ fairness }) => fairness),
      ]
    }),
  ])
}

async function commands(): Promise<void> {
  const rows = [['', 'a pair', 'a grant']]
  for (const name of names) {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    let sent = 0
    // A fault that never takes a request sees them all.
    proxy.every(() => {
      sent += 1
      return false
    }, 'hold-request')
    const processes = [await start(name, proxy.url)]
    await processes[0]?.run({ run: 'pairs', count: 100 })
    sent = 0
    await processes[0]?.run({ run: 'pairs', count: 500 })
    const cells = [(sent / 500).toFixed(2)]
    if (!name.startsWith('raw')) {
      processes.push(await start(name, proxy.url))
      await contend(processes, 300)
      sent = 0
      const { grants } = await contend(processes, 2_000)
      cells.push((sent / grants).toFixed(2))
    }
    rows.push([name, ...cells])
    await Promise.all(processes.map((one) => one.close()))
  }
  table('Commands that the client sends: for a pair, and for a grant with 2 × 8 callers', rows)
}

async function memory(): Promise<void> {
  const rows: string[][] = [['', 'bytes', 'with a signal each']]
  for (const name of peers.filter((peer) => peer.startsWith('holdfast'))) {
    const cells: string[] = []
    for (const signals of [false, true]) {
      const one = await start(name)
      cells.push((await one.run<number>({ run: 'park', waiters: 1_000, signals })).toFixed(0))
      await one.close()
    }
    rows.push([name, ...cells])
  }
  table('Heap of 1,000 parked waiters, each', rows)
}

async function abort(): Promise<void> {
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
  if (wanted.has('commands')) await commands()
  if (wanted.has('pairs')) {
    const task = { run: 'sequential', count: 1_000 } as const
    await latency('Uncontended acquire and release, one pair at a time: p50', task)
  }
  if (wanted.has('parallel'))
    await throughput('64 callers on 64 locks: pairs', { run: 'parallel', callers: 64, ms: 700 })
  if (wanted.has('contended')) await contended()
  if (wanted.has('memory')) await memory()
  if (wanted.has('abort')) await abort()
} finally {
  await redis.stop()
}
