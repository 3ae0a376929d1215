import type { Storage } from '../../../storage/storage.ts'
import type { Scheduler } from '../scheduler.ts'

/** An answer that takes longer may have come too late for its caller. */
const QUICK_MS = 120
/** After so long a call has failed. */
const CALL_MS = 255
/** How long it takes until a loaded value is stored, or is known not to be. */
const STORES_WITHIN_MS = 1_000

interface Sent {
  readonly at: number
  answeredAt: number
}

/** What one process has sent and heard, as an observer on its machine sees it: when it was cut off. By true time. */
export class Wire {
  readonly storage: Storage
  readonly #scheduler: Scheduler
  readonly #sent: Sent[] = []
  readonly #downs: { readonly from: number; to: number }[] = []

  constructor(scheduler: Scheduler, storage: Storage) {
    this.#scheduler = scheduler
    const { values } = storage
    this.storage = {
      ...storage,
      time: () => this.#tap(() => storage.time()),
      values: {
        ...this.#tapped(values),
        hashes: this.#tapped(values.hashes),
        counters: this.#tapped(values.counters),
        invalidations: values.invalidations,
      },
    }
    storage.connection.onChange((state) => {
      if (state === 'down') this.#downs.push({ from: scheduler.now, to: Infinity })
      const last = this.#downs.at(-1)
      if (state === 'ready' && last !== undefined) last.to = scheduler.now
    })
  }

  /** Whether anything went wrong between the two instants. */
  wasTroubled(from: number, to: number): boolean {
    const isBad = ({ at, answeredAt }: Sent): boolean =>
      answeredAt - at > QUICK_MS && at <= to && answeredAt >= from
    return this.#sent.some(isBad) || this.#downs.some((down) => down.from <= to && down.to >= from)
  }

  /**
   * Whether the storage has answered, before `by`, what was sent after the process could not store what it had made at
   * `made`: it has heard of the recovery then.
   */
  hasRecovered(made: number, by: number): boolean {
    // What failed first: the command that was to store it, or one that had to come before that.
    let failedAt = Infinity
    for (const { at, answeredAt } of this.#sent)
      if (at >= made && at <= made + STORES_WITHIN_MS && answeredAt - at > QUICK_MS)
        failedAt = Math.min(failedAt, at + CALL_MS)
    const wasDown = this.#downs.some(({ from, to }) => from <= made + STORES_WITHIN_MS && to >= made)
    if (failedAt === Infinity) failedAt = made
    if (wasDown) failedAt = Math.max(failedAt, made + STORES_WITHIN_MS)
    // A later answer is none for the process: its call has failed.
    return this.#sent.some(
      ({ at, answeredAt }) => at > failedAt && answeredAt < by && answeredAt - at < CALL_MS,
    )
  }

  /** Whether there was no connection in all of that time. */
  wasDownAll(from: number, to: number): boolean {
    return this.#downs.some((down) => down.from < from && down.to > to)
  }

  #tapped<T extends object>(facet: T): T {
    const taps = Object.entries(facet)
      .filter(([, operation]) => typeof operation === 'function')
      .map(([name, operation]) => [
        name,
        (...args: readonly unknown[]) =>
          this.#tap(() => (operation as (...args: unknown[]) => Promise<unknown>)(...args)),
      ])
    return Object.fromEntries(taps) as T
  }

  async #tap<T>(send: () => Promise<T>): Promise<T> {
    const sent: Sent = { at: this.#scheduler.now, answeredAt: Infinity }
    this.#sent.push(sent)
    const reply = await send()
    sent.answeredAt = this.#scheduler.now
    return reply
  }
}
