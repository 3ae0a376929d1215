import { DatabaseSync } from 'node:sqlite'
import type { Storage } from '@holdfast/core'
import {
  type LeaseCommand,
  type LeasePush,
  type LeaseReplies,
  type LeaseState,
  type RecordEntry,
  type RecordKey,
  type RecordWrite,
  decideLease,
  endedWithLastUser,
  noLease,
} from '@holdfast/core/storage'
import { Listeners } from './sqlite-listeners.ts'
import { sqliteValues } from './sqlite-values.ts'

/** Keeps everything in one SQLite file: for one process at a time, and it survives that process. */
export function sqliteStorage(path: string): Storage {
  const db = new DatabaseSync(path)
  db.exec(`
    create table if not exists records (
      collection text, id text, rev integer, writeId text, createdAt integer, writtenAt integer, expiresAt integer,
      value text, primary key (collection, id)) strict;
    create table if not exists voided (collection text, id text, writeId text, until integer) strict;
    create table if not exists lastRev (rev integer) strict;
    create table if not exists leases (key text primary key, state text) strict;
  `)
  const now = (): number => Date.now()
  const hints = new Listeners<void>()
  const pushes = new Listeners<LeasePush>()

  // #region records
  const select = db.prepare('select * from records where collection = ? and id = ? and expiresAt > ?')
  /** Each operation takes the time once: what it answers is of one moment. */
  const live = ({ collection, id }: RecordKey, at: number): RecordEntry | null => {
    const row = select.get(collection, id, at)
    if (row === undefined) return null
    const { collection: _, id: __, ...entry } = row
    return entry as unknown as RecordEntry
  }

  const save = (key: RecordKey, write: RecordWrite, createdAt: number, at: number): RecordEntry => {
    const last = db.prepare('select max(rev) as rev from lastRev').get() as { rev: number | null }
    const rev = Math.max((last.rev ?? 0) + 1, at * 1_000)
    const { writeId, value, ttlMs } = write
    const entry = { rev, writeId, createdAt, writtenAt: at, expiresAt: at + ttlMs, value }
    db.exec(`delete from lastRev; insert into lastRev values (${rev})`)
    const insert = db.prepare('insert or replace into records values (?, ?, ?, ?, ?, ?, ?, ?)')
    insert.run(key.collection, key.id, rev, writeId, createdAt, at, entry.expiresAt, value)
    if (write.notify) hints.publish(textOf(key))
    return entry
  }
  const isLate = ({ notAfter }: RecordWrite, at: number): boolean => notAfter !== undefined && at > notAfter

  const records: Storage['records'] = {
    async put(key, expectedRev, write) {
      const at = now()
      const entry = live(key, at)
      if (entry?.writeId === write.writeId) return { outcome: 'written', entry, now: at }
      if ((entry?.rev ?? null) !== expectedRev) return { outcome: 'conflict', entry, now: at }
      const isVoid = db.prepare('select 1 from voided where collection = ? and id = ? and writeId = ?')
      if (isLate(write, at) || isVoid.get(key.collection, key.id, write.writeId) !== undefined) {
        return { outcome: 'late', entry, now: at }
      }
      return { outcome: 'written', entry: save(key, write, entry?.createdAt ?? at, at), now: at }
    },
    async compareAndDelete(key, match) {
      const { collection, id } = key
      const at = now()
      const entry = live(key, at)
      if ('writeId' in match) {
        db.prepare('delete from voided where until < ?').run(at)
        db.prepare('insert into voided values (?, ?, ?, ?)').run(
          collection,
          id,
          match.writeId,
          match.notAfter,
        )
      }
      const isIt = 'rev' in match ? entry?.rev === match.rev : entry?.writeId === match.writeId
      if (entry !== null && !isIt) return { outcome: 'conflict', entry, now: at }
      db.prepare('delete from records where collection = ? and id = ?').run(collection, id)
      if (entry !== null) hints.publish(textOf(key))
      return { outcome: 'deleted', entry: null, now: at }
    },
    async read(key) {
      const at = now()
      return { entry: live(key, at), now: at }
    },
    async list(collection, { limit, cursor = '' }) {
      const at = now()
      const page =
        'select id from records where collection = ? and id > ? and expiresAt > ? order by id limit ?'
      const ids = db
        .prepare(page)
        .all(collection, cursor, at, limit)
        .map(({ id }) => String(id))
      const found = ids.flatMap((id) => {
        const entry = live({ collection, id }, at)
        return entry === null ? [] : [{ id, entry }]
      })
      const last = ids.length < limit ? undefined : ids.at(-1)
      return { records: found, now: at, ...(last === undefined ? {} : { cursor: last }) }
    },
    subscribe: async (key, onHint) => hints.add(textOf(key), () => onHint()),
  }
  // #endregion

  // #region leases
  /** A storage need not know what a lease is: it keeps the state that `decideLease` makes of each command. */
  const decide = async <C extends LeaseCommand>(key: string, command: C): Promise<LeaseReplies[C['op']]> => {
    const row = db.prepare('select state from leases where key = ?').get(key)
    const state = row === undefined ? noLease : (JSON.parse(String(row['state'])) as LeaseState)
    const decision = decideLease(key, state, command, {
      nowUs: now() * 1_000,
      listens: (process) => pushes.has(process),
    })
    if (command.op !== 'inspect') {
      db.prepare('insert or replace into leases values (?, ?)').run(key, JSON.stringify(decision.state))
    }
    // Last: one that hears of a grant must find it stored.
    for (const { process, push } of decision.pushes) pushes.publish(process, push)
    return decision.reply
  }

  const leases: Storage['leases'] = {
    acquire: (key, request) => decide(key, { op: 'acquire', ...request }),
    release: (key, request) => decide(key, { op: 'release', ...request }),
    extend: (key, request) => decide(key, { op: 'extend', ...request }),
    revoke: (key, request) => decide(key, { op: 'revoke', ...request }),
    reapExpired: (key, claimMs) => decide(key, { op: 'reapExpired', claimMs }),
    inspect: (key) => decide(key, { op: 'inspect' }),
    listen: async (process, onPush) => pushes.add(process, onPush),
  }
  // #endregion

  return {
    records,
    leases,
    values: sqliteValues(db, now),
    connection: { state: 'ready', onChange: () => () => undefined },
    time: async () => now(),
    verify: async () => [],
    ...endedWithLastUser(() => db.close()),
  }
}

function textOf({ collection, id }: RecordKey): string {
  return `${collection}\n${id}`
}
