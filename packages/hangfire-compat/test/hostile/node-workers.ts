import { createHoldfast, memoryStorage } from '@holdfast/core'
import { createHangfireLocks, defineHangfireJob, t } from '../../src/index.ts'
import { type DisableConcurrentExecutionOptions, handle } from '../../src/index.ts'
import { type HangfireServer, serve } from '../../src/server/serve.ts'
import { SERVER_TIMES, type ServerTimes } from '../../src/server/times.ts'
import type { HangfireContext } from '../../src/storage/context.ts'

/** A job that Node runs, and .NET knows by its interface. */
export const work = defineHangfireJob({
  type: 'Acme.Contracts.INodeJobs, Acme.Contracts',
  method: 'Work',
  queue: 'node',
  parameters: [t.string],
})

/** What bodies did, as they saw it themselves. */
export class Witness {
  /** Ids in the order in which their bodies began. */
  readonly begun: string[] = []
  readonly returned: string[] = []
  /** Ids of which two bodies ran at once. */
  readonly overlaps: string[] = []
  readonly #running = new Set<string>()

  async watch<T>(id: string, body: () => Promise<T>): Promise<T> {
    if (this.#running.has(id)) this.overlaps.push(id)
    this.#running.add(id)
    this.begun.push(id)
    try {
      const value = await body()
      this.returned.push(id)
      return value
    } finally {
      this.#running.delete(id)
    }
  }
}

export interface NodeWorkersOptions {
  readonly witness: Witness
  readonly body?: (id: string, signal: AbortSignal) => Promise<unknown>
  readonly attempts?: number
  readonly times?: Partial<ServerTimes>
  readonly concurrency?: number
  /** Of the locks; .NET's is 30 s. */
  readonly leaseMs?: number
  readonly lock?: DisableConcurrentExecutionOptions<readonly [string]>
}

export interface NodeWorkers extends AsyncDisposable {
  readonly server: HangfireServer
}

/** A server for the queue `node`. */
export async function nodeWorkers(
  context: HangfireContext,
  {
    witness,
    body = () => Promise.resolve(),
    attempts = 2,
    times,
    concurrency = 2,
    leaseMs,
    lock,
  }: NodeWorkersOptions,
): Promise<NodeWorkers> {
  const { prefix } = context.keys
  const holdfast = createHoldfast({ storage: memoryStorage(), prefix: 'test' })
  const locks = createHangfireLocks(context.client, { prefix, leaseMs, callTimeoutMs: 60_000 })
  const rules = { automaticRetry: { attempts, delaysMs: [1] }, disableConcurrentExecution: lock }
  const handler = handle(work, rules, (_args, job) => witness.watch(job.id, () => body(job.id, job.signal)))
  const options = { queues: ['node'], concurrency, holdfast }
  const server = await serve(context, locks, options, [handler], { times: { ...SERVER_TIMES, ...times } })
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server.stop({ graceMs: 0 })
      await holdfast.close()
      await locks.close()
    },
  }
}
