import { hasCode } from '../errors.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { OnHint, RecordKey, Unsubscribe } from '../storage/records.ts'
import { within } from '../support/within.ts'

const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 2_000
/** How long a subscription that the storage refused (rights) is left alone: until then polling has to do. */
const REFUSED_MS = 60_000

/** The subscription to the hints of one key. When it fails it is tried again, after pauses that grow. */
export class KeyHints {
  readonly #calls: StorageClient
  readonly #key: RecordKey
  readonly #onHint: OnHint
  #isWanted = false
  #opening: Promise<void> | undefined
  #unsubscribe: Unsubscribe | undefined
  /** When to subscribe again, on the monotonic clock. */
  #retryAt = -Infinity
  /** How often subscribing has failed since it last succeeded. */
  #failures = 0

  constructor(calls: StorageClient, key: RecordKey, onHint: OnHint) {
    this.#calls = calls
    this.#key = key
    this.#onHint = onHint
  }

  /** Resolves when hints arrive, or when it is of no use to wait for that any longer. */
  async open(): Promise<void> {
    const { runtime, callTimeoutMs } = this.#calls
    this.#isWanted = true
    // A subscription that is not confirmed is waited for once: polling goes on meanwhile.
    if (this.#unsubscribe !== undefined || this.#opening !== undefined) return
    if (runtime.monotonicNow() < this.#retryAt) return
    this.#opening = this.#subscribe()
    await within(runtime, this.#opening, callTimeoutMs)
  }

  close(): void {
    this.#isWanted = false
    this.#unsubscribe?.().catch(() => undefined)
    this.#unsubscribe = undefined
  }

  /** Milliseconds until another attempt to subscribe is worth a read; Infinity while none is needed. */
  retryInMs(): number {
    if (this.#unsubscribe !== undefined || this.#opening !== undefined) return Infinity
    return Math.max(1, this.#retryAt - this.#calls.runtime.monotonicNow())
  }

  async #subscribe(): Promise<void> {
    const { runtime, storage } = this.#calls
    try {
      this.#unsubscribe = await storage.records.subscribe(this.#key, this.#onHint)
      this.#failures = 0
      // It may have taken so long that a read did not wait for it. One more read sees what was missed.
      if (this.#isWanted) this.#onHint()
      else this.close()
    } catch (error) {
      const refused = hasCode(error, 'STORAGE_REFUSED')
      const retryMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures)
      this.#failures += 1
      this.#retryAt = runtime.monotonicNow() + (refused ? REFUSED_MS : retryMs)
    } finally {
      this.#opening = undefined
    }
  }
}
