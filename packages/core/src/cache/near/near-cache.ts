import type { InvalidationFeed } from '../../storage/invalidations.ts'
import type { Runtime } from '../../support/runtime.ts'
import { Bounds } from '../bounds.ts'
import { type CacheOf, nearEvents } from '../events.ts'
import type { Scope } from '../keys.ts'
import { Cells } from './cells.ts'
import { HotCopies } from './hot-copies.ts'
import { Link } from './link.ts'
import { NearSpace } from './near-space.ts'
import type { NearPolicy } from './options.ts'
import { type NearStats, noNearCounts } from './stats.ts'

/** What a process keeps of one cache, for all its namespaces and definitions, and the link that says what to drop. */
export class NearCache {
  readonly cells: Cells = new Cells()
  readonly link: Link
  readonly #of: CacheOf
  readonly #runtime: Runtime
  /** What its keys begin with. */
  readonly #prefix: string
  readonly #internal: string
  readonly #byPath = new Map<string, NearSpace[]>()
  readonly #limits = new WeakMap<NearPolicy, Limits>()
  #linkLosses = 0
  /** Copies of a link that was lost may be there. */
  #hasLost = false
  #ignored = 0

  constructor(of: CacheOf, runtime: Runtime, feed: InvalidationFeed, app: string) {
    this.#of = of
    this.#runtime = runtime
    this.#prefix = `${app}:`
    this.#internal = `${app}:#`
    this.link = new Link(runtime, feed, this.#prefix, {
      invalidated: (keys) => {
        for (const key of keys) this.#told(key)
      },
      everything: () => this.dropAll(),
      ignored: () => void (this.#ignored += 1),
      up: () => nearEvents.publish(() => ({ ...this.#of, type: 'up' })),
      down: () => {
        this.#linkLosses += 1
        this.#hasLost = true
        nearEvents.publish(() => ({ ...this.#of, type: 'down' }))
      },
      refused: ({ code, cause }) =>
        nearEvents.publish(() => ({ ...this.#of, type: 'refused', code, error: cause })),
    })
  }

  /** The copies of a namespace, for all who have the same limits: those who share a policy share its bounds. */
  space({ path, app, prefix }: Scope, policy: NearPolicy): NearSpace {
    const spaces = this.#byPath.get(path) ?? []
    const same = spaces.find((each) => isSame(each.policy, policy))
    if (same !== undefined) return same
    let limits = this.#limits.get(policy)
    if (limits === undefined) this.#limits.set(policy, (limits = limitsOf(policy)))
    const prefixes = [prefix, `${app}:#g/`, `${app}:#t/`]
    const space = new NearSpace(policy, noNearCounts(), this.#runtime, limits, this.cells, prefixes)
    this.#byPath.set(path, [...spaces, space])
    return space
  }

  /** This process changes what is under these keys of entries. */
  drop(entryKeys: readonly string[]): void {
    for (const key of entryKeys) this.#drop(key, false)
  }

  /** This process renews these generations. */
  doubt(keys: readonly string[]): void {
    for (const key of keys) this.cells.doubt(key)
  }

  dropPath(path: string): void {
    for (const space of this.#byPath.get(path) ?? []) space.dropAll()
  }

  dropAll(): void {
    this.cells.reports += 1
    for (const spaces of this.#byPath.values()) for (const space of spaces) space.dropAll()
  }

  /** What was lost with the link is of no use any more: the storage answers. */
  recovered(): void {
    if (!this.#hasLost) return
    this.#hasLost = false
    for (const spaces of this.#byPath.values())
      for (const space of spaces) if (space.lease.at === -Infinity) space.copies.clear()
  }

  /** Of a namespace and its definitions. */
  stats(isOf: (path: string) => boolean): NearStats {
    const sum = { ...noNearCounts(), live: false, entries: 0, bytes: 0 }
    const now = this.#runtime.monotonicNow()
    for (const [path, spaces] of this.#byPath) {
      if (!isOf(path)) continue
      for (const { counts, copies, lease } of spaces) {
        for (const name of Object.keys(counts) as (keyof typeof counts)[]) sum[name] += counts[name]
        sum.entries += copies.size
        sum.bytes += copies.bytes
        sum.live ||= now - lease.at < lease.maxStaleMs
      }
    }
    return { ...sum, linkLosses: this.#linkLosses, ignored: this.#ignored }
  }

  close(): void {
    this.link.close()
    this.dropAll()
  }

  #told(key: string): void {
    if (key.startsWith(this.#internal)) this.cells.doubt(key)
    else this.#drop(key, true)
  }

  #drop(key: string, isTold: boolean): void {
    if (!key.startsWith(this.#prefix)) return
    const from = this.#prefix.length
    const end = key.indexOf(':', from)
    const spaces = end < 0 ? undefined : this.#byPath.get(key.slice(from, end))
    if (spaces === undefined) return
    const own = key.slice(end + 1)
    for (const space of spaces) if (space.drop(own) && isTold) space.counts.invalidated += 1
  }
}

/** Of the texts of what it keeps, those that are read again and again take no more than this part for their objects. */
const HOT_PART = 1 / 16

interface Limits {
  readonly bounds: Bounds
  readonly hot: HotCopies
}

function limitsOf({ maxEntries, maxBytes }: NearPolicy): Limits {
  return { bounds: new Bounds(maxEntries, maxBytes), hot: new HotCopies(maxBytes * HOT_PART) }
}

function isSame(one: NearPolicy, other: NearPolicy): boolean {
  return (
    one === other ||
    (one.maxEntries === other.maxEntries &&
      one.maxBytes === other.maxBytes &&
      one.maxStaleMs === other.maxStaleMs &&
      one.ttlMs === other.ttlMs)
  )
}
