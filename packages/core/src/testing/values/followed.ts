import assert from 'node:assert/strict'
import type { FeedRefusal, Following, InvalidationListener } from '../../storage/invalidations.ts'
import type { ValueStorage } from '../../storage/values.ts'
import { Heard } from '../patience.ts'

/** What a feed of invalidations has said. */
export type Report =
  | { readonly kind: 'up' | 'proven'; readonly at: number }
  | { readonly kind: 'invalidated'; readonly key: string }
  | { readonly kind: 'everything' | 'down' | 'ignored' }
  | { readonly kind: 'refused'; readonly reason: FeedRefusal }

/** What a test hears of the changes under a prefix. */
export class Followed {
  readonly heard: Heard<Report> = new Heard()
  readonly prefix: string
  readonly #following: Following

  constructor(values: ValueStorage, prefix: string, maxStaleMs: number) {
    this.prefix = prefix
    assert.ok(values.invalidations !== undefined, 'the storage reports no invalidations')
    const listener: InvalidationListener = {
      up: (at) => this.heard.add({ kind: 'up', at }),
      proven: (at) => this.heard.add({ kind: 'proven', at }),
      invalidated: (keys) => {
        for (const key of keys) this.heard.add({ kind: 'invalidated', key })
      },
      everything: () => this.heard.add({ kind: 'everything' }),
      down: () => this.heard.add({ kind: 'down' }),
      ignored: () => this.heard.add({ kind: 'ignored' }),
      refused: (reason) => this.heard.add({ kind: 'refused', reason }),
    }
    this.#following = values.invalidations.follow(prefix, { maxStaleMs }, listener)
  }

  /** Resolves when it is up, after having been down the given number of times. */
  async up(downs = 0): Promise<void> {
    await this.heard.until(
      (all) => counted(all, 'down') >= downs && counted(all, 'up') > counted(all, 'down'),
    )
  }

  async down(downs = 1): Promise<void> {
    await this.heard.until((all) => counted(all, 'down') >= downs)
  }

  /** Resolves when it has heard of the key so often, `everything` included. */
  async invalidated(key: string, times = 1): Promise<void> {
    await this.heard.until(() => this.times(key) >= times)
  }

  /** How often it has heard of the key. */
  times(key: string): number {
    return this.heard.all.filter(
      (each) => each.kind === 'everything' || (each.kind === 'invalidated' && each.key === key),
    ).length
  }

  /** Until when it is proven that all has been reported. */
  get provenUntil(): number {
    return this.heard.all.reduce((last, each) => ('at' in each ? Math.max(last, each.at) : last), -Infinity)
  }

  /** Resolves when all that changed before `at` has been reported. */
  async proven(at: number): Promise<void> {
    await this.heard.until(() => this.provenUntil >= at)
  }

  stop(): void {
    this.#following.stop()
  }
}

function counted(all: readonly Report[], kind: Report['kind']): number {
  return all.filter((each) => each.kind === kind).length
}
