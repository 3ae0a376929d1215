import { AsyncLocalStorage } from 'node:async_hooks'
import { InvalidArgumentError } from '../errors.ts'
import { innermost } from '../support/call-chain.ts'
import type { Namespace } from './engine.ts'
import { Flight } from './flight.ts'
import { GetOrCreate } from './get-or-create.ts'
import type { LoadMissing } from './load.ts'
import type { CallPolicy } from './options.ts'
import type { Accepts } from './read.ts'

/** Each missing key costs separate commands: more at once would exceed the storage's deadline by their number. */
const KEYS_AT_ONCE = 500

/**
 * One `getOrCreate` for each key, whose loads are one: those that begin together call `loadMissing` once. A key that another
 * process loads is waited for, and one whose load it then takes over is loaded with those that it takes over at that time.
 */
export async function getOrCreateMany(
  space: Namespace,
  keys: readonly string[],
  loadMissing: LoadMissing<unknown>,
  policy: CallPolicy,
  accepts?: Accepts,
): Promise<Map<string, unknown>> {
  const unique = [...new Set(keys)]
  // All keys are checked before anything is sent.
  for (const key of unique) space.scope.entryKey(key)
  const values = new Map<string, unknown>()
  let missing = unique
  if (space.near !== undefined) {
    missing = []
    for (const key of unique) {
      const kept = space.near.getOrCreate(key, policy)
      // In its place, also where another comes later.
      values.set(key, kept)
      if (kept === undefined) missing.push(key)
    }
  }
  for (let at = 0; at < missing.length; at += KEYS_AT_ONCE) {
    const some = missing.slice(at, at + KEYS_AT_ONCE)
    const settled = await createTogether(space, some, loadMissing, policy, accepts)
    settled.forEach((each, i) => {
      if (each.status === 'rejected') throw each.reason
      if (each.value !== undefined) values.set(some[i] as string, each.value)
      else values.delete(some[i] as string)
    })
  }
  return values
}

async function createTogether(
  space: Namespace,
  unique: readonly string[],
  loadMissing: LoadMissing<unknown>,
  policy: CallPolicy,
  accepts: Accepts | undefined,
): Promise<readonly PromiseSettledResult<unknown>[]> {
  const together = new LoadTogether(unique.length, loadMissing)
  const calls = unique.map((key) => {
    const load = (context: Signalled): Promise<unknown> => together.load(key, context)
    return new GetOrCreate(space, key, load, policy, accepts, () => together.decided(key))
  })
  // All of them end before this does: none is left running when one fails.
  return await Promise.allSettled(calls.map((call) => call.run()))
}

/** Its signal is made when it is asked for: most loads never do. */
interface Signalled {
  readonly signal: AbortSignal
}

class LoadTogether {
  readonly #loadMissing: LoadMissing<unknown>
  readonly #decided = new Set<string>()
  #left: number
  #batch: Batch | undefined

  constructor(keys: number, loadMissing: LoadMissing<unknown>) {
    this.#left = keys
    this.#loadMissing = loadMissing
  }

  load(key: string, context: Signalled): Promise<unknown> {
    const batch = (this.#batch ??= new Batch())
    const value = batch.add(key, context)
    this.decided(key)
    return value
  }

  /** The call of this key has a value, waits, or loads: the load does not wait for it any longer. */
  decided(key: string): void {
    if (!this.#decided.has(key)) {
      this.#decided.add(key)
      this.#left -= 1
    }
    // Later ones, which take over, come when they come.
    if (this.#left === 0 && this.#batch !== undefined) {
      const batch = this.#batch
      process.nextTick(() => {
        if (this.#batch === batch) this.#batch = undefined
        batch.run(this.#loadMissing)
      })
    }
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

  add(key: string, context: Signalled): Promise<unknown> {
    if (this.#lead !== undefined) innermost(Flight)?.loadsWith(this.#lead)
    this.#keys.push(key)
    this.#contexts.push(context)
    return this.#made.then((made) => made.get(key))
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
