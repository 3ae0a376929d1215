import { InvalidArgumentError } from '@holdfast/core'
import type { RecordKey } from '@holdfast/core/storage'

/**
 * The key layout, all of it. Collections, names and keys begin with the `prefix` of `createHoldfast` and a colon: a job of
 * type `video` in the app `shop` is `{holdfast:r:shop:video:3}:<job key>`.
 *
 * ```
 * {holdfast:r:<collection>:<bucket>}:<id>   string   one record; also the channel of its hints
 * {holdfast:r:<collection>:<bucket>}#       list     the index of the bucket's records
 * {holdfast:r:<collection>:<bucket>}-<id>   string   writes of the record that shall not be executed any more
 * {holdfast:l:<name>}:s                     string   the leases of one lock or semaphore, see `leases/state.ts`
 * {holdfast:l:<name>}:q                     zset     who waits for it
 * {holdfast:w:<process>}                    channel  on which a process hears of its leases
 * {holdfast:l:<name>}:s:w:<process>         channel  the same in a cluster, sharded: in the slot of the lease
 * holdfast:v:<key>                          string   one value; the key verbatim, so that a hash tag in it counts; also
 *                                                    the channel on which the ends of its loads are published
 *                                           string   or one counter
 *                                           hash     or one hash
 * holdfast:v:<key>\n<operation>              string   what an operation on that counter was answered, in its slot
 * ```
 *
 * - Records of a collection are spread over 16 buckets by a hash of the id. The bucket is the hash tag: a record and
 *   the index that it is listed in are always in one slot, and a collection uses up to 16 of them.
 * - Different names never share a key: the namespace `holdfast` holds neither `:` nor braces, `{`, `}` and `%` of a
 *   collection are escaped, the bucket follows the last `:` before the first `}`, and all after it is the id.
 * - All of them are within {@link reachOf} all features, and those of one app within that of the app.
 */
export interface Keys {
  record(key: RecordKey): RecordKeys
  index(collection: string, bucket: number): string
  recordIn(collection: string, bucket: number, id: string): string
  value(key: string): string
  /** The hash tag of everything that belongs to one lease. */
  leaseTag(name: string): string
  /** The name that a tag was made of. */
  leaseName(tag: string): string
  /** What the channels begin with on which processes hear of their leases; the process and `}` follow. */
  readonly leaseChannel: string
}

/** The keys of one record. */
interface RecordKeys {
  readonly record: string
  /** The index that lists the record. */
  readonly index: string
  readonly voided: string
}

interface Bucket {
  readonly tag: string
  readonly index: string
}

export const BUCKETS = 16

/** What all keys and channels begin with. */
export const NAMESPACE = 'holdfast'

/** Where a server reports the keys that have changed. */
export const INVALIDATED = '__redis__:invalidate'

export function createKeys(namespace: string): Keys {
  if (!/^[\w.-]{1,64}$/.test(namespace)) {
    throw new InvalidArgumentError(
      `namespace must be 1 to 64 letters, digits, '_', '.' or '-', not ${JSON.stringify(namespace)}.`,
    )
  }
  let lastCollection: string | undefined
  let buckets: readonly Bucket[] = []
  // A process works on many records of few collections.
  const bucketsOf = (collection: string): readonly Bucket[] => {
    if (collection !== lastCollection) {
      const tag = `{${namespace}:r:${escapeTag(collection)}`
      buckets = Array.from({ length: BUCKETS }, (_, i) => ({ tag: `${tag}:${i}}`, index: `${tag}:${i}}#` }))
      lastCollection = collection
    }
    return buckets
  }
  const bucketIn = (collection: string, number: number): Bucket => {
    const bucket = bucketsOf(collection)[number]
    if (bucket === undefined) throw new RangeError(`there is no bucket ${number}`)
    return bucket
  }
  return {
    record({ collection, id }) {
      const { tag, index } = bucketIn(collection, bucketOf(id))
      return { record: `${tag}:${id}`, index, voided: `${tag}-${id}` }
    },
    index: (collection, bucket) => bucketIn(collection, bucket).index,
    recordIn: (collection, bucket, id) => `${bucketIn(collection, bucket).tag}:${id}`,
    value: (key) => `${namespace}:v:${key}`,
    leaseTag: (name) => `{${namespace}:l:${escapeTag(name)}}`,
    leaseName: (tag) => unescapeTag(tag.slice(`{${namespace}:l:`.length, -1)),
    leaseChannel: `{${namespace}:w:`,
  }
}

/**
 * The rules of `ACL SETUSER` for the keys and channels of features: those of all apps of a namespace, or of one. The last
 * channel of locks is common to all apps.
 */
export function reachOf(namespace: string, features: readonly string[], app?: string): readonly string[] {
  const inTag = app === undefined ? '*' : `${literal(escapeTag(app))}:*`
  const inName = app === undefined ? '*' : `${literal(app)}:*`
  const [locks, records] = [`{${namespace}:l:${inTag}`, `{${namespace}:r:${inTag}`]
  const values = `${namespace}:v:${inName}`
  const reach: Readonly<Record<string, readonly string[]>> = {
    locks: [`~${locks}`, `&${locks}`, `&{${namespace}:w:*`],
    idempotency: [`~${records}`, `&${records}`],
    cache: [`~${values}`, `&${values}`],
    near: [`&${INVALIDATED}`],
  }
  return Object.keys(reach).flatMap((each) => (features.includes(each) ? (reach[each] ?? []) : []))
}

/** Text in a pattern of Redis, in which `*`, `?`, `[` and a backslash would stand for something else. */
export function literal(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&')
}

/** FNV-1a over UTF-16. It must never change: records that are stored are found by it. */
export function bucketOf(id: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i += 1) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  return ((hash >>> 16) ^ hash) & (BUCKETS - 1)
}

/** Redis takes for the hash tag what stands between the first `{` and the first `}` after it. */
function escapeTag(text: string): string {
  return /[%{}]/.test(text) ? text.replace(/[%{}]/g, encodeURIComponent) : text
}

function unescapeTag(text: string): string {
  return text.includes('%') ? text.replace(/%(?:25|7B|7D)/g, decodeURIComponent) : text
}
