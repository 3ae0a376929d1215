import type { FeedRefusal, Following, InvalidationFeed } from '../../storage/invalidations.ts'
import type { Runtime, Timer } from '../../support/runtime.ts'

/**
 * A server compares each key that is written with all prefixes that are followed: beyond so many it is one for all. Those of
 * eight namespaces, and two of generations.
 */
const MOST_PREFIXES = 10
/** A link that nobody has used for so long is closed. */
const IDLE_MS = 60_000

/** Who hears what a link reports. */
export interface LinkListener {
  invalidated(keys: readonly string[]): void
  everything(): void
  ignored(): void
  up(): void
  down(): void
  refused(reason: FeedRefusal): void
}

class Followed {
  /** All that changed before has been reported. -Infinity: it is down. */
  at: number = -Infinity
  following: Following | undefined
  readonly leases: Set<Lease> = new Set()
}

/**
 * How long the copies of a namespace count: until `maxStaleMs` after the instant before which all changes have been reported.
 * That is arithmetic at each hit. No timer has to fire for it, so it holds for a process that was stopped as well.
 */
export class Lease {
  readonly prefixes: readonly string[]
  readonly maxStaleMs: number
  /** -Infinity: the link is down. */
  at: number = -Infinity
  /** Since when copies do not count any more, while it is down. */
  lostAt: number = -Infinity
  parts: readonly Followed[] = []
  readonly #onUp: () => void
  readonly #onDown: () => void

  constructor(prefixes: readonly string[], maxStaleMs: number, onUp: () => void, onDown: () => void) {
    this.prefixes = prefixes
    this.maxStaleMs = maxStaleMs
    this.#onUp = onUp
    this.#onDown = onDown
  }

  /** What it follows has changed, at the local instant `now`. */
  update(now: number): void {
    const was = this.at
    this.at = this.parts.length === 0 ? -Infinity : Math.min(...this.parts.map(({ at }) => at))
    if (was === -Infinity && this.at > -Infinity) this.#onUp()
    if (was > -Infinity && this.at === -Infinity) {
      this.lostAt = Math.min(now, was + this.maxStaleMs)
      this.#onDown()
    }
  }
}

/** What a process follows of one cache: as little as its leases need. */
export class Link {
  /** When it was of use last. */
  usedAt: number = -Infinity
  readonly #runtime: Runtime
  readonly #feed: InvalidationFeed
  readonly #whole: string
  readonly #listener: LinkListener
  readonly #followed = new Map<string, Followed>()
  readonly #leases = new Set<Lease>()
  readonly #refusals = new Set<string>()
  #idle: Timer | undefined
  #isUp = false
  #isClosed = false

  /** `whole`: what all keys of the cache begin with. */
  constructor(runtime: Runtime, feed: InvalidationFeed, whole: string, listener: LinkListener) {
    this.#runtime = runtime
    this.#feed = feed
    this.#whole = whole
    this.#listener = listener
  }

  /** Follows what the lease needs, unless it does already. */
  follow(lease: Lease): void {
    if (this.#isClosed || this.#leases.has(lease)) return
    this.#leases.add(lease)
    const prefixes = new Set([...this.#followed.keys(), ...lease.prefixes])
    if (this.#followed.has(this.#whole) || prefixes.size > MOST_PREFIXES) this.#followWhole()
    else this.#attach(lease, lease.prefixes)
    this.#idle ??= this.#watchIdle(IDLE_MS)
  }

  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  #followWhole(): void {
    const narrow = [...this.#followed].filter(([prefix]) => prefix !== this.#whole)
    for (const lease of this.#leases) {
      if (lease.parts[0] === undefined || lease.parts[0] !== this.#followed.get(this.#whole))
        this.#attach(lease, [this.#whole])
    }
    for (const [prefix, { following }] of narrow) {
      this.#followed.delete(prefix)
      following?.stop()
    }
  }

  #attach(lease: Lease, prefixes: readonly string[]): void {
    for (const { leases } of lease.parts) leases.delete(lease)
    lease.parts = prefixes.map((prefix) => {
      const followed = this.#followed.get(prefix) ?? this.#begin(prefix, lease.maxStaleMs)
      followed.leases.add(lease)
      return followed
    })
    lease.update(this.#runtime.monotonicNow())
  }

  #begin(prefix: string, maxStaleMs: number): Followed {
    const followed = new Followed()
    this.#followed.set(prefix, followed)
    const isCurrent = (): boolean => this.#followed.get(prefix) === followed
    const at = (instant: number): void => {
      followed.at = Math.max(followed.at, instant)
      this.#update(followed)
    }
    followed.following = this.#feed.follow(
      prefix,
      { maxStaleMs },
      {
        up: (instant) => {
          if (!isCurrent()) return
          at(instant)
          this.#refusals.clear()
          if (this.#isUp || ![...this.#followed.values()].every((each) => each.at > -Infinity)) return
          this.#isUp = true
          this.#listener.up()
        },
        proven: (instant) => {
          // After a loss only `up` counts.
          if (isCurrent() && followed.at > -Infinity) at(instant)
        },
        invalidated: (keys) => this.#listener.invalidated(keys),
        everything: () => this.#listener.everything(),
        ignored: () => this.#listener.ignored(),
        down: () => {
          if (!isCurrent()) return
          followed.at = -Infinity
          this.#update(followed)
          if (!this.#isUp) return
          this.#isUp = false
          this.#listener.down()
        },
        refused: (reason) => {
          if (!isCurrent() || this.#refusals.has(reason.code)) return
          this.#refusals.add(reason.code)
          this.#listener.refused(reason)
        },
      },
    )
    return followed
  }

  #update(followed: Followed): void {
    const now = this.#runtime.monotonicNow()
    for (const lease of followed.leases) lease.update(now)
  }

  #watchIdle(inMs: number): Timer {
    return this.#runtime.setTimer(
      inMs,
      () => {
        this.#idle = undefined
        const leftMs = this.usedAt + IDLE_MS - this.#runtime.monotonicNow()
        if (leftMs <= 0) this.#stop()
        else this.#idle = this.#watchIdle(leftMs)
      },
      { background: true },
    )
  }

  #stop(): void {
    this.#idle?.cancel()
    this.#idle = undefined
    this.#isUp = false
    const followed = [...this.#followed.values()]
    this.#followed.clear()
    const now = this.#runtime.monotonicNow()
    for (const lease of this.#leases) {
      lease.parts = []
      lease.update(now)
    }
    this.#leases.clear()
    for (const { following } of followed) following?.stop()
  }
}
