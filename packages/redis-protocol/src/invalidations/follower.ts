import type { FeedRefusal, FollowOptions, InvalidationListener } from '@holdfast/core/storage'
import type { Links } from './open-links.ts'

/** Who follows a prefix: up on some links, or down. */
export class Follower {
  readonly prefix: string
  readonly maxStaleMs: number
  readonly #listener: InvalidationListener
  /** What it has heard of since it was up. */
  readonly #refusals = new Set<string>()
  #links: Links | undefined

  constructor(prefix: string, { maxStaleMs }: FollowOptions, listener: InvalidationListener) {
    this.prefix = prefix
    this.maxStaleMs = maxStaleMs
    this.#listener = listener
  }

  isOn(links: Links): boolean {
    return this.#links === links
  }

  /** Nothing where it is up already. */
  raise(links: Links): void {
    if (this.#links !== undefined) return
    this.#links = links
    this.#refusals.clear()
    this.#listener.up(links.provenAt)
  }

  /** Without an end: what it was up on has reported everything. */
  move(from: Links, to: Links): void {
    if (this.#links === from) this.#links = to
  }

  drop(links: Links): void {
    if (this.#links !== links) return
    this.#links = undefined
    this.#listener.down()
  }

  prove(links: Links): void {
    if (this.#links === links) this.#listener.proven(links.provenAt)
  }

  /** `keys`: as the storage takes them; `null` for any. */
  tell(keys: readonly string[] | null): void {
    if (this.#links === undefined) return
    if (keys === null) return this.#listener.everything()
    // A message mostly names one key, and each process has several followers.
    let own: string[] | undefined
    for (const key of keys) if (key.startsWith(this.prefix)) (own ??= []).push(key)
    if (own !== undefined) this.#listener.invalidated(own)
  }

  ignore(): void {
    this.#listener.ignored()
  }

  refuse(refusal: FeedRefusal): void {
    const { code, cause } = refusal
    const name = `${code} ${cause instanceof Error ? cause.message : String(cause)}`
    if (this.#links !== undefined || this.#refusals.has(name)) return
    this.#refusals.add(name)
    this.#listener.refused(refusal)
  }
}
