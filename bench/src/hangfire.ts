/**
 * Hangfire in Node beside Hangfire in .NET, on one Redis: `npm run bench -- hangfire [--rounds 5] [--jobs 10000]
 * [--only commands,enqueue,run] [--quick]`.
 *
 * Every job is empty, so that what counts is what a job costs besides. All sides take turns; a ratio is taken within a round.
 * A server is a new process in every round, and its first jobs do not count. Commands are counted in separate runs, on the way, by a
 * proxy, and in Redis, which counts those within scripts as well.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MissingError, buildProgram, makeContract, sdkVersion } from '@holdfast/test-dotnet/build-program'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { type CommandsPerJob, type Progress, commandsWhile, progressOf } from './hangfire-counts.ts'
import { CONCURRENCY, type Side, dotnetSide, nodeSide } from './hangfire-sides.ts'
import { median, spread, table } from './harness.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    jobs: { type: 'string' },
    only: { type: 'string', default: 'commands,enqueue,run' },
    quick: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const jobs = Number(values.jobs ?? (values.quick ? 2_000 : 10_000))
/** Before they count: .NET compiles what it runs often once more. */
const warmUp = Math.ceil(jobs / 4)
/** To count commands, which vary little. */
const counted = Math.min(jobs, 1_000)
const wanted = new Set(values.only.split(','))

const redis = await startRedis()
const admin = new Redis(redis.url)
const dotnet = await dotnetSides()
const node = nodeSide('holdfast')
const sides: readonly Side[] = [node, ...dotnet, nodeSide('raw')]

async function dotnetSides(): Promise<readonly Side[]> {
  try {
    const version = await sdkVersion()
    await makeContract()
    const storages = values.quick ? (['1.12.0'] as const) : (['1.12.0', '1.9.4'] as const)
    const found: Side[] = []
    for (const storage of storages)
      found.push(dotnetSide(`.NET, storage ${storage}`, await buildProgram(storage)))
    console.log(`.NET SDK ${version}`)
    return found
  } catch (error) {
    if (!(error instanceof MissingError)) throw error
    console.log(`Missing: ${error.message}. There is nothing to stand beside: the figures are absolute.`)
    return []
  }
}

/** Does it with every side in every round, the first one a different one each time. */
async function eachInTurns(round: number, act: (side: Side) => Promise<void>): Promise<void> {
  const first = round % sides.length
  for (const side of [...sides.slice(first), ...sides.slice(0, first)]) await act(side)
}

async function fill(side: Side, count: number): Promise<void> {
  await admin.flushall()
  await using enqueuer = await side.enqueuer(redis.port)
  await enqueuer.enqueue(count, side.inFlight.at(-1) ?? 1)
}

async function until(count: number): Promise<Progress> {
  for (;;) {
    const progress = await progressOf(admin)
    if (progress.done >= count) return progress
    await sleep(5)
  }
}

/** Jobs a second by side and calls in flight, in the order of the rounds. */
async function enqueue(): Promise<void> {
  const results = new Map<string, number[]>()
  const stack = new AsyncDisposableStack()
  const enqueuers = new Map(
    await Promise.all(sides.map(async (side) => [side, stack.use(await side.enqueuer(redis.port))] as const)),
  )
  const measure = async (side: Side, inFlight: number, count: number): Promise<number> => {
    await admin.flushall()
    const ms = (await enqueuers.get(side)?.enqueue(count, inFlight)) ?? Number.NaN
    return (count * 1_000) / ms
  }
  for (const side of sides) for (const inFlight of side.inFlight) await measure(side, inFlight, warmUp)
  for (let round = 0; round < rounds; round += 1)
    await eachInTurns(round, async (side) => {
      for (const inFlight of side.inFlight) {
        const key = titleOf(side, inFlight)
        results.set(key, [...(results.get(key) ?? []), await measure(side, inFlight, jobs)])
      }
    })
  await stack.disposeAsync()
  print(
    `Enqueuing ${jobs} empty jobs from one process`,
    'a second',
    results,
    dotnet.map((side) => titleOf(side, 1)),
    titleOf(sides.at(-1) ?? node, 1),
  )
}

function titleOf({ name }: Side, inFlight: number): string {
  return `${name}, ${inFlight === 1 ? 'one call after the other' : `${inFlight} calls in flight`}`
}

async function run(): Promise<void> {
  const throughput = new Map<string, number[]>()
  const cpu = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1)
    await eachInTurns(round, async (side) => {
      await fill(side, warmUp + jobs)
      await using _server = await side.serve(redis.port)
      const from = await until(warmUp)
      const to = await until(warmUp + jobs)
      const done = to.done - from.done
      throughput.set(side.name, [...(throughput.get(side.name) ?? []), (done * 1_000) / (to.at - from.at)])
      cpu.set(side.name, [...(cpu.get(side.name) ?? []), (to.cpuMicros - from.cpuMicros) / done])
    })
  const besides = dotnet.map(({ name }) => name)
  print(`Running ${jobs} empty jobs, ${CONCURRENCY} at a time`, 'a second', throughput, besides, 'raw')
  print('CPU of Redis for running a job', 'µs', cpu, besides, 'raw')
}

/** @param besides names in `results` that each row is held against */
function print(
  title: string,
  unit: string,
  results: ReadonlyMap<string, readonly number[]>,
  besides: readonly string[],
  raw: string,
): void {
  const columns = [...besides, raw]
  table(title, [
    ['', unit, ...columns.map((name) => `× ${name}`)],
    ...[...results].map(([name, figures]) => [
      name,
      median(figures).toFixed(0),
      ...columns.map((other) => {
        const others = results.get(other) ?? []
        return spread(figures.map((one, round) => one / (others[round] ?? Number.NaN)))
      }),
    ]),
  ])
}

async function commands(): Promise<void> {
  const found: [side: Side, enqueued: CommandsPerJob, ran: CommandsPerJob][] = []
  for (const side of sides) {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    const port = Number(new URL(proxy.url).port)
    await admin.flushall()
    await using enqueuer = await side.enqueuer(port)
    await enqueuer.enqueue(10, 1)
    const enqueued = await commandsWhile(proxy, admin, async () => {
      await enqueuer.enqueue(counted, 1)
      return counted
    })
    await fill(side, 2 * counted)
    await using _server = await side.serve(port)
    await until(10)
    const ran = await commandsWhile(proxy, admin, async () => {
      const { done } = await progressOf(admin)
      return (await until(2 * counted)).done - done
    })
    found.push([side, enqueued, ran])
  }
  for (const [title, index] of [
    ['enqueuing', 1],
    ['running', 2],
  ] as const) {
    table(`Commands of ${title} a job`, [
      ['', 'sent', 'within scripts', 'all', ...dotnet.map(({ name }) => `sent, all × ${name}`)],
      ...found.map((row) => {
        const { sent, all } = row[index]
        const ratios = dotnet.map((side) => {
          const other = found.find(([one]) => one === side)?.[index]
          return [sent / (other?.sent ?? Number.NaN), all / (other?.all ?? Number.NaN)]
            .map((ratio) => ratio.toFixed(2))
            .join(', ')
        })
        return [row[0].name, sent.toFixed(2), (all - sent).toFixed(2), all.toFixed(2), ...ratios]
      }),
    ])
    for (const row of found) console.log(`  ${row[0].name}: ${row[index].names}`)
  }
}

try {
  if (wanted.has('commands')) await commands()
  if (wanted.has('enqueue')) await enqueue()
  if (wanted.has('run')) await run()
} finally {
  admin.disconnect()
  await redis.stop()
}
