/** More indexes than a process of ordinary size ever writes to. */
const REMEMBERED = 10_000

/**
 * Says when the lifetime of an index has to be looked at on the server. It must outlive everything that is listed in
 * it, is made twice as long as the longest lived of those, and is never shortened: so it need not be looked at again
 * for half the time to live of what was listed, or until something longer-lived is.
 */
export function indexLifetimes(
  now: () => number = () => performance.now(),
): (index: string, ttlMs: number) => boolean {
  const ensured = new Map<string, { readonly ttlMs: number; readonly until: number }>()
  return (index, ttlMs) => {
    const at = now()
    const known = ensured.get(index)
    if (known !== undefined && ttlMs <= known.ttlMs && at < known.until) return false
    if (ensured.size >= REMEMBERED) ensured.clear()
    ensured.set(index, { ttlMs, until: at + ttlMs / 2 })
    return true
  }
}
