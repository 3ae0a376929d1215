import type { Storage } from '../../../storage/storage.ts'
import type { Scheduler } from '../scheduler.ts'

/** An answer that takes longer may have come too late for its caller. */
const QUICK_MS = 120
/** After so long a call has failed, as its process counts. */
const CALL_MS = 246

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

  /** Whether the storage has not answered at all, at `now`, since a call failed after `from`. */
  isCutOff(from: number, now: number): boolean {
    const failures = [
      ...this.#sent
        .filter(({ at, answeredAt }) => answeredAt - at > QUICK_MS)
        .map(({ at, answeredAt }) => Math.min(answeredAt, at + CALL_MS)),
      ...this.#downs.map(({ to }) => Math.min(to, now)),
    ].filter((at) => at >= from && at <= now)
    const lastFailure = Math.max(from, ...failures)
    return !this.#sent.some(({ at, answeredAt }) => at > lastFailure && answeredAt < now)
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
