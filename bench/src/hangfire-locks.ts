/**
 * A lock of Hangfire in .NET (what `[DisableConcurrentExecution]` takes) beside a lock of Holdfast, on one Redis:
 * `npm run bench -- hangfire-locks [--rounds 5] [--only pairs,release,contended,crash,cut]`.
 *
 * Every caller is a process, and says on the machine's clock when it has the lock. Both sides count who is inside with `INCR`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MissingError, buildProgram, makeContract, sdkVersion } from '@holdfast/test-dotnet/build-program'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { commandsWhile } from './hangfire-counts.ts'
import { median, spread, table } from './harness.ts'
import { LockProcess } from './lock-process.ts'

const STORAGE = '1.12.0'
const CALLERS = 4
const HANGFIRE = 'Hangfire'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'pairs,release,contended,crash,cut' },
  },
})
const rounds = Number(values.rounds)
const wanted = new Set(values.only.split(','))

const redis = await startRedis()
const admin = new Redis(redis.url)

interface Side {
  readonly name: string
  open(port: number): Promise<LockProcess>
}

function holdfast(leaseSeconds: number): Side {
  return {
    name: `Holdfast, a lease of ${leaseSeconds} s`,
    async open(port) {
      const script = new URL('./hangfire-lock-worker.ts', import.meta.url).pathname
      return await started(
        new LockProcess(process.execPath, [
          '--conditions=@holdfast/source',
          '--no-warnings',
          script,
          `redis://127.0.0.1:${port}`,
          `${leaseSeconds * 1_000}`,
        ]),
      )
    },
  }
}

async function hangfire(): Promise<Side[]> {
  try {
    const version = await sdkVersion()
    await makeContract()
    const program = await buildProgram(STORAGE)
    console.log(`.NET SDK ${version}, Hangfire.Redis.StackExchange ${STORAGE}, Node ${process.versions.node}`)
    const words = (port: number): string[] => [
      program,
      'drive',
      '--redis',
      `127.0.0.1:${port}`,
      '--log',
      'fatal',
    ]
    return [
      {
        name: HANGFIRE,
        open: async (port) => await started(new LockProcess('dotnet', words(port))),
      },
    ]
  } catch (error) {
    if (!(error instanceof MissingError)) throw error
    console.log(`Missing: ${error.message}. Only Holdfast is measured.`)
    return []
  }
}

async function started(process: LockProcess): Promise<LockProcess> {
  await process.until('driving')
  return process
}

const sides = [...(await hangfire()), holdfast(30), holdfast(5)]
/** Those that differ when nothing fails: a lease of another length then changes nothing. */
const standard = sides.slice(0, -1)

/** Each side by itself, and the figures of its rounds. */
async function each(
  of: readonly Side[],
  measure: (side: Side, name: string) => Promise<number>,
): Promise<Map<string, number[]>> {
  const results = new Map<string, number[]>(of.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1)
    for (const side of of)
      results
        .get(side.name)
        ?.push(await measure(side, `bench:${round}:${Math.random().toString(36).slice(2)}`))
  return results
}

function print(
  title: string,
  unit: string,
  digits: number,
  results: ReadonlyMap<string, readonly number[]>,
): void {
  const beside = results.get(HANGFIRE)
  table(title, [
    ['', unit, 'least', 'most', ...(beside === undefined ? [] : [`× ${HANGFIRE}`])],
    ...[...results].map(([name, figures]) => [
      name,
      ...[median(figures), Math.min(...figures), Math.max(...figures)].map((one) => one.toFixed(digits)),
      ...(beside === undefined
        ? []
        : [spread(figures.map((one, round) => one / (beside[round] ?? Number.NaN)))]),
    ]),
  ])
}

async function pairs(): Promise<void> {
  const results = await each(standard, async (side, name) => {
    await using one = await side.open(redis.port)
    one.hold(name, { seconds: 0, times: 200 })
    await one.until('done')
    one.hold(name, { seconds: 0, times: 1_000 })
    const to = await one.until('done', 2)
    return 1e6 / (to - (one.all('acquired')[200]?.at ?? Number.NaN))
  })
  print('One caller takes and releases a free lock', 'a second', 0, results)
}

