import type { VersionedRecord, ExecutionRecord } from '../../../src/idempotency/record.ts'
import { KeyWatcher } from '../../../src/idempotency/key-watcher.ts'
import type {
  OnHint,
  PutReply,
  ReadReply,
  RecordEntry,
  RecordKey,
  RecordStorage,
  RecordWrite,
} from '../../../src/storage/records.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import type { Facets } from '../../../src/testing/simulator/simulated-server.ts'
import { replace, sharedMutations } from './core.ts'
import type { Mutation } from './mutation.ts'

const records =
  (mutate: (sound: RecordStorage) => Partial<RecordStorage>) =>
  (facets: Facets): Facets => ({ ...facets, records: { ...facets.records, ...mutate(facets.records) } })

export const idempotencyMutations: readonly Mutation[] = [
  {
    name: 'counter as fence',
    like: 'INCR per key: it begins anew when the key is gone',
    breakStorage: records(counted),
  },
  {
    name: 'no owner guard',
    like: 'Powertools, node-idempotency: a finish is an unconditional write',
    breakStorage: records((sound) => ({
      async put(key, rev, write) {
        if (rev === null) return await sound.put(key, rev, write)
        const { entry } = await sound.read(key)
        return await sound.put(key, entry?.rev ?? rev, write)
      },
    })),
  },
  {
    name: 'lease = retention',
    like: 'celery-once, idempot-js: one time to live for the claim and for the record',
    breakStorage: records((sound) => ({
      put: (key, rev, write) => sound.put(key, rev, expiringWithLease(write)),
    })),
  },
  {
    name: 'delete by key',
    like: 'Powertools: a failed execution deletes the record, whosoever it is',
    breakStorage: records((sound) => ({
      async compareAndDelete(key, match) {
        const { entry } = await sound.read(key)
        return await sound.compareAndDelete(key, entry === null ? match : { rev: entry.rev })
      },
    })),
  },
  {
    name: 'no notAfter',
    like: 'ioredis: an offline queue that is sent minutes later',
    breakStorage: records((sound) => ({
      put: (key, rev, write) => sound.put(key, rev, withoutLimit(write)),
    })),
  },
  {
    name: 'release that forgets',
    like: 'Powertools, nestarc: giving back deletes the record, and the count of attempts with it',
    breakStorage: records((sound) => ({
      async put(key, rev, write) {
        const record = JSON.parse(write.value) as ExecutionRecord
        const reply = await sound.put(key, rev, write)
        if (record.status !== 'failed' || !record.released || reply.outcome !== 'written') return reply
        await sound.compareAndDelete(key, { rev: reply.entry.rev })
        return reply
      },
    })),
  },
  {
    name: 'takeover that drops the request to cancel',
    like: 'Celery: a revoked task is known to the workers of that moment, and delivered again',
    breakStorage: records((sound) => ({
      put: (key, rev, write) => sound.put(key, rev, withoutRequest(write)),
    })),
  },
  {
    name: 'stalled by the clock of the client',
    like: 'Powertools: in_progress_expiration is compared with Date.now()',
    breakConnection: withClientClock,
  },
  {
    name: 'takeover by read and write',
    like: 'Powertools Redis: GET, then a blind SET of the orphan',
    breakStorage: records((sound) => ({
      async put(key, rev, write) {
        if (rev === null) return await sound.put(key, rev, write)
        const { entry } = await sound.read(key)
        const isStart = (JSON.parse(write.value) as ExecutionRecord).start === undefined
        return await sound.put(key, isStart ? (entry?.rev ?? rev) : rev, write)
      },
    })),
  },
  {
    name: 'hint trusted across databases',
    like: 'channels named after keys, as in BullMQ and Redisson: pub/sub knows no databases',
    breakCore: () => replace(KeyWatcher.prototype, 'continues', () => isNewer),
  },
  {
    name: 'hint by the writer',
    like: 'a PUBLISH beside the write instead of in it: it tells also of a write that was refused',
    breakStorage: records(hintedByWriters),
  },
  {
    name: 'window in whole milliseconds',
    like: 'ours: the difference of two stamps was compared, and a job ran again 0.04 ms before its window was over',
    breakStorage: records((sound) => ({
      put: async (key, rev, write) => endedBefore(await sound.put(key, rev, write)),
      read: async (key) => endedBefore(await sound.read(key)),
    })),
  },
  ...sharedMutations,
]

/** The millisecond in which an execution ended counts as over. */
function endedBefore<R extends PutReply | ReadReply>(reply: R): R {
  if (reply.entry === null || ('outcome' in reply && reply.outcome === 'written')) return reply
  const { status } = JSON.parse(reply.entry.value) as Partial<ExecutionRecord>
  return status === 'completed' || status === 'failed' ? { ...reply, now: reply.now + 1 } : reply
}

