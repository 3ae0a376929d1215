import {
  type Beside,
  ContenderProcess,
  type Throughput,
  figure,
  inTurns,
  median,
  ratios,
  spread,
  table,
} from './harness.ts'

/** The contenders of a bench, each with the raw code of its client beside it. */
interface Field {
  /** What runs one contender: `<script> <name> <url> <name of the raw code>`. */
  readonly script: URL
  readonly names: readonly string[]
  /** Those whose client is node-redis; that of all the others is ioredis. */
  readonly onNodeRedis: readonly string[]
  readonly rounds: number
  readonly url: string
  /** Of microseconds. @default 0 */
  readonly digits?: number
}

interface BesideRaw<Task extends object> {
  start(name: string, url?: string): Promise<ContenderProcess>
  /** Prints how long the median operation takes. */
  latency(title: string, task: Task): Promise<void>
  /** Prints how many operations are done in a second, and what one of them costs the client. */
  throughput(title: string, task: Task): Promise<void>
}

export function besideRaw<Task extends object>(field: Field): BesideRaw<Task> {
  const { script, names, onNodeRedis, rounds, digits = 0 } = field
  const rawOf = (name: string): string => (onNodeRedis.includes(name) ? 'raw redis' : 'raw ioredis')
  const start = (name: string, url: string = field.url): Promise<ContenderProcess> =>
    ContenderProcess.start(script, name, url, rawOf(name))

  /** Of those who can do the task: the others answer nothing. */
  const measure = async <T>(task: Task): Promise<[name: string, runs: Beside<T>[]][]> => {
    const contenders = await Promise.all(names.map((name) => start(name)))
    const results = await inTurns<Beside<T> | undefined>(contenders, rounds, task)
    await Promise.all(contenders.map((contender) => contender.close()))
    return [...results].flatMap(([name, runs]) => {
      const done = runs.filter((run) => run !== undefined)
      return done.length === 0 ? [] : [[name, done] as [string, Beside<T>[]]]
    })
  }
  // The raw code beside itself shows the noise.
  const titleOf = (name: string): string => (name.startsWith('raw') ? `${name} (beside itself)` : name)
  const middle = (runs: readonly Beside<number>[], digits: number, of: 'own' | 'raw' = 'own'): string =>
    median(runs.map((run) => run[of])).toFixed(digits)

  return {
    start,
    async latency(title, task) {
      const results = await measure<number>(task)
      table(title, [
        ['', 'µs', 'raw µs', '× raw'],
        ...results.map(([name, runs]) => [
          titleOf(name),
          middle(runs, digits),
          middle(runs, digits, 'raw'),
          spread(ratios(runs), digits === 0 ? 2 : 3),
        ]),
      ])
    },
    async throughput(title, task) {
      const results = await measure<Throughput>(task)
      table(title, [
        ['', 'a second', '× raw', 'client CPU µs', '× raw'],
        ...results.map(([name, runs]) => {
          const perSecond = figure(runs, (run) => run.perSecond)
          const cpu = figure(runs, (run) => run.cpuMicros)
          return [
            titleOf(name),
            middle(perSecond, 0),
            spread(ratios(perSecond)),
            middle(cpu, 1),
            spread(ratios(cpu)),
          ]
        }),
      ])
    },
  }
}
