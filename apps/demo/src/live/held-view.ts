import type { LockView } from '@holdfast/core'
import { type InspectedEntry, inspectEntry } from '@holdfast/core/storage'
import type { HeldQuery, HeldView } from '../events/snapshot.ts'
import { MODEL_CALLS, MODEL_PERMITS } from '../jobs/guarded-work.ts'
import type { Ground } from './ground.ts'
import { type Stored, literally, scanStored } from './scan-stored.ts'

/** Of a namespace of the cache: the page has room for so many. */
const MOST_ENTRIES = 5

type Field = HeldView['fields'][number]

/** What Redis holds for a lock, or for the entries of a namespace: as Holdfast's command line says it, and as it is stored. */
export async function viewHeld(ground: Ground, { kind, name }: HeldQuery): Promise<readonly HeldView[]> {
  return kind === 'lock' ? await viewLock(ground, name) : await viewEntries(ground, name)
}

async function viewLock({ observer, client }: Ground, name: string): Promise<readonly HeldView[]> {
  const isSemaphore = name === MODEL_CALLS
  const view = isSemaphore
    ? await observer.locks.semaphore(name, { permits: MODEL_PERMITS }).inspect()
    : await observer.locks.inspect(name)
  const pattern = `{holdfast:l:AIReview:${isSemaphore ? 'semaphore' : 'lock'}:${literally(name)}}:s`
  const [stored] = client === undefined ? [] : await scanStored(client, pattern, 1)
  if (client !== undefined && stored === undefined) return []
  return [heldOf(stored, name, lockFields(view, isSemaphore ? MODEL_PERMITS : 1))]
}

function lockFields({ holders, waiting, queue }: LockView, permits: number): readonly Field[] {
  return [
    field('permits', permits, 'how many may hold it at a time'),
    ...holders.flatMap(({ owner, token, fencingToken, heldForMs, remainingMs }) => [
      field('owner', owner, 'the instance that holds it'),
      field('token', token, 'of this one grant: only who has it can release it'),
      field('fence', fencingToken, 'the higher one wins'),
      field('held', `${heldForMs} ms`, 'since it was granted'),
      field('lease', `${remainingMs} ms`, 'left, unless the owner renews it'),
    ]),
    ...(holders.length === 0 ? [field('owner', 'none', 'it is free')] : []),
    field('waiting', waiting, 'how many are in its line'),
    ...queue.map((token, index) => field(`${index + 1}. in line`, token, 'its token; the first is next')),
  ]
}

async function viewEntries({ values, client }: Ground, name: string): Promise<readonly HeldView[]> {
  if (client === undefined) return []
  const start = 'holdfast:v:AIReview:'
  const [stored, now] = await Promise.all([
    // Also of a definition in it, whose path goes on behind a slash.
    scanStored(client, `${literally(start + name)}[:/]*`, MOST_ENTRIES),
    timeOf(client),
  ])
  return await Promise.all(
    stored.map(async (each) => {
      const [path = '', ...key] = each.key.slice(start.length).split(':')
      const at = { app: 'AIReview', path, key: key.join(':') }
      return heldOf(each, each.key, entryFields(await inspectEntry(values, at, now), now))
    }),
  )
}

async function timeOf(client: NonNullable<Ground['client']>): Promise<number> {
  // The nodes of the demo's cluster are on this host.
  if ('nodes' in client) return Date.now()
  const [seconds = 0, microseconds = 0] = await client.time()
  return seconds * 1_000 + microseconds / 1_000
}

function entryFields(entry: InspectedEntry, now: number): readonly Field[] {
  const state = field(
    'state',
    entry.state,
    'fresh and stale count; invalidated: it was cleared, and is a miss',
  )
  if (!('payload' in entry)) return [state]
  const { writtenAt, ttlMs, staleMs, tags, codec, payload } = entry
  return [
    state,
    field('written', new Date(writtenAt).toISOString(), 'by the clock of Redis'),
    field('age', `${Math.max(0, Math.round(now - writtenAt))} ms`, 'since it was written'),
    field('ttl', `${ttlMs} ms`, 'so long it is fresh'),
    ...(staleMs > 0 ? [field('stale', `${staleMs} ms`, 'so long after that it may be used')] : []),
    ...(tags.length > 0 ? [field('tags', tags.join(', '), 'each can end it')] : []),
    field('codec', codec ?? 'JSON', 'what made the value'),
    field('value', `${payload.length} ${typeof payload === 'string' ? 'characters' : 'bytes'}`, 'its size'),
  ]
}

function heldOf(stored: Stored | undefined, name: string, fields: readonly Field[]): HeldView {
  return {
    key: stored?.key ?? name,
    kind: stored === undefined ? 'in the memory of the process' : 'string',
    ttlMs: stored?.ttlMs ?? null,
    fields,
    raw: stored?.raw ?? '',
  }
}

function field(name: string, value: string | number, meaning: string): Field {
  return { name, value: String(value), meaning }
}
