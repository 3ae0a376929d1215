import type {
  FeedRefusal,
  FollowOptions,
  Following,
  InvalidationFeed,
  InvalidationListener,
} from '@holdfast/core/storage'
import type { RedisClient } from '../client.ts'
import type { Keys } from '../keys.ts'
import { isCanary } from './canary.ts'
import { Follower } from './follower.ts'
import { type Links, openLinks } from './open-links.ts'
import { Pauses } from './pauses.ts'
import { covers, mergePrefixes } from './prefixes.ts'
import { LinkRefused } from './refusal.ts'

/** The feed of one client, and what ends it. */
export interface RedisInvalidations extends InvalidationFeed {
  close(): void
}

/**
 * What Redis reports by `CLIENT TRACKING`: one link to each master for all who follow, opened for the first and ended with
 * the last. A subscriber cannot ask for further prefixes, so these get links beside the old ones, which end when they have
 * reported all that they had.
 */
export function redisInvalidations(client: RedisClient, keys: Keys): RedisInvalidations {
  return new Invalidations(client, keys)
}

class Invalidations implements RedisInvalidations {
  readonly #client: RedisClient
  readonly #keys: Keys
  readonly #followers = new Set<Follower>()
  /** What those follow who are up, or will be. */
  #live: Links | undefined
  /** What was replaced, and has still something to report. */
  readonly #leaving = new Set<Links>()
  #isOpening = false
  readonly #pauses = new Pauses()
  #unproven = 0
  #refusal: FeedRefusal | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #beat: ReturnType<typeof setInterval> | undefined
  #everyMs = 0
  #stopWaiting: (() => void) | undefined
  #closed = false

  constructor(client: RedisClient, keys: Keys) {
    this.#client = client
    this.#keys = keys
  }

