import type { Cache } from '../../../cache/cache.ts'
import type { GetOrCreateOptions } from '../../../cache/options.ts'
import { HoldfastError } from '../../../errors.ts'
import { currentOperation } from '../current-operation.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { App, World } from '../workload.ts'
import type { CounterJudge } from './counters.ts'
import { foreign } from './foreign.ts'
import { type Call, FIRST_ADDITION, type Invalidation, type Judge, type Made } from './judge.ts'
import type { KeysObserver } from './keys-observer.ts'
import { type LoadOfCall, type Loads, SourceFailedError } from './loads.ts'
import { NearProver } from './near-prover.ts'
import type { CachePlan, Operation, Space } from './plan.ts'
import type { Prover } from './prover.ts'
import type { Wire } from './wire.ts'

/** What a call may wait for the storage in all, and what the timers and turns of its process add. */
const STORAGE_MS = 250
const SLACK_MS = 10
/** After a stop, what has arrived meanwhile is read first. */
const GRACE_MS = 60

const EXPECTED = new Set(['STORAGE_UNAVAILABLE', 'LOAD_TIMEOUT'])

export interface Judges {
  readonly values: Judge
  readonly loads: Loads
  readonly counters: CounterJudge
  readonly keys: KeysObserver
  readonly prover: Prover
}

/** The cache as one process uses it: every answer is judged. */
export class CacheApp implements App {
  readonly #world: World
  readonly #plan: CachePlan
  readonly #process: SimulatedProcess
  readonly #wire: Wire
  readonly #caches: Readonly<Record<Space, Cache>>
  readonly #closeCache: () => Promise<void>
  readonly #judges: Judges
  #isClosed = false

  constructor(
    world: World,
    plan: CachePlan,
    process: SimulatedProcess,
    wire: Wire,
    root: Cache & { close(): Promise<void> },
    judges: Judges,
  ) {
    this.#world = world
    this.#plan = plan
    this.#process = process
    this.#wire = wire
    const n = root.namespace('n')
    this.#caches = { '': root, n, 'n/m': n.namespace('m') }
    this.#closeCache = () => root.close()
    this.#judges = judges
  }

