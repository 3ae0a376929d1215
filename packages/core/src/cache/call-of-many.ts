import { innermost } from '../support/call-chain.ts'
import { MOST_TOGETHER } from './batch-guard.ts'
import { BatchLoad } from './batch-load.ts'
import type { ManyValues } from './batch-plan.ts'
import type { Namespace } from './engine.ts'
import { loads } from './events.ts'
import { Flight, isAround } from './flight.ts'
import type { FirstSight } from './first-sight.ts'
import { GetOrCreate } from './get-or-create.ts'
import type { LoadMissing } from './load.ts'
import { LoadTogether } from './load-together.ts'
import type { Found } from './lookup.ts'
import type { CallPolicy } from './options.ts'
import { readValue } from './read-value.ts'
import type { Accepts, Read } from './read.ts'
import { isOut } from './storage-gate.ts'

/**
 * One call of some keys, each there once: what is missing is loaded together. Where the storage can do many things in one
 * command, they are read, reserved, loaded and stored together as well. What needs more than that is a `getOrCreate` of its
 * key: an old value, a load of another caller or process, a storage that is out.
 */
export class CallOfMany {
  readonly #space: Namespace
  readonly #keys: readonly string[]
  readonly #policy: CallPolicy
  readonly #accepts: Accepts | undefined
  readonly #together: LoadTogether
  readonly #results = new Map<string, PromiseSettledResult<unknown>>()
  readonly #running: Promise<void>[] = []
  #lookedAt = 0
  #order = 0

  constructor(
    space: Namespace,
    keys: readonly string[],
    loadMissing: LoadMissing<unknown>,
    policy: CallPolicy,
    accepts: Accepts | undefined,
  ) {
    this.#space = space
    this.#keys = keys
    this.#policy = policy
    this.#accepts = accepts
    this.#together = new LoadTogether(loadMissing)
  }

  /** In the order of the keys. All of them end before this does: none is left running when one fails. */
  async run(): Promise<readonly PromiseSettledResult<unknown>[]> {
    const values = manyOf(this.#space, this.#policy)
    if (values === undefined) this.#eachAlone(this.#keys.map((key) => [key, undefined]))
    else await this.#lookTogether(values)
    // Others may be added meanwhile.
    for (let at = 0; at < this.#running.length; at += 1) await this.#running[at]
    return this.#keys.map((key) => this.#results.get(key) as PromiseSettledResult<unknown>)
  }

  async #lookTogether(values: ManyValues): Promise<void> {
    const { engine, scope, policy: ofSpace } = this.#space
    // They were checked before.
    const entryKeys = this.#keys.map((key) => scope.prefix + key)
    this.#lookedAt = engine.runtime.monotonicNow()
    // Before its read, as that of a single call: it joins loads that begin meanwhile.
    this.#order = engine.nextOrder()
    let found: readonly (Found | Promise<readonly Found[]>)[]
    try {
      found = await engine.lookup.findEach(scope, ofSpace.codec, entryKeys, this.#policy.tags)
    } catch (error) {
      if (!isOut(error)) throw error
      this.#eachAlone(this.#keys.map((key) => [key, this.#sight({ outage: { error } })]))
      return
    }
    const isNested = innermost(Flight) !== undefined
    const isFree = (entryKey: string): boolean =>
      engine.flights.get(entryKey) === undefined && !(isNested && isAround(entryKey, engine.storage))
    const missing: { readonly key: string; readonly found: Found }[] = []
    const others: [key: string, first: FirstSight][] = []
    found.forEach((each, i) => {
      const key = this.#keys[i] as string
      if (each instanceof Promise) return void others.push([key, this.#sight({ finding: each })])
      if (each.state === 'absent' && isFree(each.key)) return void missing.push({ key, found: each })
      const read = this.#read(key, each)
      if (read === undefined || this.#isHit(key, read)) return
      others.push([key, this.#sight({ read })])
    })
    this.#loadTogether(values, missing, others)
  }

  /** Undefined: the schema cannot be used, and that is the answer. */
  #read(key: string, found: Found): Read | undefined {
    try {
      return readValue(this.#space, key, found, this.#accepts)
    } catch (reason) {
      this.#results.set(key, { status: 'rejected', reason })
      return undefined
    }
  }

  /** Answers with a value that is fresh, and is not loaded anew before its end. */
  #isHit(key: string, read: Read): boolean {
    if (read.value === undefined || read.state !== 'fresh' || this.#policy.earlyRefresh !== false)
      return false
    this.#space.count('hits')
    this.#space.publish(() => ({ key, type: 'hit' }))
    this.#results.set(key, { status: 'fulfilled', value: read.value.value })
    return true
  }

  #loadTogether(
    values: ManyValues,
    missing: readonly { readonly key: string; readonly found: Found }[],
    others: readonly [key: string, first: FirstSight][],
  ): void {
    this.#space.count('misses', missing.length)
    for (const { key } of missing) this.#space.publish(() => ({ key, type: 'miss' }))
    for (let at = 0; at < missing.length; at += MOST_TOGETHER) {
      const some = missing.slice(at, at + MOST_TOGETHER)
      const part = {}
      this.#together.expect(part)
      const batch = new BatchLoad(this.#space, values, {
        keys: some.map(({ key }) => key),
        found: some.map(({ found }) => found),
        policy: this.#policy,
        lookedAt: this.#lookedAt,
        load: (keys, context) => this.#together.load(part, keys, context),
        onSettled: (key, result) => this.#results.set(key, result),
        onLost: (key, outage) => this.#alone(key, this.#lost(outage)),
      })
      // Also when none of its keys is left for it.
      this.#running.push(batch.run().finally(() => this.#together.decided(part)))
    }
    this.#eachAlone(others)
  }

  #eachAlone(calls: readonly (readonly [key: string, first: FirstSight | undefined])[]): void {
    for (const [key] of calls) this.#together.expect(key)
    for (const [key, first] of calls) this.#alone(key, first)
  }

  #alone(key: string, first: FirstSight | undefined): void {
    const call = new GetOrCreate(
      this.#space,
      key,
      (context) => this.#together.loadOne(key, context),
      this.#policy,
      this.#accepts,
      { first, onDecided: () => this.#together.decided(key) },
    )
    const running = call.run().then(
      (value) => void this.#results.set(key, { status: 'fulfilled', value }),
      (reason: unknown) => void this.#results.set(key, { status: 'rejected', reason }),
    )
    this.#running.push(running)
  }

  #sight(seen: Pick<FirstSight, 'read' | 'finding' | 'outage'>): FirstSight {
    return { ...seen, order: this.#order, lookedAt: this.#lookedAt, isCounted: false }
  }

  /** Of a key that it has counted as missing. */
  #lost(outage: FirstSight['outage']): FirstSight {
    const lookedAt = outage === undefined ? undefined : this.#lookedAt
    return { outage, order: this.#order, lookedAt, isCounted: true }
  }
}

/** Undefined: each key is a call. Who gives a signal may leave some loads and not others; a trace and a copy are of one key. */
function manyOf({ engine, near }: Namespace, { signal, refresh }: CallPolicy): ManyValues | undefined {
  const { values } = engine.storage
  if (values.reserveMany === undefined || values.replaceMany === undefined) return undefined
  if (near !== undefined || signal !== undefined || refresh || loads.traced) return undefined
  // The object itself, on which its methods are called.
  return values as ManyValues
}
