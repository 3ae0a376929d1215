import { ClosedError, type Lockable, resolveOptions } from '@holdfast/core/storage'
import type { HangfireContext } from '../storage/context.ts'
import { serverId as serverIdOf } from '../wire/servers.ts'
import { knownJobs } from '../storage/known-jobs.ts'
import { servedQueues } from '../client/queue-servers.ts'
import { startSchedulers } from '../schedulers/schedulers.ts'
import { publisherOf } from './events.ts'
import { Halt } from './halt.ts'
import type { HangfireHandler } from './handle.ts'
import { Parking } from './parking.ts'
import { presenceOf } from './presence.ts'
import { HandlerRegistry } from './registry.ts'
import { SERVE, STOP, type ServeOptions, type StopOptions } from './serve-options.ts'
import type { ServerContext } from './server-context.ts'
import type { TakenJob } from './taken-job.ts'
import { SERVER_TIMES, type ServerTimes } from './times.ts'
import { wakeUp } from './wake-up.ts'
import { work } from './worker.ts'

/** Runs jobs until it is stopped. */
export interface HangfireServer extends AsyncDisposable {
  /** As Redis and the dashboard have it. */
  readonly id: string
  readonly queues: readonly string[]
  /** How many jobs run now. */
  readonly running: number
  /**
   * Takes no more jobs, aborts the signals of those that run, and waits for them, `graceMs` at most. A body that stops then, or
   * does not end in time, has its job put back to the front of its queue; one that comes to its end has succeeded. Calling it again gives the
   * same promise. It never rejects, and takes a few seconds more than `graceMs` where Redis does not answer.
   */
  stop(options?: StopOptions): Promise<void>
}

export interface ServeInternals {
  readonly times?: ServerTimes | undefined
  readonly onStopped?: (() => void) | undefined
}

/**
 * Starts a server: resolves when Redis shows it.
 *
 * @throws InvalidArgumentError before anything is written
 * @throws HangfireDialectError StorageUnavailableError when it could not be announced
 */
export async function serve(
  storage: HangfireContext,
  locks: Lockable<[resource: string]>,
  options: ServeOptions,
  handlers: readonly HangfireHandler[],
  { times = SERVER_TIMES, onStopped }: ServeInternals = {},
): Promise<HangfireServer> {
  const { queues, concurrency, holdfast, name, unknownJobs } = resolveOptions(SERVE, options)
  const registry = new HandlerRegistry(handlers)
  const handled = knownJobs(storage.mode)
  for (const { job } of registry.handlers) {
    handled.add(job)
    storage.jobs.add(job)
  }
  const dialect = await storage.dialect()
  const id = serverIdOf(name, process.pid, crypto.randomUUID())
  const server: ServerContext = {
    storage,
    dialect,
    locks,
    idempotency: holdfast.idempotency,
    serverId: id,
    queues,
    registry,
    times,
    unknownJobs,
    publish: publisherOf(id),
    stopping: new Halt(),
    abandoning: new Halt(),
  }
  const presence = presenceOf(server, concurrency)
  await presence.announce()

  const running = new Set<TakenJob>()
  const parking = new Parking()
  const heartbeat = setInterval(() => {
    presence
      .announce()
      .catch((error: unknown) => server.publish({ type: 'troubled', doing: 'a heartbeat', error }))
  }, times.heartbeatMs)
  const wakes = wakeUp(server, parking, running)
  const schedulers = startSchedulers(storage, {
    locks,
    handled,
    limits: times.watcher,
    serverTimeoutMs: times.serverTimeoutMs,
    intervalsMs: times.schedulers,
    onError: (error) => server.publish({ type: 'troubled', doing: 'looking after the queues', error }),
  })
  const served = servedQueues(storage)
  for (const { job } of registry.handlers) served.check(job, job.queue)
  const workers = Array.from({ length: concurrency }, () => work({ server, presence, parking, running }))
  let stopped: Promise<void> | undefined

  async function stop(graceMs: number): Promise<void> {
    server.stopping.end()
    parking.close()
    wakes.stop()
    const closed = new ClosedError()
    for (const taken of running) taken.abort(closed)
    const grace = setTimeout(() => {
      server.abandoning.end()
      for (const taken of running) taken.abandoned.end()
    }, graceMs)
    await Promise.all([...workers, schedulers.stop()])
    clearTimeout(grace)
    clearInterval(heartbeat)
    await presence.withdraw().catch((error: unknown) => {
      server.publish({ type: 'troubled', doing: 'leaving', error })
    })
    server.publish({ type: 'stopped' })
    onStopped?.()
  }

  return {
    id,
    queues,
    get running() {
      return running.size
    },
    // Checked before anything stops: a refused call leaves the server as it is.
    async stop(how = {}) {
      const { graceMs } = resolveOptions(STOP, how)
      await (stopped ??= stop(graceMs))
    },
    [Symbol.asyncDispose]: () => (stopped ??= stop(15_000)),
  }
}
