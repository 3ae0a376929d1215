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

/** `microsNow`: the storage's clock in microseconds. */
export function memoryRecords(microsNow: () => number): RecordStorage {
  const collections = new Map<string, Map<string, RecordEntry>>()
  const voided = new Map<string, Voided>()
  const listeners = new Map<string, Set<OnHint>>()
  // One for all keys: it also grows over deletion and expiry.
  let lastRev = 0

  const millisNow = (): number => Math.floor(microsNow() / 1_000)

  const nextRev = (): number => {
    lastRev = Math.max(lastRev + 1, microsNow())
    return lastRev
  }

  const live = ({ collection, id }: RecordKey, now: number): RecordEntry | null => {
    const entry = collections.get(collection)?.get(id)
    return entry !== undefined && entry.expiresAt > now ? entry : null
  }

  const store = (key: RecordKey, write: RecordWrite, createdAt: number, now: number): RecordEntry => {
    const { writeId, value, ttlMs, notify } = write
    const entry = { rev: nextRev(), writeId, createdAt, writtenAt: now, expiresAt: now + ttlMs, value }
    let records = collections.get(key.collection)
    if (records === undefined) collections.set(key.collection, (records = new Map()))
    records.set(key.id, entry)
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
    for (const [id, entry] of records) {
      if ((left -= 1) < 0) break
      records.delete(id)
      if (entry.expiresAt > now) records.set(id, entry)
    }
    for (const [text, { until }] of voided) {
      if (until >= now) break
      voided.delete(text)
    }
  }

  return {
    async put(key, expectedRev, write): Promise<PutReply> {
      const now = millisNow()
      const entry = live(key, now)
      if (entry !== null && entry.writeId === write.writeId) return { outcome: 'written', entry, now }
      if (entry === null) {
        // This storage forgets nothing by itself but what has expired.
        if (expectedRev !== null) return { outcome: 'conflict', entry, now, removed: true }
        const isVoid = voided.get(textOf(key))?.writeId === write.writeId
        if (isVoid || isLate(write, now)) return { outcome: 'late', entry, now }
        sweep(key.collection, now)
        return { outcome: 'written', entry: store(key, write, now, now), now }
      }
      if (entry.rev !== expectedRev) return { outcome: 'conflict', entry, now }
      if (isLate(write, now)) return { outcome: 'late', entry, now }
      return { outcome: 'written', entry: store(key, write, entry.createdAt, now), now }
    },

    async compareAndDelete(key, match): Promise<DeleteReply> {
      const now = millisNow()
      const entry = live(key, now)
      if ('writeId' in match && match.notAfter >= now) {
        voided.set(textOf(key), { writeId: match.writeId, until: match.notAfter })
      }
      if (entry === null) return { outcome: 'deleted', entry, now }
      if (!isMatch(entry, match)) return { outcome: 'conflict', entry, now }
      remove(key)
      hint(key)
      return { outcome: 'deleted', entry: null, now }
    },

    async read(key): Promise<ReadReply> {
      const now = millisNow()
      return { entry: live(key, now), now }
    },

    async list(collection, { limit, cursor }: RecordPage): Promise<ListReply> {
      const now = millisNow()
      // Sorted by id, so that a record that lives during the whole walk is met although others come and go.
      const ids = [...(collections.get(collection)?.keys() ?? [])].filter(
        (id) => cursor === undefined || id > cursor,
      )
      const page = ids.sort().slice(0, limit)
      const records = page.flatMap((id) => {
        const entry = live({ collection, id }, now)
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

function isLate({ notAfter }: RecordWrite, now: number): boolean {
  return notAfter !== undefined && now > notAfter
}

function isMatch(entry: RecordEntry, match: RecordMatch): boolean {
  return 'rev' in match ? entry.rev === match.rev : entry.writeId === match.writeId
}