  async perform(id: number): Promise<void> {
    const operation = this.#plan.operations[id]
    if (operation === undefined) throw new TypeError(`there is no operation ${id}`)
    const { kind, space, key, call: how } = operation
    const { history, scheduler, totals } = this.#world
    const call: Call = { process: this.#process, wire: this.#wire, began: scheduler.now }
    history.add(this.#process.index, () => `#${id} ${kind} ${space}:${key}${describe(operation)}`)
    totals.count(kind)
    try {
      const answer = await this.#run(operation, call)
      history.add(this.#process.index, () => `#${id} → ${String(answer)}`)
    } catch (error) {
      const code = HoldfastError.isInstance(error) ? error.code : (error as Error).message
      history.add(this.#process.index, () => `#${id} ✗ ${code}`)
      totals.count(`told ${code}`)
      this.#judges.keys.refused(id)
      this.#judgeError(operation, call, error)
    }
    this.#judgeEnd(operation, call, how.abortAfterMs)
  }

  async proveAlive(): Promise<void> {
    await this.#judges.prover.prove(this.#process, this.#caches[''], this.#plan.isProvenWhole)
    if (this.#plan.near === undefined) return
    const { values } = this.#judges
    await new NearProver(this.#world, this.#plan, this.#process, this.#wire, this.#caches, values).prove()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#judges.loads.closed(this.#process)
    await this.#closeCache()
  }

  async #run(operation: Operation, call: Call): Promise<unknown> {
    const { kind, space, key, tag } = operation
    const cache = this.#caches[space]
    const { values } = this.#judges
    switch (kind) {
      case 'getOrCreate':
        return await this.#getOrCreate(operation, call)
      case 'getOrCreateMany':
        return await this.#getOrCreateMany(operation, call)
      case 'get': {
        const got = await cache.get(key)
        values.gets(call, space, key, got, 'get', false)
        return got
      }
      case 'getFar': {
        const got = await cache.get(key, { near: false })
        values.gets(call, space, key, got, 'get', false)
        values.read(call, got)
        return got
      }
      case 'existsFar':
        return await cache.exists(key, { near: false })
      case 'getMany': {
        const got = await cache.getMany(this.#plan.keys)
        for (const [each, value] of got) values.gets(call, space, each, value, 'getMany', false)
        return [...got.values()].join()
      }
      case 'getEntry': {
        const got = await cache.getEntry(key)
        values.gets(call, space, key, got?.value, 'getEntry', got?.isStale === true)
        return got?.value
      }
      case 'exists': {
        const exists = await cache.exists(key)
        if (exists) values.exists(call, space, key)
        return exists
      }
      case 'set':
        return await this.#set(operation, [key])
      case 'setMany':
        return await this.#set(operation, this.#plan.keys)
      case 'remove':
        return await this.#invalidates(
          `remove #${operation.id}`,
          (made) => made.space === space && made.key === key,
          () => cache.remove(key),
        )
      case 'expire':
        return await this.#invalidates(
          `expire #${operation.id}`,
          (made) => made.space === space && made.key === key,
          () => cache.expire(key),
          true,
        )
      case 'clear':
        return await this.#invalidates(
          `clear #${operation.id}`,
          (made) => isIn(made, space),
          () => cache.clear(),
        )
      case 'invalidateTags':
        return await this.#invalidates(
          `invalidateTags(${tag}) #${operation.id}`,
          (made) => made.space === space && made.tags.includes(tag),
          () => cache.invalidateTags([tag]),
        )
      case 'removeByPattern':
        return await this.#invalidates(
          `removeByPattern(${key}*) #${operation.id}`,
          (made) => made.space === space && made.key.startsWith(key),
          async () => (await cache.removeByPattern(`${key}*`)).removed,
        )
      case 'foreignDelete':
      case 'foreignFlush':
      case 'foreignGarbage':
      case 'foreignGeneration':
        return foreign(this.#world, values, operation)
      case 'hashSet':
      case 'hashGet':
      case 'hashDelete':
        return await this.#hash(operation, call)
      case 'increment':
        return await this.#increment(operation)
    }
  }

  async #getOrCreate(operation: Operation, call: Call): Promise<unknown> {
    const { space, key } = operation
    const { softTimeoutMs, onLoadError, refresh } = operation.call
    const { scheduler } = this.#world
    const { values } = this.#judges
    const of: LoadOfCall = { made: undefined, failedAt: undefined }
    const cache = this.#caches[space]
    const value = await cache.getOrCreate<unknown>(
      key,
      (context) => this.#judges.loads.run(this.#asked(operation, call, cache), of, context),
      this.#options(operation),
    )
    const mayBeStale = softTimeoutMs !== undefined || onLoadError === 'stale'
    const now = scheduler.now
    const troubled = this.#wire.wasTroubled(call.began - 5_500, now)
    const old = of.failedAt !== undefined && values.made(value) !== of.made
    values.gets(
      call,
      space,
      key,
      value,
      'getOrCreate',
      mayBeStale,
      old && !troubled ? of.failedAt : call.began,
    )
    const made = values.made(value)
    if (refresh && made !== undefined && !mayBeStale && !troubled && made.began < call.began)
      this.#world.violated(
        'A refresh loads',
        `#${operation.id} of ${this.#process.name} got v${made.id}, which is older`,
      )
    return value
  }

