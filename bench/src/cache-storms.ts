/** What several processes that want one key at the same moment get. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FRESH_MS } from './cache-contender.ts'
import { CommandCount } from './cache-servers.ts'
import type { CacheTask, Storm } from './cache-worker.ts'
import { type ContenderProcess, median, spread, table } from './harness.ts'

type Start = (name: string, url?: string) => Promise<ContenderProcess>

interface StormPlan {
  readonly names: readonly string[]
  readonly start: Start
  readonly rounds: number
  readonly url: string
  /** In each of two processes. */
  readonly callers: number
  readonly by: 'getOrCreate' | 'getOrRefresh'
}

const LOAD_MS = 50
/** Long enough for the message to arrive. */
const AHEAD_MS = 30

async function storm(
  processes: readonly ContenderProcess[],
  { callers, by }: Pick<StormPlan, 'callers' | 'by'>,
  key: string = `storm:${Math.random()}`,
): Promise<Storm | undefined> {
  const atMs = Number(process.hrtime.bigint()) / 1e6 + AHEAD_MS
  const task: CacheTask = { run: 'storm', key, atMs, callers, loadMs: LOAD_MS, by }
  const parts = await Promise.all(processes.map((one) => one.run<Storm | undefined>(task)))
  const storms = parts.filter((part) => part !== undefined)
  if (storms.length < parts.length) return undefined
  return {
    loads: storms.reduce((sum, { loads }) => sum + loads, 0),
    answers: storms.flatMap(({ answers }) => answers),
  }
}

/** A key that is stale when the storm begins. */
async function staleKey(one: ContenderProcess): Promise<string> {
  const key = `stale:${Math.random()}`
  await one.run({ run: 'store', key, by: 'getOrRefresh' })
  await sleep(FRESH_MS * 1.1)
  return key
}

export async function stormOf(title: string, plan: StormPlan): Promise<void> {
  const { names, start, rounds, url, by } = plan
  const isStale = by === 'getOrRefresh'
  const pairs = new Map<string, readonly ContenderProcess[]>()
  const runs = new Map<string, Storm[]>()
  const commands = new Map<string, string>()
  for (const name of names) {
    const pair = [await start(name), await start(name)] as const
    const once = async (): Promise<Storm | undefined> =>
      await storm(pair, plan, isStale ? await staleKey(pair[0]) : undefined)
    if ((await once()) === undefined) {
      await Promise.all(pair.map((one) => one.close()))
      continue
    }
    await once()
    await using count = await CommandCount.start(url)
    const key = isStale ? await staleKey(pair[0]) : undefined
    await count.reset()
    await storm(pair, plan, key)
    commands.set(name, await count.sent())
    pairs.set(name, pair)
    runs.set(name, [])
  }
  const turns = [...pairs]
  for (let round = 0; round < rounds; round += 1) {
    const first = round % turns.length
    for (const [name, pair] of [...turns.slice(first), ...turns.slice(0, first)]) {
      const run = await storm(pair, plan, isStale ? await staleKey(pair[0] as ContenderProcess) : undefined)
      if (run !== undefined) runs.get(name)?.push(run)
    }
  }
  for (const pair of pairs.values()) await Promise.all(pair.map((one) => one.close()))

  table(title, [
    ['', 'loads', 'commands', 'first ms', 'last ms', 'p99 of a wait ms'],
    ...[...runs].map(([name, all]) => {
      const last = all.map(({ answers }) => Math.max(...answers.map(([afterMs]) => afterMs)))
      const first = all.map(({ answers }) => Math.min(...answers.map(([afterMs]) => afterMs)))
      const p99 = all.map(({ answers }) => {
        const waits = answers.map(([, waitedMs]) => waitedMs).toSorted((a, b) => a - b)
        return waits[Math.floor(waits.length * 0.99)] ?? Number.NaN
      })
      return [
        name,
        eachOf(all.map(({ loads }) => loads)),
        commands.get(name) ?? '',
        median(first).toFixed(1),
        spread(last),
        spread(p99),
      ]
    }),
  ])
}

export async function loadsOfMany(names: readonly string[], start: Start, rounds: number): Promise<void> {
  const rows = [['', 'loads']]
  for (const name of names) {
    const processes = await Promise.all(Array.from({ length: 4 }, () => start(name)))
    const loads: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const run = await storm(processes, { callers: 50, by: 'getOrCreate' })
      if (run !== undefined) loads.push(run.loads)
    }
    rows.push([name, eachOf(loads)])
    await Promise.all(processes.map((one) => one.close()))
  }
  table('4 processes × 50 callers of a cold key', rows)
}

/** `1`, or `1 … 3` when the rounds differ. */
function eachOf(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return least === most ? String(least) : `${least} … ${most}`
}