/** Revisions of one storage grow, so a newer state has a greater revision: within one database. */
function isNewer(this: KeyWatcher, current: unknown): boolean {
  const known = this.latest?.current
  return known !== null && known !== undefined && (current as VersionedRecord).rev >= known.rev
}

/** Subscribers get the write that was attempted, even if it failed. */
function hintedByWriters(sound: RecordStorage): Partial<RecordStorage> {
  const listeners = new Map<string, OnHint[]>()
  const textOf = ({ collection, id }: RecordKey): string => `${collection}/${id}`
  return {
    async put(key, rev, write) {
      const reply = await sound.put(key, rev, write)
      const { outcome, entry, now } = reply
      if (rev !== null && entry !== null && outcome !== 'written') {
        const { writeId, value } = write
        const refused = { ...entry, rev: entry.rev + 1, writeId, value, writtenAt: now }
        for (const listener of listeners.get(textOf(key)) ?? []) listener(refused)
      }
      return reply
    },
    async subscribe(key, onHint) {
      listeners.set(textOf(key), [...(listeners.get(textOf(key)) ?? []), onHint])
      return await sound.subscribe(key, onHint)
    },
  }
}

/** Revisions counted from 1 for each life of a key. */
function counted(sound: RecordStorage): Partial<RecordStorage> {
  const lives = new Map<string, { real: number; count: number }>()
  const textOf = ({ collection, id }: RecordKey): string => `${collection}/${id}`
  const gone = (key: RecordKey): void => void lives.delete(textOf(key))
  const shown = (key: RecordKey, entry: RecordEntry): RecordEntry => {
    const life = lives.get(textOf(key)) ?? { real: 0, count: 0 }
    const isNew = entry.rev !== life.real
    const now = isNew ? { real: entry.rev, count: life.count + 1 } : life
    lives.set(textOf(key), now)
    return { ...entry, rev: now.count }
  }
  const realOf = (key: RecordKey, rev: number): number => {
    const life = lives.get(textOf(key))
    return life?.count === rev ? life.real : -1
  }
  return {
    async put(key, rev, write) {
      const { entry: before } = await sound.read(key)
      if (before === null) gone(key)
      else shown(key, before)
      const reply = await sound.put(key, rev === null ? null : realOf(key, rev), write)
      if (reply.entry !== null) return { ...reply, entry: shown(key, reply.entry) }
      gone(key)
      return reply
    },
    async compareAndDelete(key, match) {
      const real = 'rev' in match ? { rev: realOf(key, match.rev) } : match
      const reply = await sound.compareAndDelete(key, real)
      if (reply.outcome === 'conflict') return { ...reply, entry: shown(key, reply.entry) }
      gone(key)
      return reply
    },
    async read(key) {
      const { entry, now } = await sound.read(key)
      if (entry !== null) return { entry: shown(key, entry), now }
      gone(key)
      return { entry, now }
    },
    async list(collection, page) {
      const reply = await sound.list(collection, page)
      const withCount = reply.records.map(({ id, entry }) => ({
        id,
        entry: shown({ collection, id }, entry),
      }))
      return { ...reply, records: withCount }
    },
  }
}

function expiringWithLease(write: RecordWrite): RecordWrite {
  const record = JSON.parse(write.value) as Partial<ExecutionRecord>
  return record.status === 'executing' ? { ...write, ttlMs: Math.max(1, record.leaseMs ?? 1) } : write
}

/** A start; later writes of the owner contain its time. */
function withoutRequest(write: RecordWrite): RecordWrite {
  const record = JSON.parse(write.value) as ExecutionRecord
  if (record.status !== 'executing' || record.start !== undefined) return write
  return { ...write, value: JSON.stringify({ ...record, cancelRequested: undefined }) }
}

function withoutLimit({ writeId, value, ttlMs, notify }: RecordWrite): RecordWrite {
  return { writeId, value, ttlMs, notify }
}

/** The process that reads a reply stamps it, as if the storage's clock were unknown. */
function withClientClock(storage: Storage, runtime: { wallNow(): number }): Storage {
  const { records: sound } = storage
  const stamped = async <R extends { readonly now: number }>(reply: Promise<R>): Promise<R> => ({
    ...(await reply),
    now: Math.floor(runtime.wallNow()) - CLOCKS_APART_MS,
  })
  return {
    ...storage,
    records: {
      ...sound,
      put: (key, rev, write) => stamped(sound.put(key, rev, write)),
      read: (key) => stamped(sound.read(key)),
    },
  }
}

/** Processes believe in a later year than the storage of the simulation. */
const CLOCKS_APART_MS = 100_000_000_000