async function release(): Promise<void> {
  for (const seconds of [1, 10]) {
    const results = await each(standard, async (side, name) => {
      await using holder = await side.open(redis.port)
      await using waiter = await side.open(redis.port)
      holder.hold(name, { seconds })
      await holder.until('enter')
      waiter.hold(name, { seconds: 0 })
      return (await waiter.until('acquired')) - (await holder.until('leave'))
    })
    print(`From the end of a body to a caller that has waited for ${seconds} s`, 'ms', 1, results)
  }
}

async function contended(): Promise<void> {
  const times = 50
  const sent = new Map<string, number[]>()
  const results = await each(standard, async (side, name) => {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    const port = Number(new URL(proxy.url).port)
    await using stack = new AsyncDisposableStack()
    const callers = await Promise.all(
      Array.from({ length: CALLERS }, async () => stack.use(await side.open(port))),
    )
    let ms = Number.NaN
    const counted = await commandsWhile(proxy, admin, async () => {
      for (const caller of callers) caller.hold(name, { seconds: 0.005, times })
      const ends = await Promise.all(callers.map(async (caller) => await caller.until('done')))
      const begins = callers.map((caller) => caller.all('acquired')[0]?.at ?? Number.NaN)
      ms = Math.max(...ends) - Math.min(...begins)
      return CALLERS * times
    })
    // INCR and DECR of the witness are no part of the lock.
    sent.set(side.name, [...(sent.get(side.name) ?? []), counted.sent - 2])
    return (CALLERS * times * 1_000) / ms
  })
  print(`${CALLERS} processes want one lock, each for 5 ms, ${times} times`, 'holders a second', 0, results)
  print('  and send for each time that one of them gets it', 'commands', 1, sent)
}

async function crash(): Promise<void> {
  const results = await each(sides, async (side, name) => {
    await using holder = await side.open(redis.port)
    await using waiter = await side.open(redis.port)
    holder.hold(name, { seconds: 600 })
    await holder.until('enter')
    waiter.hold(name, { seconds: 0 })
    await sleep(1_000)
    const killedAt = Date.now()
    await holder.kill()
    return ((await waiter.until('acquired')) - killedAt) / 1_000
  })
  print('From the SIGKILL of a holder, 1 s into its lease, to the next one', 's', 1, results)
}

/** Longer than any lease, so that the holder works on while another one may have the lock. */
const CUT_SECONDS = 40

async function cut(): Promise<void> {
  const overlaps = new Map<string, number[]>()
  const results = await each(sides, async (side, name) => {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    await using holder = await side.open(Number(new URL(proxy.url).port))
    await using waiter = await side.open(redis.port)
    holder.hold(name, { seconds: CUT_SECONDS })
    const enteredAt = await holder.until('enter')
    waiter.hold(name, { seconds: 0 })
    await sleep(1_000)
    proxy.blackHole()
    const grantedAt = await waiter.until('acquired')
    const [lost] = holder.all('lost')
    // The body of a side that hears of nothing works to its end.
    const endsAt = lost?.at ?? enteredAt + CUT_SECONDS * 1_000
    overlaps.set(side.name, [...(overlaps.get(side.name) ?? []), Math.max(0, endsAt - grantedAt) / 1_000])
    return lost === undefined ? Number.NaN : (grantedAt - lost.at) / 1_000
  })
  print(
    'A holder is cut off from Redis: it knows, before the next one has the lock, by',
    's (NaN: it never knew)',
    2,
    results,
  )
  print(`  and of a body of ${CUT_SECONDS} s two work at a time for`, 's', 1, overlaps)
}

try {
  if (wanted.has('pairs')) await pairs()
  if (wanted.has('release')) await release()
  if (wanted.has('contended')) await contended()
  if (wanted.has('crash')) await crash()
  if (wanted.has('cut')) await cut()
} finally {
  admin.disconnect()
  await redis.stop()
}
