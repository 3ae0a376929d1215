import type { DatabaseSync } from 'node:sqlite'
import { type Storage, StorageRefusedError } from '@holdfast/core'
import { type AddReply, type Life, REMEMBERED_MS, globToPattern } from '@holdfast/core/storage'
import { Listeners } from './sqlite-listeners.ts'

type Kind = 'value' | 'hash' | 'counter'

/** The values facet: one row a value, a hash (as JSON) or a counter (as digits). */
export function sqliteValues(db: DatabaseSync, now: () => number): Storage['values'] {
  db.exec(`
    create table if not exists "values" (key text primary key, kind text, content blob, expiresAt integer) strict;
    create table if not exists added (
      key text, operation text, answer text, until integer, primary key (key, operation)) strict;
  `)
  const ends = new Listeners<void>()
  let last = 0
  /** Microseconds of the clock, and another one each time. */
  const stamp = (): string => String((last = Math.max(last + 1, now() * 1_000)))
  const stamped = (value: string | Uint8Array): Buffer =>
    Buffer.concat([Buffer.from(String(now())), Buffer.from(value as string)])

  const select = db.prepare('select kind, content, expiresAt from "values" where key = ? and expiresAt > ?')
  const find = (key: string) => {
    const row = select.get(key, now())
    if (row === undefined) return undefined
    const { kind, content, expiresAt } = row
    return { kind, content: Buffer.from(content as Uint8Array), expiresAt: Number(expiresAt) }
  }
  const read = (key: string): Buffer | null => {
    const found = find(key)
    return found?.kind === 'value' ? found.content : null
  }
  const only = (key: string, kind: Kind): ReturnType<typeof find> => {
    const found = find(key)
    if (found === undefined || found.kind === kind) return found
    throw new StorageRefusedError(`The key ${JSON.stringify(key)} holds no ${kind}.`)
  }
  const insert = db.prepare('insert or replace into "values" values (?, ?, ?, ?)')
  const save = (key: string, kind: Kind, content: string | Uint8Array, expiresAt: number): void =>
    void insert.run(key, kind, Buffer.from(content as string), expiresAt)
  const drop = (key: string): number =>
    find(key) === undefined ? 0 : Number(db.prepare('delete from "values" where key = ?').run(key).changes)
  /** When a write to what is there ends it. */
  const endOf = (there: ReturnType<typeof find>, { ttlMs, on }: Life): number =>
    there === undefined || on === 'always' ? now() + ttlMs : there.expiresAt

  // #region guards
  /** What the guarded writes act on: the value, if it still begins with `expected`. */
  const guarded = (key: string, expected: string): Buffer | undefined => {
    const content = only(key, 'value')?.content
    const isExpected =
      expected !== '' && content?.subarray(0, Buffer.byteLength(expected)).equals(Buffer.from(expected))
    return isExpected ? content : undefined
  }
  const isWaitedFor = (placeholder: Buffer | undefined): boolean => placeholder?.at(-1) === 43

  const placeholders: Pick<Storage['values'], 'reserve' | 'replace' | 'removeIf' | 'subscribe'> = {
    async reserve(key, mark, ttlMs, instead) {
      const there = only(key, 'value')
      if (there !== undefined && !(instead && there.content.equals(instead))) {
        const found = there.content.toString()
        const isAnothers = found.endsWith(';') && found[0] === mark[0] && !found.startsWith(mark)
        // The word that a process waits.
        if (isAnothers) save(key, 'value', `${found}+`, there.expiresAt)
        return found
      }
      const placeholder = `${mark}${stamp()};`
      save(key, 'value', placeholder, now() + ttlMs)
      return placeholder
    },
    async replace(key, expected, value, ttlMs) {
      const there = guarded(key, expected)
      if (there !== undefined) {
        save(key, 'value', stamped(value), now() + ttlMs)
        if (isWaitedFor(there)) ends.publish(key)
        return true
      }
      const repeated =
        read(key)
          ?.subarray(13, 45)
          .equals(Buffer.from(value as string).subarray(0, 32)) ?? false
      if (!repeated) ends.publish(key)
      return repeated
    },
    async removeIf(key, expected) {
      const there = guarded(key, expected)
      if (there !== undefined) drop(key)
      if (there === undefined || isWaitedFor(there)) ends.publish(key)
      return there !== undefined
    },
    subscribe: async (key, onEnd) => {
      const stop = ends.add(key, onEnd)
      return () => void stop()
    },
  }
  // #endregion

  return {
    ...placeholders,
    getMany: async (keys) => keys.map((key) => read(key)?.toString() ?? null),
    getManyBytes: async (keys) => keys.map(read),
    getHead: async (key, length) => read(key)?.subarray(0, length).toString() || null,
    async set(key, value, ttlMs, notAfter) {
      const at = now()
      if (at <= notAfter) save(key, 'value', stamped(value), at + ttlMs)
      return { outcome: at <= notAfter ? 'written' : 'late', now: at }
    },
    remove: async (keys) => keys.reduce((sum, key) => sum + drop(key), 0),
    async extend(key, expected, ttlMs) {
      const there = guarded(key, expected)
      if (there !== undefined) save(key, 'value', there, now() + ttlMs)
      return there !== undefined
    },
    async patch(key, expected, beginning, ttlMs) {
      const there = guarded(key, expected)
      if (there === undefined) return guarded(key, beginning) !== undefined
      const head = Buffer.from(beginning)
      save(key, 'value', Buffer.concat([head, there.subarray(head.length)]), now() + ttlMs)
      return true
    },
    async ensure(key, mark, ttlMs) {
      const there = only(key, 'value')
      const generation = there?.content ?? Buffer.from(mark + stamp())
      save(key, 'value', generation, Math.max(there?.expiresAt ?? 0, now() + ttlMs))
      return generation.toString()
    },
    async renew(key, mark, ttlMs) {
      const generation = mark + stamp()
      save(key, 'value', generation, now() + ttlMs)
      return generation
    },
    async removeMatching({ prefix, glob }) {
      const matches = globToPattern(glob)
      const keys = db.prepare('select key from "values" where expiresAt > ?').all(now())
      const names = keys.map(({ key }) => String(key))
      const those = names.filter((key) => key.startsWith(prefix) && matches(key.slice(prefix.length)))
      return { scanned: names.length, removed: those.reduce((sum, key) => sum + drop(key), 0) }
    },

    hashes: {
      async set(key, fields, life, notAfter) {
        const at = now()
        if (at > notAfter) return { outcome: 'late', now: at }
        const there = only(key, 'hash')
        const all = new Map([...fieldsOf(there?.content), ...fields])
        // A hash without fields is none.
        if (all.size > 0) save(key, 'hash', JSON.stringify([...all]), endOf(there, life))
        return { outcome: 'written', now: at }
      },
      async get(key, fields) {
        const all = fieldsOf(only(key, 'hash')?.content)
        return fields.map((field) => all.get(field) ?? null)
      },
      getAll: async (key) => [...fieldsOf(only(key, 'hash')?.content)],
      async delete(key, fields) {
        const there = only(key, 'hash')
        const all = fieldsOf(there?.content)
        const deleted = fields.filter((field) => all.delete(field)).length
        if (all.size === 0) drop(key)
        else save(key, 'hash', JSON.stringify([...all]), there?.expiresAt ?? 0)
        return deleted
      },
    },

    counters: {
      async add(key, by, operation, life, notAfter): Promise<AddReply> {
        const at = now()
        db.prepare('delete from added where until <= ?').run(at)
        const done = db
          .prepare('select answer from added where key = ? and operation = ?')
          .get(key, operation)
        if (done === undefined && at > notAfter) return { outcome: 'late', now: at }
        let answer = String(done?.['answer'])
        if (done === undefined) {
          const there = only(key, 'counter')
          const sum = Number(there?.content ?? 0) + by
          answer = Number.isSafeInteger(sum) ? String(sum) : 'overflow'
          if (answer !== 'overflow') save(key, 'counter', answer, endOf(there, life))
          const remember = db.prepare('insert into added values (?, ?, ?, ?)')
          remember.run(key, operation, answer, at + REMEMBERED_MS)
        }
        if (answer === 'overflow') return { outcome: 'overflow', now: at }
        return { outcome: 'added', sum: Number(answer) + 0, now: at }
      },
    },
  }
}

function fieldsOf(content: Buffer | undefined): Map<string, string> {
  return new Map(JSON.parse(content?.toString() ?? '[]') as [string, string][])
}
