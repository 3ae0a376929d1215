import type { Replacement, StoredValue } from '../storage/values.ts'
import type { ManyValues } from './batch-plan.ts'
import type { Namespace } from './engine.ts'
import type { TagGeneration } from './entry.ts'
import type { Flight } from './flight.ts'
import type { CallPolicy } from './options.ts'
import { entryOf } from './stored-entry.ts'

/**
 * How many values one command stores. The first ones are few, so that the server soon has something to do: it stores them while
 * the next ones, twice as many, are encoded.
 */
const FIRST_FILLS = 20
const MOST_FILLS = 50
/** Nor does a command take longer because its values are large. */
const MOST_CHARACTERS = 65_536

/** One value that is on its way. */
export interface Filling {
  readonly flight: Flight
  readonly value: unknown
  readonly payload: StoredValue
  readonly replacement: Replacement
}

export interface FillsOf {
  /** The placeholder of all of them. */
  readonly expected: string
  readonly policy: CallPolicy
  readonly loadMs: number
  /** When their caller began to wait for the storage. */
  readonly since: number
  readonly tags: readonly TagGeneration[]
  /** `stored`: whether it is; or why it may not be. */
  readonly onFilled: (filling: Filling, stored: boolean | Error) => Promise<void> | undefined
}

/** Stores what a load of many keys made, in few commands. */
export class BatchFill {
  readonly #space: Namespace
  readonly #values: ManyValues
  readonly #of: FillsOf
  readonly #sent: Promise<unknown>[] = []
  #most = FIRST_FILLS
  #next: Filling[] = []
  #characters = 0

  constructor(space: Namespace, values: ManyValues, of: FillsOf) {
    this.#space = space
    this.#values = values
    this.#of = of
  }

  /** `payload`: the value, encoded. */
  add(flight: Flight, value: unknown, payload: StoredValue): void {
    const { policy, loadMs, tags } = this.#of
    const { runtime } = this.#space.engine
    const { stored, lifeMs } = entryOf(this.#space, policy, payload, {
      token: runtime.randomId().slice(0, 11),
      generations: flight.joined ?? '',
      random: runtime.random(),
      loadMs,
      tags,
    })
    const replacement = { key: flight.entryKey, value: stored, ttlMs: lifeMs }
    this.#next.push({ flight, value, payload, replacement })
    this.#characters += stored.length
  }

  get isFull(): boolean {
    return this.#next.length >= this.#most || this.#characters >= MOST_CHARACTERS
  }

  /** Sends what was added; resolves when it has left: clients hold back what is sent until the end of the turn. */
  send(): Promise<void> {
    this.#send()
    return new Promise((resolve) => this.#space.engine.runtime.afterReplies(resolve))
  }

  /** Sends the last ones; resolves when all of them were answered. */
  async end(): Promise<void> {
    if (this.#next.length > 0) this.#send()
    await Promise.all(this.#sent)
  }

  #send(): void {
    const fillings = this.#next
    this.#most = Math.min(2 * this.#most, MOST_FILLS)
    this.#next = []
    this.#characters = 0
    this.#sent.push(this.#fill(fillings))
  }

  async #fill(fillings: readonly Filling[]): Promise<void> {
    const { gate } = this.#space.engine
    const { expected, since, onFilled } = this.#of
    const replacements = fillings.map(({ replacement }) => replacement)
    const filling = gate.call(() => this.#values.replaceMany(expected, replacements))
    const stored = await gate
      .inTime(since, filling)
      .catch((error: unknown) => fillings.map(() => error as Error))
    await Promise.all(fillings.flatMap((each, i) => onFilled(each, stored[i] ?? false) ?? []))
  }
}
