/** What the near cache of a cache, or a namespace, has done in this process. */
export interface NearStats {
  /** Those of `hits` that this process answered from what it keeps. */
  readonly hits: number
  /** Whether what it keeps counts now: the link to Redis is up. */
  readonly live: boolean
  /** How many entries are kept. */
  readonly entries: number
  /** What they take, about. */
  readonly bytes: number
  /** Entries that were given up for want of room. */
  readonly evicted: number
  /** Entries that were dropped because they were changed elsewhere. */
  readonly invalidated: number
  /** Entries that were dropped with all others, because any may have been changed. */
  readonly cleared: number
  /** Entries that were read and not kept, because they were changed meanwhile. */
  readonly refused: number
  /** Entries that were read and not kept, because they take more than an eighth of `maxBytes`. */
  readonly oversize: number
  /** Reads that could not use what is kept, because Redis had not been heard of for `maxStaleMs`. */
  readonly lapsed: number
  /** How often the link was lost; of the whole cache. */
  readonly linkLosses: number
  /** Messages on the link that no server sends; of the whole cache. */
  readonly ignored: number
}

export type NearCounted = Exclude<keyof NearStats, 'live' | 'entries' | 'bytes' | 'linkLosses' | 'ignored'>

export type NearCounts = { [Name in NearCounted]: number }

export function noNearCounts(): NearCounts {
  return { hits: 0, evicted: 0, invalidated: 0, cleared: 0, refused: 0, oversize: 0, lapsed: 0 }
}

const SUMS = [
  'hits',
  'evicted',
  'invalidated',
  'cleared',
  'refused',
  'oversize',
  'lapsed',
  'linkLosses',
  'ignored',
] as const

/** What has been counted since `previous`. */
export function nearSince(now: NearStats, previous: NearStats | undefined): NearStats {
  const since = { ...now } as { -readonly [Name in keyof NearStats]: NearStats[Name] }
  if (previous !== undefined) for (const name of SUMS) since[name] -= previous[name]
  return since
}
