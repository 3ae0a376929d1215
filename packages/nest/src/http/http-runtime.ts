import { setMaxListeners } from 'node:events'
import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import {
  type HttpIdempotency,
  type HttpIdempotencyOptions,
  createHttpIdempotency,
  overDefaults,
} from '@holdfast/http'
import type { HttpIdempotencyDefaults } from './options.ts'

/** What the idempotent routes of one instance share: the module's defaults, and the engines made of them. */
export class HttpRuntime {
  readonly #holdfast: Holdfast
  readonly #defaults: HttpIdempotencyDefaults
  readonly #engines = new Map<object, HttpIdempotency<never>>()
  readonly #closing = new AbortController()

  constructor(holdfast: Holdfast, defaults: HttpIdempotencyDefaults = {}) {
    this.#holdfast = holdfast
    this.#defaults = defaults
    // Each request that waits listens to it.
    setMaxListeners(0, this.#closing.signal)
  }

  /** The options of a route over the module's. */
  optionsOf(options: HttpIdempotencyDefaults): HttpIdempotencyDefaults {
    return overDefaults(this.#defaults, options)
  }

  /** One engine for each object of options. @throws InvalidArgumentError that names the route */
  engineFor(options: HttpIdempotencyDefaults, route: string): HttpIdempotency<never> {
    const known = this.#engines.get(options)
    if (known !== undefined) return known
    try {
      // Whether they are complete is for the engine to say.
      const complete = this.optionsOf(options) as HttpIdempotencyOptions<never>
      const engine = createHttpIdempotency(this.#holdfast.idempotency, complete)
      this.#engines.set(options, engine)
      return engine
    } catch (error) {
      throw new InvalidArgumentError(`@Idempotent on ${route}: ${(error as Error).message}`)
    }
  }

  /** Aborted when the app shuts down: duplicates stop waiting for an answer. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  endWaits(): void {
    this.#closing.abort()
  }

  /** Resolves when nothing is recorded any more for requests that were begun. */
  async drained(): Promise<void> {
    await Promise.all([...this.#engines.values()].map((engine) => engine.drained()))
  }
}