  follow(prefix: string, options: FollowOptions, listener: InvalidationListener): Following {
    const follower = new Follower(prefix, options, listener)
    if (this.#closed) return { stop() {} }
    this.#followers.add(follower)
    this.#stopWaiting ??= this.#client.connection.onChange((state) => {
      if (state === 'ready') this.#open()
    })
    // Not before the caller has what this returns.
    queueMicrotask(() => this.#welcome(follower))
    return { stop: () => this.#leave(follower) }
  }

  close(): void {
    this.#closed = true
    this.#end()
    this.#followers.clear()
  }

  #welcome(follower: Follower): void {
    if (!this.#followers.has(follower)) return
    this.#setBeat()
    this.#raise(follower)
    if (this.#refusal !== undefined) follower.refuse(this.#refusal)
    if (this.#retry === undefined) this.#open()
  }

  #leave(follower: Follower): void {
    if (!this.#followers.delete(follower)) return
    if (this.#followers.size === 0) this.#end()
    else this.#setBeat()
  }

  #end(): void {
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
    clearTimeout(this.#retry)
    this.#retry = undefined
    clearInterval(this.#beat)
    this.#everyMs = 0
    this.#refusal = undefined
    const links = [...this.#leaving, this.#live].filter((each) => each !== undefined)
    this.#live = undefined
    this.#leaving.clear()
    for (const each of links) {
      each.close()
      for (const follower of this.#followers) follower.drop(each)
    }
  }

  #open(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    const wanted = [...this.#followers].map(({ prefix }) => this.#keys.value(prefix))
    const stands = wanted.every((prefix) => covers(this.#live?.prefixes ?? [], prefix))
    if (stands || this.#isOpening || this.#client.connection.state !== 'ready') return
    this.#isOpening = true
    this.#openLinks(mergePrefixes(wanted)).then(
      (links) => {
        this.#isOpening = false
        if (this.#followers.size === 0) return links.close()
        if (links.ended) return this.#openLater()
        this.#adopt(links)
        // A further prefix may have come meanwhile.
        this.#open()
      },
      (error: unknown) => {
        this.#isOpening = false
        this.#failed(error)
      },
    )
  }

  async #openLinks(prefixes: readonly string[]): Promise<Links> {
    let links: Links | undefined
    links = await openLinks(this.#client, prefixes, {
      invalidated: (keys) => this.#tell(keys),
      ignored: () => {
        for (const follower of this.#followers) follower.ignore()
      },
      lost: () => links && this.#lost(links),
    })
    return links
  }

  #adopt(links: Links): void {
    const old = this.#live
    this.#live = links
    this.#unproven = 0
    this.#refusal = undefined
    if (old !== undefined) void this.#replace(old, links)
    for (const follower of this.#followers) this.#raise(follower)
  }

  /** Those who are up on the old links stay there until these have reported all that the new ones came too late for. */
  async #replace(old: Links, links: Links): Promise<void> {
    this.#leaving.add(old)
    const isDone = await this.#prove(old)
    if (!this.#leaving.delete(old)) return
    if (isDone && this.#live === links) for (const follower of this.#followers) follower.move(old, links)
    old.close()
    this.#drop(old)
  }

  #raise(follower: Follower): void {
    const links = this.#live
    if (links && covers(links.prefixes, this.#keys.value(follower.prefix))) follower.raise(links)
  }

  #lost(links: Links): void {
    this.#leaving.delete(links)
    if (this.#live === links) this.#live = undefined
    this.#drop(links)
    if (this.#live === undefined) this.#openLater()
  }

  #drop(links: Links): void {
    for (const follower of this.#followers) {
      follower.drop(links)
      this.#raise(follower)
    }
  }

  #failed(error: unknown): void {
    const refusal = error instanceof LinkRefused ? error.refusal : undefined
    if (refusal?.code === 'TRACKING_UNPROVEN') this.#unproven += 1
    // Once alone, the servers may just be changing.
    if (refusal !== undefined && (refusal.code !== 'TRACKING_UNPROVEN' || this.#unproven > 1)) {
      this.#refusal = refusal
      for (const follower of this.#followers) follower.refuse(refusal)
    }
    this.#openLater()
  }

  #openLater(): void {
    if (this.#followers.size === 0) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#open(), this.#pauses.next()).unref()
  }

  /** How long a link may be silent. */
  #patienceMs(): number {
    return Math.min(...[...this.#followers].map(({ maxStaleMs }) => maxStaleMs))
  }

  #setBeat(): void {
    const everyMs = this.#patienceMs() / 3
    if (everyMs === this.#everyMs) return
    this.#everyMs = everyMs
    clearInterval(this.#beat)
    this.#beat = setInterval(() => {
      const links = this.#live
      if (links !== undefined) void this.#prove(links)
    }, everyMs).unref()
  }

  async #prove(links: Links): Promise<boolean> {
    const patienceMs = this.#patienceMs()
    let isOver = false
    const giveUp = (): void => {
      if (isOver || links.ended) return
      isOver = true
      links.close()
      this.#lost(links)
    }
    // A process that was stopped has the answer, but has not read it yet: it reads before the immediate.
    const timer = setTimeout(() => setImmediate(giveUp), patienceMs).unref()
    try {
      await links.prove()
      clearTimeout(timer)
      if (isOver) return false
      isOver = true
      this.#pauses.reset()
      for (const follower of this.#followers) follower.prove(links)
      return true
    } catch {
      // Lost, which the links report themselves; or one master does not answer now, and the next beat may be answered.
      if (performance.now() - links.provenAt < patienceMs) isOver = true
      else giveUp()
      clearTimeout(timer)
      return false
    }
  }

  #tell(keys: readonly string[] | null): void {
    const before = this.#keys.value('').length
    let named: string[] | null = null
    if (keys !== null) {
      named = []
      for (const key of keys) if (!isCanary(key)) named.push(key.slice(before))
    }
    for (const follower of this.#followers) follower.tell(named)
  }
}
