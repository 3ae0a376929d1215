import type { Storage } from '@holdfast/core'

/** An acknowledged write: the server changed the key between the two moments. */
interface Write {
  readonly key: string
  readonly startedAt: number
  readonly answeredAt: number
}

/** Writes keys, one after the other, until it is stopped; what is refused or not answered is no write. */
export class Writer {
  readonly writes: Write[] = []
  readonly #storage: Storage
  readonly #keys: readonly string[]
  #isStopped = false
  readonly #ended: Promise<void>

  constructor(storage: Storage, keys: readonly string[]) {
    this.#storage = storage
    this.#keys = keys
    this.#ended = this.#write()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#ended
  }

  async #write(): Promise<void> {
    for (let i = 0; !this.#isStopped; i += 1) {
      const key = this.#keys[i % this.#keys.length] as string
      const startedAt = performance.now()
      try {
        await this.#storage.values.set(key, String(i), 60_000, Number.MAX_SAFE_INTEGER)
        this.writes.push({ key, startedAt, answeredAt: performance.now() })
      } catch {
        // A client that has no connection refuses at once.
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
}

type Heard = { readonly heardAt: number } & (
  | { readonly kind: 'up' | 'proven'; readonly at: number }
  | { readonly kind: 'invalidated'; readonly keys: readonly string[] }
  | { readonly kind: 'everything' | 'down' }
)

/** Hears what a feed says, and when. */
export class FeedWitness {
  readonly #heard: Heard[] = []
  readonly stop: () => void

  constructor({ values }: Storage, prefix: string, maxStaleMs: number) {
    const following = values.invalidations?.follow(
      prefix,
      { maxStaleMs },
      {
        up: (at) => this.#hear({ kind: 'up', at, heardAt: performance.now() }),
        proven: (at) => this.#hear({ kind: 'proven', at, heardAt: performance.now() }),
        invalidated: (keys) => this.#hear({ kind: 'invalidated', keys, heardAt: performance.now() }),
        everything: () => this.#hear({ kind: 'everything', heardAt: performance.now() }),
        down: () => this.#hear({ kind: 'down', heardAt: performance.now() }),
        ignored() {},
        refused() {},
      },
    )
    this.stop = () => following?.stop()
  }

  #hear(heard: Heard): void {
    this.#heard.push(heard)
  }

  /**
   * The writes that the feed has proven to be reported, and has not reported (F1, F2). One from before it was up is none:
   * what a process kept before does not count.
   */
  unreported(writes: readonly Write[]): readonly string[] {
    return writes.flatMap(({ key, startedAt, answeredAt }) => {
      const proof = this.#heard.findIndex((each) => 'at' in each && each.at >= answeredAt)
      const proven = this.#heard[proof]
      if (proven?.kind !== 'proven') return []
      const before = this.#heard.slice(0, proof)
      const up = before.findLast(({ kind }) => kind === 'up')
      if (up === undefined || up.heardAt > startedAt) return []
      const isReported = before.some(
        (each) =>
          each.heardAt >= startedAt &&
          (each.kind === 'everything' || (each.kind === 'invalidated' && each.keys.includes(key))),
      )
      return isReported ? [] : [`${key}, written at ${startedAt}, proven at ${proven.heardAt}`]
    })
  }
}
