import { InvalidArgumentError } from '@holdfast/core'
import type { ListReply, RecordEntry, RecordPage } from '@holdfast/core/storage'
import type { RedisClient } from '../client.ts'
import { numberAt } from '../digits.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import { BUCKETS, type Keys } from '../keys.ts'
import type { RunScript } from '../script.ts'
import { RECORD, decodeRecord, isMark } from './format.ts'
import { indexPage } from './index-page.ts'

/** Where a walk stands: before the entry at `place` of this bucket's index. */
interface Position {
  readonly bucket: number
  readonly place: number
}

interface IndexPage {
  readonly bucket: number
  readonly now: number
  /** Of the first entry. */
  readonly place: number
  /** There are more entries after these. */
  readonly more: boolean
  readonly entries: readonly { readonly listedAs: string; readonly id: string }[]
}

/** A script can return some thousands of values, and a page should not keep Redis busy for long. */
const LONGEST_PAGE = 1_000

type Records = readonly { readonly id: string; readonly entry: RecordEntry }[]

/**
 * Walks the indexes of a collection's buckets, one after the other, and reads what they name: two round trips a page,
 * one for the names (of every bucket that may be needed) and one for the records.
 */
export function listRecords(
  client: RedisClient,
  run: RunScript,
  keys: Keys,
): (collection: string, page: RecordPage) => Promise<ListReply> {
  const readIndex = (collection: string, { bucket, place }: Position, limit: number): Promise<IndexPage> =>
    run(indexPage, [keys.index(collection, bucket)], [String(place), String(limit)], (reply) =>
      decodePage(reply, bucket),
    )

  const readRecords = async (collection: string, { bucket, entries }: IndexPage): Promise<Records> => {
    if (entries.length === 0) return []
    const names = entries.map(({ id }) => keys.recordIn(collection, bucket, id))
    const texts = await client.send(['MGET', ...names], names[0]).catch((error: unknown) => {
      throw asStorageError(error, 'records.list')
    })
    if (!Array.isArray(texts) || texts.length !== names.length) throw unexpectedReply('records.list', texts)
    return entries.flatMap(({ listedAs, id }, i) => {
      const text: unknown = texts[i]
      if (text === null) return [] // expired
      if (typeof text !== 'string') throw unexpectedReply('records.list', text)
      // Deleted, or listed more than once: only the entry that the record itself names counts.
      if (isMark(text) || !text.startsWith(listedAs, RECORD.listedAs)) return []
      const entry = decodeRecord(text)
      if (entry === null) throw unexpectedReply('records.list', text)
      return [{ id, entry }]
    })
  }

  return async (collection, { limit: asked, cursor }) => {
    if (!Number.isSafeInteger(asked) || asked < 1) {
      throw new InvalidArgumentError(`limit must be a whole number from 1, not ${asked}.`)
    }
    const limit = Math.min(asked, LONGEST_PAGE)
    const start = cursor === undefined ? { bucket: 0, place: 0 } : decodeCursor(cursor)
    // In the midst of a bucket, that one will often fill the page alone.
    const pages = [await readIndex(collection, start, limit)]
    if ((pages[0]?.entries.length ?? 0) < limit) {
      const others = Array.from({ length: BUCKETS - start.bucket - 1 }, (_, i) => start.bucket + 1 + i)
      pages.push(
        ...(await Promise.all(others.map((bucket) => readIndex(collection, { bucket, place: 0 }, limit)))),
      )
    }
    const { taken, next } = takePage(pages, limit)
    const records = (await Promise.all(taken.map((page) => readRecords(collection, page)))).flat()
    // The records were read after the clock was: none may be younger than the answer, or have ended before it.
    let now = 0
    for (const page of pages) now = Math.max(now, page.now)
    for (const { entry } of records) now = Math.max(now, entry.writtenAt)
    const live = records.filter(({ entry }) => entry.expiresAt > now)
    return next === undefined ? { records: live, now } : { records: live, cursor: encodeCursor(next), now }
  }
}

/** The first `limit` entries of the pages, and where they end. */
function takePage(
  pages: readonly IndexPage[],
  limit: number,
): { taken: IndexPage[]; next: Position | undefined } {
  const taken: IndexPage[] = []
  let left = limit
  for (const page of pages) {
    const entries = page.entries.slice(0, left)
    taken.push({ ...page, entries })
    left -= entries.length
    const { bucket } = page
    if (entries.length < page.entries.length || page.more) {
      return { taken, next: { bucket, place: page.place + entries.length } }
    }
    if (left === 0)
      return { taken, next: bucket + 1 < BUCKETS ? { bucket: bucket + 1, place: 0 } : undefined }
  }
  return { taken, next: undefined }
}

function decodePage(reply: unknown, bucket: number): IndexPage {
  if (!Array.isArray(reply) || !reply.every((part) => typeof part === 'string')) {
    throw unexpectedReply(indexPage.name, reply)
  }
  const [micros = '', place = '', more, ...entries] = reply
  const now = Math.floor(numberAt(micros, 0, 16) / 1_000)
  if (Number.isNaN(now + Number.parseInt(place, 10))) throw unexpectedReply(indexPage.name, reply)
  return {
    bucket,
    now,
    place: Number(place),
    more: more === '1',
    entries: entries.map((entry) => ({ listedAs: entry.slice(0, 16), id: entry.slice(27) })),
  }
}

function encodeCursor({ bucket, place }: Position): string {
  return `${bucket}:${place}`
}

function decodeCursor(cursor: string): Position {
  const [, bucket, place] = /^(\d{1,2}):(\d{1,16})$/.exec(cursor) ?? []
  if (bucket === undefined || place === undefined || Number(bucket) >= BUCKETS) {
    throw new InvalidArgumentError(`${JSON.stringify(cursor)} is not a cursor that list() returned.`)
  }
  return { bucket: Number(bucket), place: Number(place) }
}
