/**
 * **values**: strings with a time to live, for the cache. A hit is one plain read.
 *
 * - **V1** `get` returns what the last `set` stored, unchanged, until its time to live is over; `null` is a miss.
 * - **V2** `set` replaces value and time to live together. One later than its `notAfter`, on the storage's clock, does
 *   nothing.
 * - **V3** `reserve` puts a placeholder only where nothing is, and returns what is there then: of many concurrent ones
 *   exactly one finds its own. A placeholder is the given mark and something that the storage adds, which is another
 *   one whenever one is put: a command that is executed again after a removal reserves nothing that its sender knows.
 * - **V4** `replace` writes only while the stored value is still exactly `expected`: any removal, overwrite or expiry
 *   in between, by anybody, refuses it.
 * - **V5** `removeIf` removes only while the stored value is exactly `expected`.
 */
export interface ValueStorage {
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlMs: number, notAfter: number): Promise<SetReply>
  /** How many of the keys were there. */
  remove(keys: readonly string[]): Promise<number>
  /** `mark` is not the beginning of anything else that is stored. What is there is the caller's if it begins with it. */
  reserve(key: string, mark: string, ttlMs: number): Promise<string>
  replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean>
  removeIf(key: string, expected: string): Promise<boolean>
}

export interface SetReply {
  /** `late`: it came after its `notAfter` and was not stored. */
  readonly outcome: 'written' | 'late'
  /** The storage's clock, in milliseconds. */
  readonly now: number
}
