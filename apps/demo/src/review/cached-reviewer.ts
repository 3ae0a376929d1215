import { LONGEST_LOAD_MS } from './longest-load.ts'
import type { Reviewer } from './reviewer.ts'

/** As much of the cache as is needed here. */
export interface AnalysisCache {
  getOrCreate<T>(
    key: string,
    loader: () => Promise<T>,
    options: { readonly ttlMs: number; readonly hardTimeoutMs: number },
  ): Promise<T>
}

const DAY_MS = 86_400_000

/**
 * Remembers for 24 hours what the reviewer said of a change, for all jobs of all instances. The first caller works
 * for all of them, so its being cancelled must not end the work: each caller heeds its own signal afterwards.
 */
export function cachedReviewer(reviewer: Reviewer, cache: AnalysisCache): Reviewer {
  return {
    name: reviewer.name,
    async review(request, signal) {
      const analysis = await cache.getOrCreate(
        `analysis:${reviewer.name}:${request.maxFiles}:${request.change.hash}`,
        () => reviewer.review(request, AbortSignal.timeout(LONGEST_LOAD_MS)),
        { ttlMs: DAY_MS, hardTimeoutMs: LONGEST_LOAD_MS },
      )
      signal.throwIfAborted()
      return analysis
    },
  }
}
