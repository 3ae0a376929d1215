import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import type { Fields } from '../wire/fields.ts'
import { CALL_FIELDS } from './scheduler-options.ts'

/** An entry of a `dequeued` list: a job that a worker took and has not acknowledged. */
export interface FetchedJob {
  readonly id: string
  readonly queue: string
  /** What a watcher needs of the hashes of the job and its state; empty where there is none. */
  readonly job: Fields
  readonly state: Fields
}

/** All of them, in two round trips. */
export async function readFetched(
  { keys, reader }: HangfireContext,
  queues: readonly string[],
): Promise<readonly FetchedJob[]> {
  const found = collect()
  const lists = await Promise.all(
    queues.map(async (queue) => ({ queue, ids: await reader.list(keys.dequeued(queue), 0, -1, found) })),
  )
  const fields = [...CALL_FIELDS, 'State', 'Fetched', 'Checked']
  const read = async (queue: string, id: string): Promise<FetchedJob> => {
    const [job, state] = await Promise.all([
      reader.fields(keys.job(id), fields, found),
      reader.fields(keys.jobState(id), ['ServerId', 'EnqueueAt'], found),
    ])
    return { id, queue, job, state }
  }
  return await Promise.all(lists.flatMap(({ queue, ids }) => ids.map((id) => read(queue, id))))
}

/** When the servers started, and their last signs of life, by their ids. */
export async function readPulses(
  { keys, reader }: HangfireContext,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, Fields>> {
  const found = collect()
  const read = async (id: string): Promise<readonly [string, Fields]> => [
    id,
    await reader.fields(keys.server(id), ['StartedAt', 'Heartbeat'], found),
  ]
  return new Map(await Promise.all(Array.from(new Set(ids), read)))
}
