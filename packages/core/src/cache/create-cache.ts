import { ClosedError } from '../errors.ts'
import type { Identity } from '../support/instance.ts'
import { type Resolved, resolveOptions } from '../support/option-table.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { StringMap } from '../support/string-map.ts'
import { TimerQueue } from '../support/timer-queue.ts'
import type { StoredValue } from '../storage/values.ts'
import { agingClock } from './aging-clock.ts'
import { BoundedMemory } from './bounded-memory.ts'
import { Bounds } from './bounds.ts'
import { Breaker } from './breaker.ts'
import { cacheIn } from './cache-in.ts'
import type { Cache } from './cache.ts'
import type { Engine } from './engine.ts'
import type { Flight } from './flight.ts'
import { Generations } from './generations.ts'
import { execute } from './invalidation.ts'
import { Journal } from './journal.ts'
import { Scope } from './keys.ts'
import { Lookup } from './lookup.ts'
import { type CacheOptions, DEGRADED, checkLoadPolicy } from './options.ts'
import type { Counts } from './stats.ts'
import { StorageGate } from './storage-gate.ts'
import { Waits } from './waits.ts'

/** A cache, and what ends its background work. */
export interface OpenCache {
  readonly cache: Cache
  readonly breaker: Breaker
  /** Whether anything of it keeps copies in this process. */
  readonly isNear: () => boolean
  /** Aborts the loads that no caller waits for, sends what is queued if the storage answers at once, and forgets the rest. */
  close(): Promise<void>
}

/** `calls` is shared by the features of one Holdfast and closed by it; `identity` is the instance's. */
export function cacheOver(
  calls: StorageClient,
  options: Resolved<CacheOptions, 'softTimeoutMs'>,
  { app, prefix, instance }: Identity,
): OpenCache {
  const { runtime, storage } = calls
  const of = { prefix, instance }
  const { degraded, maxQueuedRemovals, ...policy } = checkLoadPolicy(options)
  const { ttlMs: memoryTtlMs, maxEntries, maxBytes } = resolveOptions(DEGRADED, degraded)
  const root = Scope.root(app)
  const memory = new BoundedMemory<StoredValue>({
    bounds: new Bounds(maxEntries, maxBytes),
    now: agingClock(runtime),
  })
  const breaker = new Breaker(runtime, of, () => {
    // What was kept, and is loaded, since the storage was out is older than what others may remove from now on.
    memory.clear()
    engine.near?.recovered()
    engine.invalidations += 1
  })
  const journal = new Journal({
    maxEntries: maxQueuedRemovals,
    root: root.clearKey,
    clearScope: (clearKey) => clearKey,
  })
  const gate = new StorageGate(calls, breaker, journal, (work, send) => execute(storage.values, work, send))
  const awaited = new TimerQueue(runtime, { background: false })
  let order = 0
  const engine: Engine = {
    of,
    runtime,
    storage,
    gate,
    lookup: new Lookup(gate),
    generations: new Generations(runtime, storage.values, (command) => gate.call(command)),
    waits: new Waits(gate, awaited),
    flights: new StringMap<Flight>(),
    awaited,
    unawaited: new TimerQueue(runtime, { background: true }),
    background: new Set<Flight>(),
    memory,
    memoryTtlMs,
    near: undefined,
    invalidations: 0,
    nextOrder: () => (order += 1),
  }
  return {
    cache: cacheIn(engine, root, policy, new Map<string, Counts>()),
    breaker,
    isNear: () => engine.near !== undefined,
    async close() {
      for (const flight of engine.background) flight.abort(new ClosedError())
      memory.clear()
      engine.near?.close()
      await gate.close()
    },
  }
}
