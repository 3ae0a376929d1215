import type { Runtime } from '../support/runtime.ts'
import type { StringMap } from '../support/string-map.ts'
import type { TimerQueue } from '../support/timer-queue.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredValue } from '../storage/values.ts'
import type { BoundedMemory } from './bounded-memory.ts'
import { type CacheEvent, type CacheOf, cacheEvents } from './events.ts'
import type { Flight } from './flight.ts'
import type { Generations } from './generations.ts'
import type { Scope } from './keys.ts'
import type { Lookup } from './lookup.ts'
import type { NearCache } from './near/near-cache.ts'
import type { NearCopies } from './near/near-copies.ts'
import type { NamespacePolicy } from './options.ts'
import type { Counted, Counts } from './stats.ts'
import type { StorageGate } from './storage-gate.ts'
import type { Waits } from './waits.ts'

/** What all namespaces of a cache share. */
export interface Engine {
  readonly of: CacheOf
  readonly runtime: Runtime
  readonly storage: Storage
  readonly gate: StorageGate
  readonly lookup: Lookup
  readonly generations: Generations
  readonly waits: Waits
  /** Loads of this process that others may share, by the key of their entry. */
  readonly flights: StringMap<Flight>
  /** Deadlines of loads that callers wait for: they keep the process alive. */
  readonly awaited: TimerQueue
  /** What is done in time for no caller. */
  readonly unawaited: TimerQueue
  /** Loads that no caller waits for; `close` ends them. */
  readonly background: Set<Flight>
  /** What was loaded while the storage could not be reached, as it would have been stored. */
  readonly memory: BoundedMemory<StoredValue>
  readonly memoryTtlMs: number
  /** What it keeps of what it has read; undefined until a namespace or a definition asks for that. */
  near: NearCache | undefined
  /** How often this process has invalidated more than it can name. */
  invalidations: number
  /** Numbers calls and loads in the order in which they begin. */
  nextOrder(): number
}

/** A cache or a namespace in it. */
export class Namespace {
  readonly engine: Engine
  readonly scope: Scope
  readonly policy: NamespacePolicy
  readonly counts: Counts
  /** What this process keeps of it; undefined: nothing. */
  near: NearCopies | undefined

  constructor(engine: Engine, scope: Scope, policy: NamespacePolicy, counts: Counts) {
    this.engine = engine
    this.scope = scope
    this.policy = policy
    this.counts = counts
  }

  count(name: Counted, by: number = 1): void {
    this.counts[name] += by
  }

  publish(
    event: () => CacheEvent extends infer E
      ? E extends unknown
        ? Omit<E, keyof CacheOf | 'namespace'>
        : never
      : never,
  ): void {
    cacheEvents.publish(() => ({ ...this.engine.of, namespace: this.scope.path, ...event() }) as CacheEvent)
  }

  /** Calls from now on share no load that runs now, and get nothing that this process kept. */
  forget(entryKeys: readonly string[]): void {
    for (const key of entryKeys) {
      this.engine.flights.delete(key)
      this.engine.memory.delete(key)
    }
    this.engine.near?.drop(entryKeys)
  }

  /** The same for whatever a call may have invalidated. Loads that have a guard are known by what the storage shows. */
  forgetAll(): void {
    const { flights, memory } = this.engine
    this.engine.invalidations += 1
    for (const { entryKey, guard } of flights.values()) if (guard === 'none') flights.delete(entryKey)
    memory.clear()
  }
}
