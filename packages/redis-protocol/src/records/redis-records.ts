import {
  type CompareReply,
  type CreateReply,
  InvalidArgumentError,
  type RecordEntry,
  type RecordKey,
  type RecordStorage,
  type RecordWrite,
} from '@holdfast/core'
import type { RedisClient } from '../client.ts'
import { unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import type { PubSub } from '../pub-sub.ts'
import type { RunScript } from '../script.ts'
import { compareAndDelete } from './compare-and-delete.ts'
import { compareAndSet } from './compare-and-set.ts'
import { createOrRead } from './create-or-read.ts'
import { decodeEntry, numberAt } from './entry.ts'
import { listRecords } from './list.ts'
import { readRecord } from './read.ts'

/**
 * The records facet on Redis: one string a record, one script a step.
 *
 * What its guarantees rest on beyond the port's: a revision grows over expiry as long as the server's clock was not
 * set back by more than the time to live of the last write, and over deletion as long as it was not set back by more
 * than 60 seconds since.
 */
export function redisRecords(client: RedisClient, run: RunScript, keys: Keys, pubSub: PubSub): RecordStorage {
  return {
    createOrRead: (key, write) =>
      run(
        createOrRead,
        [keys.record(key), keys.indexOf(key), keys.trace(key)],
        [checkedId(write), checkedTtl(write), optional(write.notAfter), write.value, key.id, write.notify ? '1' : ''],
        (reply) => decodeCreate(reply, write),
      ),

    compareAndSet: (key, rev, write) =>
      run(
        compareAndSet,
        [keys.record(key), keys.indexOf(key)],
        [
          revision(rev),
          checkedId(write),
          checkedTtl(write),
          optional(write.notAfter),
          write.value,
          key.id,
          write.notify ? '1' : '',
        ],
        (reply) => decodeSet(reply, write),
      ),

    compareAndDelete: (key, match) =>
      run(
        compareAndDelete,
        [keys.record(key), keys.indexOf(key), keys.trace(key)],
        'rev' in match
          ? [revision(match.rev), '', '', key.id]
          : ['', checkedId(match), optional(match.notAfter), key.id],
        (reply) => {
          const { letter, now, text } = envelope(compareAndDelete.name, reply)
          if (letter === 'D') return { ok: true, entry: null, now }
          return { ok: false, entry: entryIn(compareAndDelete.name, text), now }
        },
      ),

    read: (key) =>
      run(readRecord, [keys.record(key)], [], (reply) => {
        const { letter, now, text } = envelope(readRecord.name, reply)
        return { entry: letter === 'A' ? null : entryIn(readRecord.name, text), now }
      }),

    list: listRecords(client, run, keys),

    subscribe: (key: RecordKey, onHint) =>
      pubSub.subscribe(keys.record(key), { message: onHint, restored: onHint }),
  }
}

/** Every reply begins with a letter and the instant in microseconds, 16 digits. */
const BODY = 17

function envelope(doing: string, reply: unknown): { letter: string; now: number; text: string } {
  if (typeof reply === 'string') {
    const micros = numberAt(reply, 1, 16)
    if (!Number.isNaN(micros)) return { letter: reply.charAt(0), now: Math.floor(micros / 1_000), text: reply }
  }
  throw unexpectedReply(doing, reply)
}

function entryIn(doing: string, text: string): RecordEntry {
  const entry = text.startsWith('R') ? decodeEntry(text, BODY) : null
  if (entry === null) throw unexpectedReply(doing, text)
  return entry
}

function decodeCreate(reply: unknown, write: RecordWrite): CreateReply {
  const { letter, now, text } = envelope(createOrRead.name, reply)
  if (letter === 'C') return { created: true, entry: written(text, write, now, now), now }
  if (letter === 'L') return { created: false, entry: null, now }
  const entry = entryIn(createOrRead.name, text)
  return { created: entry.writeId === write.writeId, entry, now }
}

function decodeSet(reply: unknown, write: RecordWrite): CompareReply {
  const { letter, now, text } = envelope(compareAndSet.name, reply)
  if (letter === 'C') return { ok: true, entry: written(text, write, numberAt(text, BODY + 16, 13), now), now }
  if (letter === 'A') return { ok: false, entry: null, now }
  const entry = entryIn(compareAndSet.name, text)
  return { ok: entry.writeId === write.writeId, entry, now }
}

/** What the write left, without having it sent back. */
function written(text: string, { writeId, value, ttlMs }: RecordWrite, createdAt: number, now: number): RecordEntry {
  const rev = numberAt(text, BODY, 16)
  if (Number.isNaN(rev + createdAt)) throw unexpectedReply('a write of records', text)
  return { rev, writeId, createdAt, writtenAt: now, expiresAt: now + ttlMs, value }
}

function revision(rev: number): string {
  return String(rev).padStart(16, '0')
}

function optional(instant: number | undefined): string {
  return instant === undefined ? '' : String(instant)
}

function checkedId({ writeId }: { readonly writeId: string }): string {
  if (!/^\S{1,128}$/.test(writeId)) {
    throw new InvalidArgumentError(
      `writeId must be 1 to 128 characters without white space, not ${JSON.stringify(writeId)}.`,
    )
  }
  return writeId
}

function checkedTtl({ ttlMs }: RecordWrite): string {
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1) {
    throw new InvalidArgumentError(`ttlMs must be a whole number of milliseconds from 1, not ${ttlMs}.`)
  }
  return String(ttlMs)
}
