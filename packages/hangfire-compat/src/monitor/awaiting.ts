import { decodeContinuations, type ContinueOn } from '../wire/continuations.ts'
import { optional } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { decodeScheduleMember } from '../wire/schedule.ts'
import { readEntries } from './job-entry.ts'
import type { HangfireList } from './lists.ts'
import { type Page, checkPage } from './page.ts'
import type { Reader } from './reader.ts'
import { type Found, collect } from './unreadable.ts'

export interface HangfireAwaiting {
  readonly parentId?: string
  /** After which end of the parent it starts; undefined where no parent lists it. */
  readonly on?: ContinueOn
}

/** How many jobs are looked at in one round trip. */
const CHUNK = 500

/**
 * Jobs that wait for another one. At compatibility level 180 only their parents list them, so every job that is not yet done
 * is looked at, and the last ones that are. The zset of older levels is read too.
 */
export async function readAwaiting(
  reader: Reader,
  keys: HangfireKeys,
  page: Page,
): Promise<HangfireList<HangfireAwaiting>> {
  const { from, count } = checkPage(page)
  const found = collect()
  const waiting: { readonly id: string; readonly parentId?: string; readonly on?: ContinueOn }[] = []
  const seen = new Set<string>()
  for await (const parents of parentIds(reader, keys, found)) {
    let ids = parents
    while (ids.length > 0) {
      const children = (await childrenOf(reader, keys, ids, found)).filter(({ id }) => isNew(seen, id))
      waiting.push(...(await awaitingOf(reader, keys, children, found)))
      // A job that waits may itself be waited for.
      ids = children.map(({ id }) => id)
    }
    if (waiting.length >= from + count) break
  }
  if (waiting.length < from + count) {
    const listed = await reader.zset(keys.awaiting, 0, from + count - 1, found)
    const known = new Set(waiting.map(({ id }) => id))
    waiting.push(...listed.flatMap(([id]) => (known.has(id) ? [] : [{ id }])))
  }
  const shown = waiting.slice(from, from + count)
  const entries = await readEntries(
    reader,
    keys,
    shown.map(({ id }) => id),
    ['Awaiting'],
    ({ state }) => optional('parentId', state.ParentId),
  )
  const jobs = entries.map((entry, i) => ({ ...shown[i], ...entry }))
  return { jobs, unreadable: found.unreadable }
}

/** Every job that a list has, in chunks. A job in several lists comes several times. */
async function* parentIds(
  reader: Reader,
  keys: HangfireKeys,
  found: Found,
): AsyncGenerator<readonly string[], void, void> {
  const queues = (await reader.set(keys.queues, found)).toSorted()
  const lists = [
    ...queues.flatMap((name) => [keys.queue(name), keys.dequeued(name)]),
    keys.succeeded,
    keys.deleted,
  ]
  for (const key of lists) yield* chunks((from, to) => reader.list(key, from, to, found))
  for (const key of [keys.schedule, keys.processing, keys.failed, keys.awaiting])
    yield* chunks(async (from, to) =>
      (await reader.zset(key, from, to, found)).map(([member]) =>
        key === keys.schedule ? decodeScheduleMember(member).id : member,
      ),
    )
}

async function* chunks(
  read: (from: number, to: number) => Promise<readonly string[]>,
): AsyncGenerator<readonly string[], void, void> {
  for (let from = 0; ; from += CHUNK) {
    const ids = await read(from, from + CHUNK - 1)
    if (ids.length > 0) yield ids
    if (ids.length < CHUNK) return
  }
}

async function childrenOf(
  reader: Reader,
  keys: HangfireKeys,
  parents: readonly string[],
  found: Found,
): Promise<readonly { readonly id: string; readonly parentId: string; readonly on: ContinueOn }[]> {
  const lists = await Promise.all(
    parents.map(async (parentId) => {
      const key = keys.job(parentId)
      const { Continuations: text } = await reader.fields(key, ['Continuations'], found)
      const children = text === undefined ? [] : found.attempt(key, () => decodeContinuations(text), text)
      return (children ?? []).map(({ jobId, on }) => ({ id: jobId, parentId, on }))
    }),
  )
  return lists.flat()
}

/** A parent lists its children for ever; those that have started wait no longer. */
async function awaitingOf<Child extends { readonly id: string }>(
  reader: Reader,
  keys: HangfireKeys,
  children: readonly Child[],
  found: Found,
): Promise<readonly Child[]> {
  const states = await Promise.all(children.map(({ id }) => reader.fields(keys.job(id), ['State'], found)))
  return children.filter((_, i) => states[i]?.State === 'Awaiting')
}

function isNew(seen: Set<string>, id: string): boolean {
  return seen.size < seen.add(id).size
}
