/**
 * What the benches share. Every contender runs in a separate process together with the raw code that it is held
 * against, and the two alternate there, operation by operation or slice by slice: what the machine does in the
 * meantime hits both. The ratio is taken within a round; its range over the rounds is printed with its median, and so
 * is that of the raw code beside itself, which shows how much of a ratio is noise.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A contender's process. It sends one message when it is ready, and answers each task with one. */
export class ContenderProcess {
  readonly name: string
  readonly #child: ChildProcess

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
  }

  /** Runs `script <contender> <url> <…more>`. */
  static async start(
    script: URL,
    name: string,
    url: string,
    ...more: readonly string[]
  ): Promise<ContenderProcess> {
    const execArgv = ['--conditions=@holdfast/source', '--no-warnings', '--expose-gc']
    const child = fork(script, [name, url, ...more], { execArgv })
    const gone = once(child, 'exit').then(([code]) => {
      throw new Error(`${name} ended with ${String(code)}`)
    })
    await Promise.race([once(child, 'message'), gone])
    gone.catch(() => undefined)
    return new ContenderProcess(name, child)
  }

  async run<T>(task: object): Promise<T> {
    const answered = once(this.#child, 'message')
    this.#child.send(task)
    const [{ result, error }] = (await answered) as [{ result: T; error?: string }]
    if (error !== undefined) throw new Error(`${this.name}: ${error}`)
    return result
  }

  /** SIGSTOP and SIGCONT. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async close(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }
}

/** Has every contender do the task in every round, the first one a different one each time; once before it counts. */
export async function inTurns<T>(
  contenders: readonly ContenderProcess[],
  rounds: number,
  task: object,
): Promise<Map<string, T[]>> {
  const results = new Map<string, T[]>(contenders.map(({ name }) => [name, []]))
  for (const contender of contenders) await contender.run(task)
  for (let round = 0; round < rounds; round += 1) {
    const first = round % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      results.get(contender.name)?.push(await contender.run<T>(task))
    }
  }
  return results
}

/** What a contender and the raw code beside it did in one round. */
export interface Beside<T> {
  readonly own: T
  readonly raw: T
}

/** Microseconds of the median operation of each, one of the one after one of the other. */
export async function alternate(
  own: () => Promise<unknown>,
  raw: () => Promise<unknown>,
  count: number,
): Promise<Beside<number>> {
  const times: { own: number[]; raw: number[] } = { own: [], raw: [] }
  const timed = async (operation: () => Promise<unknown>): Promise<number> => {
    const startedAt = performance.now()
    await operation()
    return performance.now() - startedAt
  }
  for (let i = 0; i < count; i += 1) {
    times.own.push(await timed(own))
    times.raw.push(await timed(raw))
  }
  return { own: median(times.own) * 1_000, raw: median(times.raw) * 1_000 }
}

export interface Throughput {
  readonly perSecond: number
  /** Of the client's process, for one operation. */
  readonly cpuMicros: number
}

const SLICE_MS = 50
/** A process that has waited for its turn has given memory back, and collects garbage far more often until it grows. */
const WARM_UP_MS = 300

/**
 * Callers at a time, each one operation after the other, for slices of time: one of the one, one of the other. The first
 * slices do not count.
 */
export async function alternateSlices(
  own: (caller: number) => Promise<unknown>,
  raw: (caller: number) => Promise<unknown>,
  { callers, ms }: { readonly callers: number; readonly ms: number },
): Promise<Beside<Throughput>> {
  const slice = async (operation: (caller: number) => Promise<unknown>, sum: Slices): Promise<void> => {
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        while (performance.now() - startedAt < SLICE_MS) {
          await operation(caller)
          sum.done += 1
        }
      }),
    )
    sum.ms += performance.now() - startedAt
    const { user, system } = process.cpuUsage(cpu)
    sum.cpuMicros += user + system
  }
  const slices = async (forMs: number): Promise<Beside<Slices>> => {
    const sums = { own: { done: 0, ms: 0, cpuMicros: 0 }, raw: { done: 0, ms: 0, cpuMicros: 0 } }
    while (sums.own.ms < forMs) {
      await slice(own, sums.own)
      await slice(raw, sums.raw)
    }
    return sums
  }
  await slices(WARM_UP_MS)
  const sums = await slices(ms)
  return { own: throughputOf(sums.own), raw: throughputOf(sums.raw) }
}

interface Slices {
  done: number
  ms: number
  cpuMicros: number
}

function throughputOf({ done, ms, cpuMicros }: Slices): Throughput {
  return { perSecond: (done * 1_000) / ms, cpuMicros: cpuMicros / done }
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** `1.23 (1.10 … 1.30)`: the median, and the range of the rounds. */
export function spread(numbers: readonly number[], digits: number = 2): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  return `${median(numbers).toFixed(digits)} (${least.toFixed(digits)} … ${most.toFixed(digits)})`
}

/** The contender's by the raw code's of the same round. */
export function ratios(rounds: readonly Beside<number>[]): number[] {
  return rounds.map(({ own, raw }) => own / raw)
}

/** Picks one figure of both. */
export function figure<T>(rounds: readonly Beside<T>[], pick: (of: T) => number): Beside<number>[] {
  return rounds.map(({ own, raw }) => ({ own: pick(own), raw: pick(raw) }))
}

/** Prints rows in columns, the first one to the left, the others to the right. */
export function table(title: string, rows: readonly (readonly string[])[]): void {
  const widths = rows.reduce<number[]>(
    (so, row) => row.map((cell, i) => Math.max(so[i] ?? 0, cell.length)),
    [],
  )
  console.log(`\n${title}`)
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    )
    console.log(`  ${cells.join('  ')}`)
  }
}