  async #getOrCreateMany(operation: Operation, call: Call): Promise<unknown> {
    const { space } = operation
    const { softTimeoutMs, onLoadError } = operation.call
    const cache = this.#caches[space]
    const { loads, values } = this.#judges
    const mayBeStale = softTimeoutMs !== undefined || onLoadError === 'stale'
    const asked = new Set<string>()
    const begun: LoadOfCall[] = []
    const load = async (
      keys: readonly string[],
      { signal }: { readonly signal: AbortSignal },
    ): Promise<ReadonlyMap<string, unknown>> => {
      if (keys.length === 0) this.#world.violated('Loads of many', 'loadMissing is called for no key')
      const all: LoadOfCall[] = []
      const loading = keys.map(async (key) => {
        if (asked.has(key)) this.#world.totals.count('asked for again by the same call')
        asked.add(key)
        const of: LoadOfCall = { made: undefined, failedAt: undefined }
        all.push(of)
        begun.push(of)
        const one = { ...this.#asked({ ...operation, key }, call, cache), isOneOfMany: true }
        return [key, await loads.run(one, of, { signal, stale: undefined })] as const
      })
      const loaded = await loads.asOne(all, Promise.all(loading))
      return new Map(loaded.filter(([, value]) => value !== undefined)) as Map<string, unknown>
    }
    const got = await cache
      .getOrCreateMany<unknown>(this.#plan.keys, load, this.#options(operation))
      .catch((error: unknown) => {
        // Its process keeps nothing of a load that failed for one key, nor what only this call has waited for.
        for (const { made } of begun) if (made !== undefined) made.isValue = false
        throw error
      })
    for (const [key, value] of got) values.gets(call, space, key, value, 'getOrCreateMany', mayBeStale)
    return [...got.values()].join()
  }

  #options({ call }: Operation): GetOrCreateOptions {
    const { refresh, softTimeoutMs, onLoadError, tags, abortAfterMs } = call
    const options = { refresh, softTimeoutMs, onLoadError, tags }
    if (abortAfterMs === undefined) return options
    const { scheduler } = this.#world
    const controller = new AbortController()
    scheduler.at(scheduler.now + abortAfterMs, () => controller.abort(), this.#process, 'timer')
    return { ...options, signal: controller.signal }
  }

  #asked(operation: Operation, call: Call, cache: Cache): Parameters<Loads['run']>[0] {
    const { space, key, load } = operation
    const { hardTimeoutMs, waitMs } = this.#plan.lives
    const { asksFor } = load
    return {
      call,
      space,
      key,
      plan: load,
      tags: operation.call.tags,
      isRefresh: operation.call.refresh,
      hardTimeoutMs,
      waitMs,
      isOneOfMany: false,
      ask: async () => {
        const inner: Call = { ...call, began: this.#world.scheduler.now }
        const plan = {
          ...operation,
          key: asksFor,
          load: { ...load, outcome: 'value' as const, tags: undefined },
        }
        const of = { made: undefined, failedAt: undefined }
        const asked = { ...this.#asked(plan, inner, cache), isRefresh: false, tags: [] }
        const value = await cache.getOrCreate<unknown>(asksFor, (context) =>
          this.#judges.loads.run(asked, of, context),
        )
        this.#judges.values.gets(inner, space, asksFor, value, 'asked for by a load', false)
      },
    }
  }

  /** A set ends what was there before. */
  async #set({ id, space, call }: Operation, keys: readonly string[]): Promise<unknown> {
    const { values } = this.#judges
    const made = keys.map((key) => values.make({ space, key, how: 'set', process: this.#process }, call.tags))
    const pairs = new Map(made.map(({ key, id: version }) => [key, `v${version}`]))
    const isOlder = (other: Made): boolean =>
      other.space === space && keys.includes(other.key) && !made.includes(other)
    const [key = ''] = keys
    try {
      return await this.#invalidates(`set #${id}`, isOlder, () =>
        keys.length === 1
          ? this.#caches[space].set(key, pairs.get(key), { tags: call.tags })
          : this.#caches[space].setMany(pairs, { tags: call.tags }),
      )
    } finally {
      for (const each of made) each.ended = values.latestEffect()
    }
  }

  /** An operation that ends values; it counts from its acknowledgement on, and here once it is queued. */
  async #invalidates(
    what: string,
    ends: (made: Made) => boolean,
    run: () => Promise<unknown>,
    isExpiry = false,
  ): Promise<unknown> {
    const { scheduler, totals } = this.#world
    const invalidation: Invalidation = this.#judges.values.invalidate(what, ends, this.#process, isExpiry)
    invalidation.operation = currentOperation.getStore()
    try {
      const answer = await run()
      invalidation.acknowledged = scheduler.now
      invalidation.over = scheduler.now
      return answer
    } catch (error) {
      if (HoldfastError.isInstance(error) && 'queued' in error && error.queued === true) {
        totals.count('queued removals')
        invalidation.ownAcknowledged = scheduler.now
      }
      throw error
    }
  }

  async #hash({ id, kind, key, tag, space, call: { tags } }: Operation, call: Call): Promise<unknown> {
    const cache = this.#caches[space]
    const { values } = this.#judges
    const hash = `hash-${key}`
    const field = `${hash}.${tag}`
    const isOf = (made: Made): boolean => made.space === space && made.key === field
    if (kind === 'hashGet') {
      const got = await cache.hashGet(hash, tag)
      values.gets(call, space, field, got, 'hashGet', false)
      return got
    }
    if (kind === 'hashDelete')
      return await this.#invalidates(`hashDelete #${id}`, isOf, () => cache.hashDelete(hash, tag))
    const made = values.make({ space, key: field, how: 'set', process: this.#process }, [])
    const isOther = (other: Made): boolean => isOf(other) && other !== made
    try {
      return await this.#invalidates(`hashSet #${id}`, isOther, () =>
        cache.hashSet(hash, tag, `v${made.id}`, {
          ttlMs: 20_000,
          ttlOn: tags.length > 0 ? 'always' : 'create',
        }),
      )
    } finally {
      made.ended = values.latestEffect()
    }
  }

  async #increment({ id, key, space, call: { tags } }: Operation): Promise<unknown> {
    const { counters } = this.#judges
    const began = this.#world.scheduler.now
    const counter = `sim:${space}:count-${key}`
    // Another one in every call, so that an observer knows whose it is.
    const by = FIRST_ADDITION + id
    try {
      const ttlOn = tags.length > 0 ? 'always' : 'create'
      const sum = await this.#caches[space].increment(`count-${key}`, by, { ttlMs: 20_000, ttlOn })
      counters.answered(counter, by, sum, began)
      return sum
    } catch (error) {
      const isSure =
        HoldfastError.isInstance(error) && 'maybeApplied' in error && error.maybeApplied === false
      if (isSure) counters.refused(counter, by, began)
      throw error
    }
  }

  #judgeError(operation: Operation, call: Call, error: unknown): void {
    if (this.#isClosed) return
    if (error instanceof SourceFailedError) {
      const { load, call: of } = error
      if (of.process === this.#process && load.ended >= call.began) return
      this.#world.violated(
        'An error goes to those who shared its load',
        `${this.#process.name} asked at ${call.began.toFixed(1)} and got the error of the load of v${load.id}, which ended at ${load.ended.toFixed(1)}`,
      )
      return
    }
    const code = HoldfastError.isInstance(error) ? error.code : undefined
    if (code !== undefined && EXPECTED.has(code)) return
    if (code === 'WAIT_ABORTED' && operation.call.abortAfterMs !== undefined) return
    if (code === 'SELF_DEADLOCK' && this.#plan.operations.some(({ load }) => load.outcome === 'asks')) return
    const { message, stack } = error as Error
    this.#world.violated('No surprise', `#${operation.id} ${operation.kind}: ${stack ?? message}`)
  }

  /** No wait without an end. */
  #judgeEnd({ id, kind, load }: Operation, { began }: Call, abortAfterMs: number | undefined): void {
    const { scheduler } = this.#world
    const { hardTimeoutMs, waitMs } = this.#plan.lives
    const now = scheduler.now
    const pausedMs = this.#judges.values.pausedMs(this.#process, began, now)
    const slackMs = SLACK_MS + (pausedMs > 0 ? pausedMs + GRACE_MS : 0)
    let limitMs = STORAGE_MS
    if (kind === 'getOrCreate' || kind === 'getOrCreateMany') {
      // A load that asks for another key is one in another.
      const asks = this.#plan.operations.some(({ load: { outcome } }) => outcome === 'asks') ? 2 : 1
      const again = this.#judges.values.countInvalidations(began, now)
      limitMs = waitMs + (hardTimeoutMs + 2 * STORAGE_MS) * (1 + again) * asks + 4 * STORAGE_MS
      if (abortAfterMs !== undefined) limitMs = Math.min(limitMs, abortAfterMs)
    }
    limitMs *= 1.012
    if (now - began <= limitMs + slackMs) return
    this.#world.violated(
      'No wait without an end',
      `#${id} ${kind} (${load.outcome}) of ${this.#process.name} took ${(now - began).toFixed(0)} ms; ${(limitMs + slackMs).toFixed(0)} at most`,
    )
  }
}

/** Hashes have no generation. */
function isIn({ space, key }: Made, ancestor: Space): boolean {
  if (key.startsWith('hash-')) return false
  return ancestor === '' || space === ancestor || space.startsWith(`${ancestor}/`)
}

function describe({ kind, load, call }: Operation): string {
  if (!kind.startsWith('getOrCreate')) return ''
  const { refresh, softTimeoutMs, onLoadError, tags } = call
  const parts = [
    load.outcome,
    load.ms.toFixed(0),
    refresh ? 'refresh' : '',
    softTimeoutMs === undefined ? '' : `soft ${softTimeoutMs}`,
    onLoadError === 'stale' ? 'or stale' : '',
    tags.join(),
    load.tags === undefined ? '' : `loads ${load.tags.join()}`,
  ]
  return ` (${parts.filter(Boolean).join(' ')})`
}
