import type { CacheEvent } from '@holdfast/core'
import { Counted } from '../in-flight.ts'
import { type Fold, type FoldContext, type Measure, seconds } from './fold.ts'

/** Reads, loads and changes of a cache, by its namespace. */
export class CacheFold implements Fold<CacheEvent> {
  readonly channel = 'holdfast:cache'
  readonly #context: FoldContext
  readonly #loading: Counted
  readonly #reads = new Map<string, { hits: number; all: number }>()
  readonly #known = new Set<string>()
  readonly #prefixes = new Set<string>()

  constructor(context: FoldContext) {
    this.#context = context
    this.#loading = new Counted(context.startedAt)
  }

  fold(event: CacheEvent, now: number): void {
    const { measure, bounded } = this.#context
    const cache = bounded('cache', event.namespace === '' ? 'default' : event.namespace)
    this.#startAtZero(cache, event.prefix)
    switch (event.type) {
      case 'hit':
      case 'staleHit':
      case 'memoryHit':
      case 'nearHit':
      case 'miss':
        return this.#read(cache, event.type)
      case 'loading':
        return this.#loading.begin(cache)
      case 'loaded':
        this.#loading.end(cache, now - event.durationMs)
        return measure('cacheLoadDuration', seconds(event.durationMs), {
          cache,
          outcome: event.found ? 'loaded' : 'empty',
        })
      case 'loadFailed':
        this.#loading.end(cache, now - event.durationMs)
        measure('cacheLoadFailures', 1, { cache })
        return measure('cacheLoadDuration', seconds(event.durationMs), { cache, outcome: 'failed' })
      case 'joined':
      case 'waits':
        return measure('cacheShared', 1, { cache, kind: event.type === 'joined' ? 'joined' : 'waited' })
      case 'bypassed':
      case 'refreshFailed':
      case 'fillRefused':
      case 'unreadable':
      case 'oversize':
      case 'removalQueued':
        return measure('cacheProblems', 1, { cache, kind: event.type })
      case 'set':
      case 'expired':
      case 'removed':
      case 'cleared':
      case 'tagsInvalidated':
      case 'patternRemoved':
        return measure('cacheWrites', 1, { cache, kind: event.type })
    }
  }

  read(_now: number, show: Measure): void {
    // Those that are open show it afterwards: `BreakerFold`.
    for (const prefix of this.#prefixes) show('breakerOpen', 0, { prefix })
    for (const [cache, { hits, all }] of this.#reads) show('cacheHitRatio', hits / all, { cache })
    for (const [cache, count] of this.#loading.read()) show('cacheLoading', count, { cache })
  }

  #read(cache: string, outcome: string): void {
    const reads = this.#reads.get(cache) ?? { hits: 0, all: 0 }
    reads.all += 1
    if (outcome !== 'miss') reads.hits += 1
    this.#reads.set(cache, reads)
    this.#context.measure('cacheReads', 1, { cache, outcome })
  }

  /** An alert on an increase does not see the step from nothing to 1. */
  #startAtZero(cache: string, of: string): void {
    const { measure, bounded } = this.#context
    if (!this.#known.has(cache)) {
      this.#known.add(cache)
      measure('cacheLoadFailures', 0, { cache })
    }
    const prefix = bounded('prefix', of)
    if (!this.#prefixes.has(prefix)) {
      this.#prefixes.add(prefix)
      measure('breakerOpened', 0, { prefix })
    }
  }
}
