import type { CacheNews, PageEvent, Stamp } from '../events/page-event.ts'
import { type Shelf, placeOf } from './places.ts'

/** The events that a page needs to begin with: folded, of the last minutes, and never more than a snapshot may weigh. */
export interface History {
  readonly add: (event: PageEvent, json: string) => void
  /** As JSON, in the order of the stream. */
  readonly read: (now: number) => readonly string[]
}

interface Limits {
  readonly bytes: number
  readonly ageMs: number
}

const MINUTE_MS = 60_000

/** Together below 300 kB, with the state of the world beside them. */
const LIMITS: Readonly<Record<Shelf, Limits>> = {
  work: { bytes: 175_000, ageMs: 10 * MINUTE_MS },
  // Of these the last is true however old it is.
  state: { bytes: 25_000, ageMs: Infinity },
  samples: { bytes: 30_000, ageMs: 5 * MINUTE_MS },
  log: { bytes: 55_000, ageMs: 10 * MINUTE_MS },
}

interface Item {
  readonly seq: number
  readonly json: string
  readonly bytes: number
  readonly sample: CacheSample | undefined
}

type CacheSample = Stamp & CacheNews

interface Group {
  readonly items: Map<string, Item>
  bytes: number
  /** When the last of it happened. */
  at: number
}

interface Shelved {
  readonly limits: Limits
  /** The one that was added to last stands last. */
  readonly groups: Map<string, Group>
  bytes: number
}

export function createHistory(): History {
  const shelf = (name: Shelf): Shelved => ({ limits: LIMITS[name], groups: new Map(), bytes: 0 })
  const shelves: Readonly<Record<Shelf, Shelved>> = {
    work: shelf('work'),
    state: shelf('state'),
    samples: shelf('samples'),
    log: shelf('log'),
  }
  return {
    add(event, json) {
      const { shelf: name, group, slot } = placeOf(event)
      const shelved = shelves[name]
      put(shelved, group, slot, event, json)
      if (event.type === 'clean-up') for (const id of event.reviews) drop(shelves.state, `review ${id}`)
      forget(shelved, event.at)
    },
    read(now) {
      const all = Object.values(shelves).flatMap((shelved) => {
        forget(shelved, now)
        return [...shelved.groups.values()].flatMap(({ items }) => [...items.values()])
      })
      return all.toSorted((one, other) => one.seq - other.seq).map(({ json }) => json)
    },
  }
}

function put(shelved: Shelved, name: string, slot: string, event: PageEvent, json: string): void {
  const group = shelved.groups.get(name) ?? { items: new Map<string, Item>(), bytes: 0, at: event.at }
  const before = group.items.get(slot)
  const item = itemOf(event, json, before?.sample)
  const grown = item.bytes - (before?.bytes ?? 0)
  group.items.set(slot, item)
  group.bytes += grown
  group.at = Math.max(group.at, event.at)
  shelved.bytes += grown
  shelved.groups.delete(name)
  shelved.groups.set(name, group)
}

function itemOf(event: PageEvent, json: string, before: CacheSample | undefined): Item {
  const isSample = event.type === 'cache.sample'
  const sample = isSample ? sumOf(event, before) : undefined
  const text = before === undefined ? json : JSON.stringify(sample)
  return { seq: event.seq, json: text, bytes: Buffer.byteLength(text), sample }
}

/** Samples count what happened since the one before: two of them are one of the longer time. */
function sumOf(sample: CacheSample, before: CacheSample | undefined): CacheSample {
  if (before === undefined) return sample
  return {
    ...sample,
    fromMemory: before.fromMemory + sample.fromMemory,
    fromRedis: before.fromRedis + sample.fromRedis,
    shared: before.shared + sample.shared,
    loaded: before.loaded + sample.loaded,
    refusedFills: before.refusedFills + sample.refusedFills,
    bypassed: before.bypassed + sample.bypassed,
  }
}

function drop(shelved: Shelved, name: string): void {
  shelved.bytes -= shelved.groups.get(name)?.bytes ?? 0
  shelved.groups.delete(name)
}

/** What is too old, or too much: the least recently touched goes first. */
function forget(shelved: Shelved, now: number): void {
  const { limits, groups } = shelved
  for (const [name, group] of groups) {
    const isOver = shelved.bytes > limits.bytes || group.at < now - limits.ageMs
    if (!isOver) return
    groups.delete(name)
    shelved.bytes -= group.bytes
  }
}
