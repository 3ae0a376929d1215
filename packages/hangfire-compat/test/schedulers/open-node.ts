import { randomUUID } from 'node:crypto'
import { endedWithLastUser } from '@holdfast/core/storage'
import { type RedisClient, serverTime } from '@holdfast/redis-protocol'
import type { HangfireJob } from '../../src/jobs/job-definition.ts'
import type { BackgroundProcess } from '../../src/schedulers/background-process.ts'
import type { SchedulerOptions } from '../../src/schedulers/scheduler-options.ts'
import { type ContextOptions, type HangfireContext, createContext } from '../../src/storage/context.ts'
import { knownJobs } from '../../src/storage/known-jobs.ts'
import { type HangfireLocks, createHangfireLocks } from '../../src/index.ts'
import { type ClientName, connect } from '../locks/node-peer.ts'

export const fresh = (): string => `{${randomUUID()}}:`

export interface OpenNodeOptions extends Partial<Omit<ContextOptions, 'prefix'>> {
  readonly client?: ClientName
  readonly leaseMs?: number
  /** What stands between the process and its client. */
  readonly around?: (client: RedisClient) => RedisClient
  readonly handled?: readonly HangfireJob<readonly unknown[], never>[]
  readonly intervalMs?: number
}

export interface OpenNode extends AsyncDisposable {
  readonly context: HangfireContext
  readonly locks: HangfireLocks
  /** Of a scheduler here. It looks again after 20 ms. */
  readonly options: SchedulerOptions
  /** What the schedulers could not do. */
  readonly errors: unknown[]
  /** Starts one that is stopped with the rest. */
  start<O>(
    start: (context: HangfireContext, options: O & SchedulerOptions) => BackgroundProcess,
    more: O,
  ): BackgroundProcess
}

/** What a server in Node has for its schedulers, on a client that nothing else uses. */
export async function openNode(
  url: string,
  prefix: string,
  options: OpenNodeOptions = {},
): Promise<OpenNode> {
  const {
    client: name = 'ioredis',
    leaseMs,
    around = (client) => client,
    handled = [],
    intervalMs = 20,
    ...rest
  } = options
  const connected = await connect(name, url)
  const client = around(connected.client)
  const link = {
    connection: client.connection,
    time: () => serverTime(client),
    ...endedWithLastUser(() => client.detach()),
  }
  const context = createContext(client, link, {
    prefix,
    mode: 'own',
    dialect: { dates: 'ms', typeNames: 'simple' },
    callTimeoutMs: 60_000,
    ...rest,
  })
  const locks = createHangfireLocks(client, { prefix, leaseMs, callTimeoutMs: rest.callTimeoutMs ?? 60_000 })
  const known = knownJobs(rest.mode ?? 'own')
  for (const job of handled) known.add(job)
  const errors: unknown[] = []
  const running: BackgroundProcess[] = []
  const schedulerOptions = {
    locks,
    handled: known,
    onError: (error: unknown) => void errors.push(error),
    intervalMs,
  }
  return {
    context,
    locks,
    options: schedulerOptions,
    errors,
    start(start, more) {
      const process = start(context, { ...schedulerOptions, ...more })
      running.push(process)
      return process
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((each) => each.stop()))
      await locks.close()
      context.close()
      connected.end()
    },
  }
}
