import { changeState } from '../transitions/change-state.ts'
import { sharedKeys } from '../transitions/lua.ts'
import { encodeDate, isoOf } from '../wire/dates.ts'
import { encodeState } from '../wire/states.ts'
import { encodeHistoryEntry } from '../wire/stored-state.ts'
import { decodeFetch, type FetchReply, fetchJob } from './fetch.ts'
import type { Parking } from './parking.ts'
import type { Presence } from './presence.ts'
import { runJob } from './run-job.ts'
import type { ServerContext } from './server-context.ts'
import { readStateless } from './stateless.ts'
import { TakenJob } from './taken-job.ts'

export interface WorkerDeps {
  readonly server: ServerContext
  readonly presence: Presence
  readonly parking: Parking
  /** The jobs that run, for the server to stop. */
  readonly running: Set<TakenJob>
}

/** How often in a row a worker looks behind jobs that have no handler. */
const MOST_TURNS = 50

/** Takes jobs and runs them, one at a time, until the server stops. Never rejects. */
export async function work(deps: WorkerDeps): Promise<void> {
  const { server, presence, parking } = deps
  const { stopping, times, publish } = server
  // A GUID, of which .NET's page shows the first characters.
  const workerId = crypto.randomUUID()
  let turns = 0
  while (!stopping.isOver) {
    try {
      const reply = await fetch(server, workerId)
      turns = reply.found === 'turned' ? turns + 1 : 0
      switch (reply.found) {
        case 'job':
          await run(deps, workerId, reply)
          break
        case 'unknown':
          await meetUnknown(server, reply)
          break
        case 'stateless':
          // There may be more behind it.
          parking.wake()
          await readStateless(server, reply)
          break
        case 'no server':
          await presence.announce()
          break
        case 'busy':
          await stopping.pause(times.busyMs)
          break
        case 'turned':
          if (turns >= MOST_TURNS) await parking.wait()
          break
        case 'nothing':
          await parking.wait()
          break
      }
    } catch (error) {
      publish({ type: 'troubled', doing: 'taking a job', error })
      await stopping.pause(times.retryMs)
    }
  }
}

async function fetch(server: ServerContext, workerId: string): Promise<FetchReply> {
  const { storage, dialect, serverId, queues, registry } = server
  const { keys } = storage
  const now = Math.floor(await storage.now())
  const state = encodeState({ name: 'Processing', startedAt: now, serverId, workerId }, dialect)
  return await storage.run(
    fetchJob,
    [...sharedKeys(keys), keys.server(serverId), workerKey(server, workerId)],
    [
      queues.join(','),
      serverId,
      workerId,
      encodeDate(now, dialect.dates),
      encodeHistoryEntry({ ...state, createdAt: now }, dialect.dates),
      registry.known,
      registry.unknown,
      isoOf(now),
    ],
    decodeFetch,
  )
}

/** What a worker has taken: beside .NET's keys, which do not say it. */
export function workerKey({ storage }: Pick<ServerContext, 'storage'>, workerId: string): string {
  return `${storage.keys.prefix}holdfast:worker:${workerId}`
}

async function run(
  { server, parking, running }: WorkerDeps,
  workerId: string,
  reply: Extract<FetchReply, { readonly found: 'job' }>,
): Promise<void> {
  // Where one job was, there may be more.
  parking.wake()
  const { Type: type = '', Method: method = '', ParameterTypes: parameterTypes = '' } = reply.fields
  const handler = server.registry.learn({ type, method, parameterTypes })
  if (handler === undefined) throw new Error(`Redis gave job ${reply.id}, which no handler is for.`)
  const taken = new TakenJob(server, workerId, reply)
  running.add(taken)
  try {
    await runJob(server, taken, handler)
  } finally {
    taken.release()
    running.delete(taken)
  }
}

/** A call without a handler is left alone, or fails as .NET's own servers fail it. Its type is never looked for (H10). */
async function meetUnknown(
  server: ServerContext,
  { id, queue, call }: Extract<FetchReply, { readonly found: 'unknown' }>,
): Promise<void> {
  const { registry, unknownJobs, publish, storage, serverId } = server
  // Another worker may have met it meanwhile.
  if (registry.isUnknown(call) || registry.learn(call) !== undefined) return
  const text = `${call.type}.${call.method}`
  publish({ type: 'unknownJob', id, queue, call: text })
  if (unknownJobs === 'leave') return
  registry.forget(call)
  const steps = (now: number) => [
    {
      name: 'Failed' as const,
      reason: UNKNOWN,
      failedAt: now,
      exceptionType: 'Hangfire.Common.JobLoadException',
      exceptionMessage: `No handler of this server is for ${text}.`,
      exceptionDetails: '',
      serverId,
    },
  ]
  // Its id stays in the queue, and is dropped there by the next look.
  await changeState(storage, { id, from: ['Enqueued', 'Scheduled', 'Processing'], steps })
}

/** What .NET says of a job whose type or method it does not find. */
const UNKNOWN = "Can not change the state to 'Processing': target method was not found."
