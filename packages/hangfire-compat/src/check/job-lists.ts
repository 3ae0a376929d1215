import type { Reader } from '../monitor/reader.ts'
import type { Found } from '../monitor/unreadable.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { decodeScheduleMember } from '../wire/schedule.ts'

/** Where the lists of a prefix have a job. */
export interface Placement {
  /** Queues in which it waits. */
  readonly queuedIn: readonly string[]
  /** Queues from which a worker took it, without an acknowledgement so far. */
  readonly fetchedFrom: readonly string[]
}

export interface JobLists {
  /** Every id that a list has, as far as it was looked at. */
  readonly jobs: ReadonlyMap<string, Placement>
  /** How many entries all lists have. */
  readonly entries: number
  /** How many of them were looked at. */
  readonly read: number
  readonly lengths: ReadonlyMap<string, { readonly length: number; readonly fetched: number }>
}

/** How many entries come in one answer. */
const PAGE = 1_000

/** @param limit how many entries of each list; of queues those that run next */
export async function readJobLists(
  reader: Reader,
  keys: HangfireKeys,
  queues: readonly string[],
  limit: number,
  found: Found,
): Promise<JobLists> {
  const jobs = new Map<string, { queuedIn: string[]; fetchedFrom: string[] }>()
  const placed = (id: string): { queuedIn: string[]; fetchedFrom: string[] } => {
    const placement = jobs.get(id) ?? { queuedIn: [], fetchedFrom: [] }
    jobs.set(id, placement)
    return placement
  }
  const sum = { entries: 0, read: 0 }
  /** @param read the entries from one rank to another, both included */
  const each = async (
    command: 'LLEN' | 'ZCARD',
    key: string,
    read: (from: number, to: number) => Promise<readonly string[]>,
    note: (id: string) => void,
  ): Promise<number> => {
    const length = await reader.integer([command, key], key, found)
    sum.entries += length
    for (let from = 0; from < Math.min(length, limit); from += PAGE) {
      const ids = await read(from, Math.min(from + PAGE, limit) - 1)
      sum.read += ids.length
      ids.forEach(note)
    }
    return length
  }
  const list = (key: string, note: (id: string) => void): Promise<number> =>
    each('LLEN', key, (from, to) => reader.list(key, -to - 1, -from - 1, found), note)
  const zset = (key: string, toId: (member: string) => string = (member) => member): Promise<number> =>
    each(
      'ZCARD',
      key,
      async (from, to) => (await reader.zset(key, from, to, found)).map(([member]) => toId(member)),
      placed,
    )

  const lengths = new Map<string, { readonly length: number; readonly fetched: number }>()
  for (const queue of queues) {
    const length = await list(keys.queue(queue), (id) => placed(id).queuedIn.push(queue))
    const fetched = await list(keys.dequeued(queue), (id) => placed(id).fetchedFrom.push(queue))
    lengths.set(queue, { length, fetched })
  }
  for (const key of [keys.succeeded, keys.deleted]) await list(key, placed)
  for (const key of [keys.processing, keys.failed, keys.awaiting]) await zset(key)
  await zset(keys.schedule, (member) => decodeScheduleMember(member).id)
  return { jobs, ...sum, lengths }
}

/** How far from its tail, where watchers put jobs, a queue is searched. */
const SEARCHED = 10_000

/** Where the job is now. */
export async function searchJob(
  reader: Reader,
  keys: HangfireKeys,
  queues: readonly string[],
  id: string,
  found: Found,
): Promise<Placement> {
  const having = async (keyOf: (queue: string) => string): Promise<readonly string[]> => {
    const isIn = await Promise.all(queues.map((queue) => reader.isInTail(keyOf(queue), id, SEARCHED, found)))
    return queues.filter((_, i) => isIn[i] === true)
  }
  const [queuedIn, fetchedFrom] = await Promise.all([having(keys.queue), having(keys.dequeued)])
  return { queuedIn, fetchedFrom }
}
