/**
 * **hashes**: maps of text under one key, with one time to live.
 *
 * - **H1** `set` writes all fields and sees to the time to live in one step: with `create` only if the hash was not there,
 *   with `always` each time. No hash is without one; of no fields it makes none. One later than its `notAfter` does nothing.
 * - **H2** A read returns what was stored, unchanged; `null`, or an empty map, where nothing is.
 * - **H3** A key that holds something else is refused (`StorageRefusedError`) and stays as it is.
 */
export interface HashStorage {
  set(key: string, fields: readonly FieldValue[], life: Life, notAfter: number): Promise<HashSetReply>
  /** In the order of `fields`. */
  get(key: string, fields: readonly string[]): Promise<readonly (string | null)[]>
  getAll(key: string): Promise<readonly FieldValue[]>
  /** How many of the fields were there. A hash without fields is gone. */
  delete(key: string, fields: readonly string[]): Promise<number>
}

/** A field of a hash, with its value. */
export type FieldValue = readonly [field: string, value: string]

/** `on`: whether a write to what is there already begins the time to live anew (`always`), or leaves it (`create`). */
export interface Life {
  readonly ttlMs: number
  readonly on: 'create' | 'always'
}

/** What became of a write of fields. `late`: it came after its `notAfter`, and nothing was stored. */
export interface HashSetReply {
  readonly outcome: 'written' | 'late'
  /** The storage's clock, in milliseconds. */
  readonly now: number
}
