import { randomUUID } from 'node:crypto'
import { createHoldfast, HoldfastError, memoryStorage, type Holdfast } from '@holdfast/core'
import type { Storage } from '@holdfast/core/storage'
import { Redis } from 'ioredis'
import { type HangfireLocks, createHangfireLocks } from '../../src/index.ts'
import { encodeCall } from '../../src/jobs/job-definition.ts'
import { readJob, type HangfireJobDetails } from '../../src/monitor/job-details.ts'
import type { HangfireHandler } from '../../src/server/handle.ts'
import { type HangfireServer, serve } from '../../src/server/serve.ts'
import type { ServeOptions } from '../../src/server/serve-options.ts'
import type { ServerTimes } from '../../src/server/times.ts'
import type { ContextOptions, HangfireContext } from '../../src/storage/context.ts'
import { createJob } from '../../src/transitions/create-job.ts'
import type { JobState } from '../../src/wire/states.ts'
import type { ClientName } from '../locks/node-peer.ts'
import { openContext } from '../transitions/open-context.ts'
import { echo, HURRIED } from './jobs.ts'

export { echo, HURRIED } from './jobs.ts'

export const url = process.env['REDIS_URL'] ?? ''

/** A prefix for one test, with a server in Node and what looks at it. */
export interface Stage extends AsyncDisposable {
  readonly prefix: string
  readonly context: HangfireContext
  readonly locks: HangfireLocks
  readonly holdfast: Holdfast
  readonly redis: Redis
  key(name: string): string
  serve(
    handlers: readonly HangfireHandler[],
    options?: Partial<ServeOptions>,
    times?: Partial<ServerTimes>,
  ): Promise<HangfireServer>
  enqueue(
    text: string,
    more?: { id?: string; queue?: string; state?: (now: number) => JobState },
  ): Promise<string>
  job(id: string): Promise<HangfireJobDetails>
  /** The names of its states, oldest first. */
  states(id: string): Promise<readonly string[]>
}

export async function openStage(
  client: ClientName,
  options: Partial<ContextOptions> = {},
  at: string = url,
  storage: Storage = memoryStorage(),
): Promise<Stage> {
  const prefix = options.prefix ?? `{${randomUUID()}}:`
  const open = await openContext(client, at, { ...options, prefix })
  const { context } = open
  // A test with a short deadline does not mean the connecting.
  for (let isUp = false; !isUp;) {
    isUp = await context.client.send(['PING']).then(
      () => true,
      () => false,
    )
  }
  const locks = createHangfireLocks(context.client, { prefix })
  const holdfast = createHoldfast({ storage, prefix: 'test' })
  const redis = new Redis(at)
  redis.on('error', () => {})
  const servers: HangfireServer[] = []
  const job = async (id: string): Promise<HangfireJobDetails> => {
    const found = await readJob(context.reader, context.keys, id)
    if (found === undefined) throw new Error(`no job ${id}`)
    return found
  }
  return {
    prefix,
    context,
    locks,
    holdfast,
    redis,
    key: (name) => `${prefix}${name}`,
    async serve(handlers, more = {}, times = {}) {
      const server = await serve(
        context,
        locks,
        { queues: ['node'], concurrency: 2, holdfast, ...more },
        handlers,
        { times: { ...HURRIED, ...times } },
      )
      servers.push(server)
      return server
    },
    async enqueue(text, { id = randomUUID(), queue = 'node', state } = {}) {
      const dialect = await context.dialect()
      // A short deadline is for the server, not for the test.
      for (let isThere = false; !isThere;) {
        isThere = await createJob(context, {
          id,
          invocation: encodeCall(echo, [text], dialect),
          steps: (now) => [state?.(now) ?? { name: 'Enqueued', enqueuedAt: now, queue }],
        }).then(
          () => true,
          (error: unknown) => {
            if (HoldfastError.isInstance(error) && error.code === 'STORAGE_UNAVAILABLE') return false
            throw error
          },
        )
      }
      return id
    },
    job,
    async states(id) {
      const { history } = await job(id)
      return history.map(({ name }) => name).toReversed()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.stop({ graceMs: 0 })))
      await holdfast.close()
      await locks.close()
      await open[Symbol.asyncDispose]()
      redis.disconnect()
    },
  }
}
