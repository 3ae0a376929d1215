/** More indexes than a process of ordinary size ever writes to. */
const REMEMBERED = 10_000

/**
 * Knows when the lifetime of an index has to be looked at on the server. It must outlive everything that is listed in
 * it, is made twice as long as the longest lived of those, and is never shortened: so it need not be looked at again
 * for half the time to live of what was listed, or until something longer-lived is.
 */
export interface IndexLifetimes {
  /** Whether to look at it when a record is listed that lives for `ttlMs`. */
  mustLook(index: string, ttlMs: number): boolean
  /** It was looked at: the server has answered that it listed such a record. */
  looked(index: string, ttlMs: number): void
}

export function indexLifetimes(now: () => number = () => performance.now()): IndexLifetimes {
  const known = new Map<string, { readonly ttlMs: number; readonly until: number }>()
  return {
    mustLook(index, ttlMs) {
      const last = known.get(index)
      return last === undefined || ttlMs > last.ttlMs || now() >= last.until
    },
    looked(index, ttlMs) {
      if (known.size >= REMEMBERED) known.clear()
      known.set(index, { ttlMs, until: now() + ttlMs / 2 })
    },
  }
}
