/** What `hangfire.ts` holds beside each other: a side that enqueues, and a side that serves, each in separate processes. */
import { ContenderProcess } from './harness.ts'
import { DotnetProcess } from '@holdfast/test-dotnet/dotnet-process'

export const QUEUE = 'bench'
export const CONCURRENCY = 20

export interface Enqueuer extends AsyncDisposable {
  /** @returns how many milliseconds it took */
  enqueue(count: number, inFlight: number): Promise<number>
}

export interface Side {
  readonly name: string
  /** How many calls it can have in flight when it enqueues: .NET's client blocks, and has one. */
  readonly inFlight: readonly number[]
  enqueuer(port: number): Promise<Enqueuer>
  /** Starts a process that runs jobs until it is disposed of. */
  serve(port: number): Promise<AsyncDisposable>
}

/** @param name of what the worker knows: `holdfast` or `raw` */
export function nodeSide(name: string): Side {
  const start = (port: number): Promise<ContenderProcess> =>
    ContenderProcess.start(
      new URL('./hangfire-worker.ts', import.meta.url),
      name,
      `redis://127.0.0.1:${port}`,
    )
  return {
    name,
    inFlight: [1, 64],
    async enqueuer(port) {
      const worker = await start(port)
      return {
        enqueue: (count, inFlight) => worker.run<number>({ run: 'enqueue', count, inFlight }),
        [Symbol.asyncDispose]: () => worker.close(),
      }
    },
    async serve(port) {
      const worker = await start(port)
      await worker.run({ run: 'serve' })
      return { [Symbol.asyncDispose]: () => worker.close() }
    },
  }
}

/** @param program the assembly of tests/dotnet on one generation of Hangfire's storage */
export function dotnetSide(name: string, program: string): Side {
  const options = (port: number): readonly string[] => [
    '--redis',
    `127.0.0.1:${port}`,
    '--log',
    'fatal',
    '--quiet',
    'on',
  ]
  return {
    name,
    inFlight: [1],
    async enqueuer(port) {
      const client = new DotnetProcess(program, ['drive', ...options(port)])
      await client.until('driving')
      return {
        async enqueue(count) {
          const from = client.said.length
          client.write(`enqueue ${count} --kind empty --queue ${QUEUE} --quiet on`)
          const { ms } = await client.until('enqueued', () => true, { from, withinMs: 600_000 })
          return ms
        },
        [Symbol.asyncDispose]: () => client.stop(),
      }
    },
    async serve(port) {
      const workers = ['--queues', QUEUE, '--workers', `${CONCURRENCY}`]
      const server = new DotnetProcess(program, ['serve', ...workers, ...options(port)])
      await server.until('started')
      return { [Symbol.asyncDispose]: () => server.stop() }
    },
  }
}
