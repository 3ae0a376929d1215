import { InvalidArgumentError, type ListReply, type RecordEntry, type RecordPage } from '@holdfast/core'
import type { RedisClient } from '../client.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import { BUCKETS, type Keys } from '../keys.ts'
import type { RunScript } from '../script.ts'
import { decodeEntry, numberAt } from './entry.ts'
import { indexPage } from './index-page.ts'

/** Where a walk stands: in this bucket, after this id with this score. */
interface Position {
  readonly bucket: number
  readonly score: string
  readonly id: string
}

interface BucketPage {
  readonly bucket: number
  readonly now: number
  readonly ids: readonly { readonly id: string; readonly score: string }[]
}

/**
 * Walks the indexes of a collection's buckets, one after the other, and reads what they name. Two round trips a page:
 * one for the ids (of every bucket that may be needed) and one for the records.
 */
export function listRecords(
  client: RedisClient,
  run: RunScript,
  keys: Keys,
): (collection: string, page: RecordPage) => Promise<ListReply> {
  const readPage = (collection: string, at: Position, limit: number): Promise<BucketPage> =>
    run(indexPage, [keys.index(collection, at.bucket)], [at.score, at.id, String(limit)], (reply) =>
      decodePage(reply, at.bucket),
    )

  const readEntries = async (collection: string, bucket: number, ids: readonly string[]): Promise<Entries> => {
    const names = ids.map((id) => keys.recordIn(collection, bucket, id))
    const texts = await client.send(['MGET', ...names], names[0]).catch((error: unknown) => {
      throw asStorageError(error, 'records.list')
    })
    if (!Array.isArray(texts) || texts.length !== ids.length) throw unexpectedReply('records.list', texts)
    return ids.flatMap((id, i) => {
      const text: unknown = texts[i]
      if (text === null) return [] // deleted or expired: the index forgets it in time
      const entry = typeof text === 'string' ? decodeEntry(text) : null
      if (entry === null) throw unexpectedReply('records.list', text)
      return [{ id, entry }]
    })
  }

  return async (collection, { limit, cursor }) => {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new InvalidArgumentError(`limit must be a whole number from 1, not ${limit}.`)
    }
    const start = cursor === undefined ? { bucket: 0, score: '', id: '' } : decodeCursor(cursor)
    const pages: BucketPage[] = []
    // In the midst of a bucket, it will often fill the page alone.
    if (start.id !== '') pages.push(await readPage(collection, start, limit))
    if ((pages[0]?.ids.length ?? 0) < limit) {
      const rest = []
      for (let bucket = start.bucket + pages.length; bucket < BUCKETS; bucket += 1) {
        rest.push(readPage(collection, { bucket, score: '', id: '' }, limit))
      }
      pages.push(...(await Promise.all(rest)))
    }

    let left = limit
    let next: Position | undefined
    const wanted: Promise<Entries>[] = []
    for (const { bucket, ids } of pages) {
      const taken = ids.slice(0, left)
      left -= taken.length
      if (taken.length > 0) wanted.push(readEntries(collection, bucket, taken.map(({ id }) => id)))
      const last = taken.at(-1)
      if (left === 0) {
        next = last === undefined ? { bucket, score: '', id: '' } : { bucket, ...last }
        break
      }
    }
    const records = (await Promise.all(wanted)).flat()
    // The reading came after the clock was: no record may be younger than the answer.
    const now = Math.max(...pages.map((page) => page.now), ...records.map(({ entry }) => entry.writtenAt))
    return next === undefined ? { records, now } : { records, cursor: encodeCursor(next), now }
  }
}

type Entries = readonly { readonly id: string; readonly entry: RecordEntry }[]

function decodePage(reply: unknown, bucket: number): BucketPage {
  if (!Array.isArray(reply)) throw unexpectedReply(indexPage.name, reply)
  const [micros, ...rest] = reply as unknown[]
  const now = typeof micros === 'string' ? Math.floor(numberAt(micros, 0, 16) / 1_000) : Number.NaN
  if (Number.isNaN(now) || rest.length % 2 !== 0) throw unexpectedReply(indexPage.name, reply)
  const ids = []
  for (let i = 0; i < rest.length; i += 2) {
    const [id, score] = [rest[i], rest[i + 1]]
    if (typeof id !== 'string' || typeof score !== 'string') throw unexpectedReply(indexPage.name, reply)
    ids.push({ id, score })
  }
  return { bucket, now, ids }
}

function encodeCursor({ bucket, score, id }: Position): string {
  return `${bucket}:${score}:${id}`
}

function decodeCursor(cursor: string): Position {
  const [, bucket, score, id] = /^(\d+):(\d*):(.*)$/s.exec(cursor) ?? []
  if (bucket === undefined || score === undefined || id === undefined || Number(bucket) >= BUCKETS) {
    throw new InvalidArgumentError(`${JSON.stringify(cursor)} is not a cursor that list() returned.`)
  }
  return { bucket: Number(bucket), score, id }
}
