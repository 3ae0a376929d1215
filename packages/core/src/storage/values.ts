/**
 * **values**: strings with a time to live, for the cache. A hit is one plain read.
 *
 * - **V1** `get` returns what the last `set` stored, unchanged, until its time to live is over; `null` is a miss.
 * - **V2** `set` replaces value and time to live together.
 * - **V3** `reserve` puts the given placeholder only where nothing is, and otherwise returns what is there: of many
 *   concurrent ones exactly one gets `null`.
 * - **V4** `replace` writes only while the stored value is still exactly `expected`: any removal, overwrite or expiry
 *   in between, by anybody, refuses it.
 * - **V5** `removeIf` removes only while the stored value is exactly `expected`.
 */
export interface ValueStorage {
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** How many of the keys were there. */
  remove(keys: readonly string[]): Promise<number>
  reserve(key: string, placeholder: string, ttlMs: number): Promise<string | null>
  replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean>
  removeIf(key: string, expected: string): Promise<boolean>
}
