/**
 * What the benches share. Contenders run in processes of their own and in turns, so that whatever else the machine does
 * hits all of them; a ratio is taken within a round, and its range over the rounds is printed with its median.
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

  /** Runs `script <contender> <url>`. */
  static async start(script: URL, name: string, url: string): Promise<ContenderProcess> {
    const execArgv = ['--conditions=@holdfast/source', '--no-warnings']
    const child = fork(script, [name, url], { execArgv })
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

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** `1.23 (1.10 … 1.30)`: the median, and the range of the rounds. */
export function spread(numbers: readonly number[]): string {
  return `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)} … ${Math.max(...numbers).toFixed(2)})`
}

/** One value by another of the same round. */
export function ratios(values: readonly number[], base: readonly number[]): number[] {
  return values.map((value, round) => value / (base[round] ?? Number.NaN))
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
