import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import { encodeDate } from '../wire/dates.ts'
import { lockResources } from '../wire/keys.ts'
import { type BackgroundProcess, RETRY_MS, runInBackground } from './background-process.ts'
import {
  type FetchedEntry,
  type Judgement,
  WATCHER_LIMITS,
  type WatcherLimits,
  instantOf,
  judgeFetched,
} from './judge-fetched.ts'
import { markFetched } from './mark-fetched.ts'
import { type FetchedJob, readFetched, readPulses } from './read-fetched.ts'
import { removeServer } from './remove-server.ts'
import { withSchedulerLock } from './scheduler-lock.ts'
import { type SchedulerOptions, isTouched } from './scheduler-options.ts'
import { SERVER_TIMEOUT_MS, ServerPulses } from './server-pulses.ts'
import { settleFetched } from './settle-fetched.ts'

export interface FetchedWatcherOptions extends SchedulerOptions {
  readonly limits?: WatcherLimits | undefined
  readonly serverTimeoutMs?: number | undefined
}

/**
 * Puts jobs back into their queues whose worker died, removes what workers left behind, as .NET's watcher does, and publishes
 * it to those that wait. In a prefix of Node's own it removes dead servers, too; in a shared one .NET does.
 *
 * It decides by what it read, and each change is one script that does nothing if that has changed meanwhile: it takes .NET's lock
 * only when there is something to do.
 */
export function startFetchedWatcher(
  context: HangfireContext,
  options: FetchedWatcherOptions,
): BackgroundProcess {
  const { intervalMs = 60_000, onError, serverTimeoutMs = SERVER_TIMEOUT_MS } = options
  const pulses = new ServerPulses(serverTimeoutMs, intervalMs)
  return runInBackground({ intervalMs, onError, pass: (signal) => watch(context, options, pulses, signal) })
}

const noServers: readonly string[] = []

interface JudgedJob extends FetchedJob {
  readonly judgement: Judgement
}

async function watch(
  context: HangfireContext,
  { handled, limits = WATCHER_LIMITS, locks }: FetchedWatcherOptions,
  pulses: ServerPulses,
  stopping: AbortSignal,
): Promise<number | undefined> {
  const { keys, mode, reader, run } = context
  const found = collect()
  const [queues, servers] = await Promise.all([
    reader.set(keys.queues, found),
    mode === 'own' ? reader.set(keys.servers, found) : noServers,
  ])
  const fetched = (await readFetched(context, queues)).filter(({ job }) => isTouched(context, handled, job))
  const seen = await readPulses(context, [
    ...servers,
    ...fetched.flatMap(({ state }) => state.ServerId ?? []),
  ])
  const dead = pulses.look(seen)
  const now = await context.now()
  const judged = fetched.map((each) => ({
    ...each,
    judgement: judgeFetched(entryOf(each, dead), now, limits),
  }))
  const todo = judged.filter(({ judgement }) => judgement !== 'leave')

  let isHeld = false
  for (const queue of new Set(todo.map((each) => each.queue))) {
    const resource = lockResources.fetchedWatcher(queue)
    const ran = await withSchedulerLock(locks, resource, stopping, async (signal) => {
      for (const each of todo) if (each.queue === queue && !signal.aborted) await act(context, each, now)
    })
    isHeld ||= !ran
  }
  for (const id of servers) {
    if (!dead.has(id) || stopping.aborted) continue
    const names: [string, string, string] = [keys.servers, keys.server(id), keys.serverQueues(id)]
    await run(removeServer, names, [id, seen.get(id)?.Heartbeat ?? ''], Boolean)
  }
  return isHeld ? RETRY_MS : undefined
}

function entryOf({ job, state }: FetchedJob, dead: ReadonlySet<string>): FetchedEntry {
  return {
    // A hash that a watcher of .NET made of a job that was gone has neither.
    exists: job.Type !== undefined || job.State !== undefined,
    state: job.State,
    fetched: job.Fetched,
    checked: job.Checked,
    enqueueAt: instantOf(state.EnqueueAt),
    isOfDeadServer: state.ServerId !== undefined && dead.has(state.ServerId),
  }
}

async function act(
  context: HangfireContext,
  { id, job, judgement, queue, state }: JudgedJob,
  now: number,
): Promise<void> {
  const { keys, run } = context
  const { Checked = '', Fetched = '', State = '' } = job
  if (judgement === 'mark') {
    const { dates } = await context.dialect()
    const args: [string, string, string, string] = [id, Fetched, Checked, encodeDate(now, dates)]
    await run(markFetched, [keys.job(id), keys.dequeued(queue)], args, Boolean)
    return
  }
  const lock = keys.lock(lockResources.jobState(id))
  await run(
    settleFetched,
    [keys.job(id), keys.jobState(id), lock, keys.dequeued(queue), keys.queue(queue)],
    [id, Fetched, Checked, State, state.ServerId ?? '', judgement === 'requeue' ? keys.fetchChannel : ''],
    Boolean,
  )
}
