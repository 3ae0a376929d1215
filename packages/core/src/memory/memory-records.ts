import type {
  DeleteReply,
  ListReply,
  OnHint,
  PutReply,
  ReadReply,
  RecordEntry,
  RecordKey,
  RecordMatch,
  RecordPage,
  RecordStorage,
  RecordWrite,
  Unsubscribe,
} from '../storage/records.ts'

/** How many stored records each creation checks, to drop those that have expired unread. */
const SWEPT_PER_CREATE = 4

/** A deletion by `writeId` leaves this until `notAfter`: that write, if it is still in flight, creates nothing. */
interface Voided {
  readonly writeId: string
  readonly until: number
}

interface Held {
  readonly entry: RecordEntry
  /** In microseconds: an entry lives for all of its time, which whole milliseconds would cut short. */
  readonly endsAt: number
}

/** `microsNow`: the storage's clock in microseconds. */
export function memoryRecords(microsNow: () => number): RecordStorage {
  const collections = new Map<string, Map<string, Held>>()
  const voided = new Map<string, Voided>()
  const listeners = new Map<string, Set<OnHint>>()
  // One for all keys: it also grows over deletion and expiry.
  let lastRev = 0

  const millisNow = (): number => Math.floor(microsNow() / 1_000)

  const nextRev = (): number => {
    lastRev = Math.max(lastRev + 1, microsNow())
    return lastRev
  }

  const live = ({ collection, id }: RecordKey): RecordEntry | null => {
    const held = collections.get(collection)?.get(id)
    return held !== undefined && held.endsAt > microsNow() ? held.entry : null
  }

  const store = (key: RecordKey, write: RecordWrite, createdAt: number, now: number): RecordEntry => {
    const { writeId, value, ttlMs, notify } = write
    const entry = { rev: nextRev(), writeId, createdAt, writtenAt: now, expiresAt: now + ttlMs, value }
    let records = collections.get(key.collection)
    if (records === undefined) collections.set(key.collection, (records = new Map()))
    records.set(key.id, { entry, endsAt: microsNow() + ttlMs * 1_000 })
    if (notify) hint(key, entry)
    return entry
  }

  const remove = ({ collection, id }: RecordKey): void => {
    const records = collections.get(collection)
    records?.delete(id)
    if (records?.size === 0) collections.delete(collection)
  }

  const hint = (key: RecordKey, written?: RecordEntry): void => {
    for (const listener of listeners.get(textOf(key)) ?? []) queueMicrotask(() => listener(written))
  }

  /** Reinserts the oldest live records, so that the next sweep checks others. */
  const sweep = (collection: string, now: number): void => {
    const records = collections.get(collection)
    if (records === undefined) return
    let left = SWEPT_PER_CREATE
    const nowUs = microsNow()
    for (const [id, held] of records) {
      if ((left -= 1) < 0) break
      records.delete(id)
      if (held.endsAt > nowUs) records.set(id, held)
    }
    for (const [text, { until }] of voided) {
      if (until >= now) break
      voided.delete(text)
    }
  }

  return {
    async put(key, expectedRev, write): Promise<PutReply> {
      const entry = live(key)
      const now = millisNow()
      if (entry === null) {
        // This storage forgets nothing by itself but what has expired.
        if (expectedRev !== null) return { outcome: 'conflict', entry, now, removed: true }
        const isVoid = voided.get(textOf(key))?.writeId === write.writeId
        if (isVoid || isLate(write, now)) return { outcome: 'late', entry, now }
        sweep(key.collection, now)
        return { outcome: 'written', entry: store(key, write, now, now), now }
      }
      const there = found(entry, now)
      if (entry.writeId === write.writeId) return { outcome: 'written', ...there }
      if (entry.rev !== expectedRev) return { outcome: 'conflict', ...there }
      if (isLate(write, now)) return { outcome: 'late', ...there }
      return { outcome: 'written', entry: store(key, write, entry.createdAt, now), now }
    },

    async compareAndDelete(key, match): Promise<DeleteReply> {
      const entry = live(key)
      const now = millisNow()
      if ('writeId' in match && match.notAfter >= now) {
        voided.set(textOf(key), { writeId: match.writeId, until: match.notAfter })
      }
      if (entry === null) return { outcome: 'deleted', entry, now }
      if (!isMatch(entry, match)) return { outcome: 'conflict', ...found(entry, now) }
      remove(key)
      hint(key)
      return { outcome: 'deleted', entry: null, now }
    },

    async read(key): Promise<ReadReply> {
      const entry = live(key)
      const now = millisNow()
      return entry === null ? { entry, now } : found(entry, now)
    },

    async list(collection, { limit, cursor }: RecordPage): Promise<ListReply> {
      const now = millisNow()
      // Sorted by id, so that a record that lives during the whole walk is met although others come and go.
      const ids = [...(collections.get(collection)?.keys() ?? [])].filter(
        (id) => cursor === undefined || id > cursor,
      )
      const page = ids.sort().slice(0, limit)
      const records = page.flatMap((id) => {
        const entry = live({ collection, id })
        return entry === null ? [] : [{ id, entry }]
      })
      const last = page.at(-1)
      return ids.length > limit && last !== undefined ? { records, cursor: last, now } : { records, now }
    },

    async subscribe(key, onHint): Promise<Unsubscribe> {
      const text = textOf(key)
      const listener: OnHint = (written) => {
        if (listeners.get(text)?.has(listener)) onHint(written)
      }
      const all = listeners.get(text) ?? new Set()
      listeners.set(text, all.add(listener))
      return async () => {
        all.delete(listener)
        if (all.size === 0 && listeners.get(text) === all) listeners.delete(text)
      }
    },
  }
}

function textOf({ collection, id }: RecordKey): string {
  return `${collection}\n${id}`
}

/** What is found lives: in the millisecond of its end, which its stamp cuts off, the answer is dated before that. */
function found(entry: RecordEntry, now: number): { readonly entry: RecordEntry; readonly now: number } {
  return { entry, now: Math.min(now, entry.expiresAt - 1) }
}

function isLate({ notAfter }: RecordWrite, now: number): boolean {
  return notAfter !== undefined && now > notAfter
}

function isMatch(entry: RecordEntry, match: RecordMatch): boolean {
  return 'rev' in match ? entry.rev === match.rev : entry.writeId === match.writeId
}
