import type { Storage } from '@holdfast/core'
import type { Followed, Report } from '@holdfast/core/testing'

/** An acknowledged write: the server changed the key between the two moments. */
interface Write {
  readonly key: string
  readonly startedAt: number
  readonly answeredAt: number
}

/** Writes keys, one after the other, until it is stopped; what is refused or not answered is tried again. */
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

/**
 * The writes that a feed has proven to be reported, and has not reported (F1, F2). What comes after them is all that counts:
 * `up` says that nothing does which was kept before.
 */
export function unreported({ heard: { all } }: Followed, writes: readonly Write[]): readonly string[] {
  return writes.flatMap(({ key, startedAt, answeredAt }) => {
    const proof = all.findIndex((each) => 'at' in each && each.at >= answeredAt)
    if (all[proof]?.kind !== 'proven') return []
    const before = all.slice(0, proof)
    const up = before.findLastIndex(({ kind }) => kind === 'up')
    const since = before[up] as Report & { readonly at: number }
    if (since.at > startedAt) return []
    const isReported = before
      .slice(up)
      .some((each) => each.kind === 'everything' || (each.kind === 'invalidated' && each.key === key))
    return isReported ? [] : [`${key}, written at ${startedAt}, proven at ${(all[proof] as typeof since).at}`]
  })
}
