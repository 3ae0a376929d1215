import { InvalidArgumentError } from '@holdfast/core'
import type {
  DeleteReply,
  PutReply,
  ReadReply,
  RecordEntry,
  RecordKey,
  RecordStorage,
  RecordWrite,
} from '@holdfast/core/storage'
import type { RedisClient } from '../client.ts'
import { numberAt } from '../digits.ts'
import { unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import type { PubSub } from '../pub-sub.ts'
import type { RunScript } from '../script.ts'
import { compareAndDelete } from './compare-and-delete.ts'
import { compareAndSet } from './compare-and-set.ts'
import { createOrRead } from './create-or-read.ts'
import {
  NO_RECORD,
  decodeRecord,
  encodeWrite,
  instant,
  isMark,
  lifetime,
  listedMs,
  revision,
} from './format.ts'
import { indexLifetimes } from './index-lifetimes.ts'
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
  const indexes = indexLifetimes()
  // In a cluster every node receives what is published.
  const carries = !client.cluster
  const create = (key: RecordKey, write: RecordWrite): Promise<PutReply> => {
    const { record, index, voided } = keys.record(key)
    const { ttlMs } = write
    const looks = indexes.mustLook(index, ttlMs)
    return run(
      createOrRead,
      [record, index, voided],
      [`${listedMs(ttlMs)} ${encodeWrite(write)}`, lifetime(ttlMs), terms(write) + (looks ? '1' : '0')],
      (reply) => {
        const created = decodeCreate(reply, write)
        if (looks && created.outcome === 'written') indexes.looked(index, ttlMs)
        return created
      },
    )
  }
  return {
    put(key, expectedRev, write) {
      const fault = faultOf(write)
      if (fault !== undefined) return Promise.reject(fault)
      if (expectedRev === null) return create(key, write)
      const { record, index } = keys.record(key)
      return run(
        compareAndSet,
        [record, index],
        [revision(expectedRev), encodeWrite(write), lifetime(write.ttlMs), terms(write, carries)],
        (reply) => decodeSet(reply, write, expectedRev),
      )
    },

    compareAndDelete(key, match) {
      if ('writeId' in match && !isId(match.writeId)) return Promise.reject(notAnId(match.writeId))
      const { record, voided } = keys.record(key)
      return run(
        compareAndDelete,
        [record, voided],
        'rev' in match ? [revision(match.rev), '', instant(0)] : ['', match.writeId, instant(match.notAfter)],
        decodeDelete,
      )
    },

    read: (key) => run(readRecord, [keys.record(key).record], [], decodeRead),

    list: listRecords(client, run, keys),

    subscribe: (key: RecordKey, onHint) =>
      pubSub.subscribe(keys.record(key).record, {
        message: (record) => onHint(decodeRecord(record) ?? undefined),
        restored: () => onHint(),
      }),
  }
}

/** The latest instant, and whether to publish. Scripts compare the instant as text; what follows it does not matter. */
function terms({ notAfter, notify }: RecordWrite, carries = false): string {
  return instant(notAfter) + (notify ? (carries ? '2' : '1') : '0')
}

/** Every reply begins with a letter and the instant in microseconds, 16 digits. */
const BODY = 17

function envelope(doing: string, reply: unknown): { letter: string; now: number; text: string } {
  if (typeof reply === 'string') {
    const micros = numberAt(reply, 1, 16)
    if (!Number.isNaN(micros))
      return { letter: reply.charAt(0), now: Math.floor(micros / 1_000), text: reply }
  }
  throw unexpectedReply(doing, reply)
}

/**
 * Redis judges expiry by the instant at which a script began, and the script reads the clock a little later: what it
 * found had not expired then, so the answer is dated before its end.
 */
function found(
  doing: string,
  text: string,
  now: number,
): { readonly entry: RecordEntry; readonly now: number } {
  if (!text.startsWith('R')) throw unexpectedReply(doing, text)
  const entry = decodeRecord(text, BODY) ?? foreign(text.slice(BODY), now)
  return { entry, now: Math.min(now, entry.expiresAt - 1) }
}

/** Another program's value: the caller sees from it that it is no record, and may delete it. */
function foreign(value: string, now: number): RecordEntry {
  return { rev: NO_RECORD, writeId: '', createdAt: now, writtenAt: now, expiresAt: now + 1, value }
}

function decodeCreate(reply: unknown, write: RecordWrite): PutReply {
  const { letter, now, text } = envelope(createOrRead.name, reply)
  // Of just this length: the reply to a replacement begins the same way and is longer.
  if (letter === 'C' && text.length === BODY + 16) {
    return { outcome: 'written', entry: written(text, write, now, now), now }
  }
  if (letter === 'L') return { outcome: 'late', entry: null, now }
  const there = found(createOrRead.name, text, now)
  const { entry } = there
  return { outcome: entry.writeId === write.writeId ? 'written' : 'conflict', entry, now: there.now }
}

function decodeSet(reply: unknown, write: RecordWrite, expectedRev: number): PutReply {
  const { letter, now, text } = envelope(compareAndSet.name, reply)
  if (letter === 'C') {
    return { outcome: 'written', entry: written(text, write, numberAt(text, BODY + 16, 13), now), now }
  }
  if (letter === 'A') return { outcome: 'conflict', entry: null, now }
  if (isMark(text, BODY)) return { outcome: 'conflict', entry: null, now, removed: true }
  const there = found(compareAndSet.name, text, now)
  if (there.entry.writeId === write.writeId) return { outcome: 'written', ...there }
  return { outcome: there.entry.rev === expectedRev ? 'late' : 'conflict', ...there }
}

function decodeDelete(reply: unknown): DeleteReply {
  const { letter, now, text } = envelope(compareAndDelete.name, reply)
  return letter === 'D'
    ? { outcome: 'deleted', entry: null, now }
    : { outcome: 'conflict', ...found(compareAndDelete.name, text, now) }
}

function decodeRead(reply: unknown): ReadReply {
  const { letter, now, text } = envelope(readRecord.name, reply)
  return letter === 'A' ? { entry: null, now } : found(readRecord.name, text, now)
}

/** The entry that the write left, without a copy in the reply. */
function written(
  text: string,
  { writeId, value, ttlMs }: RecordWrite,
  createdAt: number,
  now: number,
): RecordEntry {
  const rev = numberAt(text, BODY, 16)
  if (Number.isNaN(rev + createdAt)) throw unexpectedReply('a write of records', text)
  return { rev, writeId, createdAt, writtenAt: now, expiresAt: now + ttlMs, value }
}

function faultOf({ writeId, ttlMs }: RecordWrite): InvalidArgumentError | undefined {
  if (!isId(writeId)) return notAnId(writeId)
  if (Number.isSafeInteger(ttlMs) && ttlMs >= 1 && ttlMs <= LONGEST_TTL_MS) return undefined
  return new InvalidArgumentError(`ttlMs must be a whole number from 1 to ${LONGEST_TTL_MS}, not ${ttlMs}.`)
}

/** 1,000 days: with the eighth more for which the index keeps a record, it fits into 11 digits. */
const LONGEST_TTL_MS = 86_400_000_000

function isId(writeId: string): boolean {
  return /^\S{1,128}$/.test(writeId)
}

function notAnId(writeId: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `writeId must be 1 to 128 characters without white space, not ${JSON.stringify(writeId)}.`,
  )
}
