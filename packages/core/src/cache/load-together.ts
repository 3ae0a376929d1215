import { AsyncLocalStorage } from 'node:async_hooks'
import { InvalidArgumentError } from '../errors.ts'
import { innermost } from '../support/call-chain.ts'
import { Flight } from './flight.ts'
import type { LoadMissing } from './load.ts'

/** Its signal is made when it is asked for: most loads never do. */
interface Signalled {
  readonly signal: AbortSignal
}

/** Loads keys by one call of `loadMissing`: those that begin together. */
export class LoadTogether {
  readonly #loadMissing: LoadMissing<unknown>
  /** Who may load a key yet. */
  readonly #undecided = new Set<unknown>()
  #batch: Batch | undefined

  constructor(loadMissing: LoadMissing<unknown>) {
    this.#loadMissing = loadMissing
  }

  /** The load waits until this one loads as well, or has decided otherwise. Others, which take over, come when they come. */
  expect(who: unknown): void {
    this.#undecided.add(who)
  }

  load(who: unknown, keys: readonly string[], context: Signalled): Promise<ReadonlyMap<string, unknown>> {
    const batch = (this.#batch ??= new Batch())
    const made = batch.add(keys, context)
    this.decided(who)
    return made
  }

  async loadOne(key: string, context: Signalled): Promise<unknown> {
    return (await this.load(key, [key], context)).get(key)
  }

  /** It has a value, waits, or loads: the load does not wait for it any longer. */
  decided(who: unknown): void {
    this.#undecided.delete(who)
    const batch = this.#batch
    if (this.#undecided.size > 0 || batch === undefined) return
    process.nextTick(() => {
      if (this.#batch === batch) this.#batch = undefined
      batch.run(this.#loadMissing)
    })
  }
}

class Batch {
  /** The load runs as that of the first key, so what it asks for is judged as what that load asks for. */
  readonly #asFirst = AsyncLocalStorage.snapshot()
  readonly #lead = innermost(Flight)
  readonly #keys: string[] = []
  readonly #contexts: Signalled[] = []
  readonly #made: Promise<ReadonlyMap<string, unknown>>
  #begin!: (loading: Promise<ReadonlyMap<string, unknown>>) => void
  #hasBegun = false

  constructor() {
    this.#made = new Promise((resolve) => (this.#begin = resolve))
  }

  add(keys: readonly string[], context: Signalled): Promise<ReadonlyMap<string, unknown>> {
    if (this.#lead !== undefined) innermost(Flight)?.loadsWith(this.#lead)
    this.#keys.push(...keys)
    this.#contexts.push(context)
    return this.#made
  }

  run(loadMissing: LoadMissing<unknown>): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    const keys = this.#keys
    const contexts = this.#contexts
    let signal: AbortSignal | undefined
    const context: Signalled = {
      get signal() {
        return (signal ??= allOf(contexts))
      },
    }
    const load = async (): Promise<ReadonlyMap<string, unknown>> => {
      const made = checkMap(await loadMissing(keys, context))
      const asked = new Set(keys)
      for (const key of made.keys()) if (!asked.has(key)) throw notAsked('loadMissing', key)
      return made
    }
    this.#begin(this.#asFirst(load))
  }
}

/** Aborted when all of them are: as long as one caller waits for one key, the load has a purpose. */
function allOf(contexts: readonly Signalled[]): AbortSignal {
  const controller = new AbortController()
  let left = contexts.length
  for (const { signal } of contexts) {
    const aborted = (): void => {
      left -= 1
      if (left === 0) controller.abort(signal.reason)
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
  }
  return controller.signal
}

export function checkMap<K, V>(made: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (typeof made?.get === 'function' && typeof made.keys === 'function') return made
  throw new InvalidArgumentError(
    'The load of many keys must return a Map, with a value for each key that it found.',
  )
}

export function notAsked(load: string, key: string): InvalidArgumentError {
  return new InvalidArgumentError(`${load} returned ${JSON.stringify(key)}, which it was not asked for.`)
}
