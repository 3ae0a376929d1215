import type { CounterStorage } from './counters.ts'
import type { HashStorage } from './hashes.ts'
import type { InvalidationFeed } from './invalidations.ts'

/**
 * **values**: strings with a time to live, for the cache. A hit is one plain read, which many share.
 *
 * A stored value is text, or bytes. What {@link ValueStorage.set} and {@link ValueStorage.replace} store begins with a stamp:
 * the storage's clock when it wrote, as 13 digits of milliseconds; then the given value, unchanged. A placeholder is what
 * `reserve` puts: the given mark, the storage's clock in microseconds, and `;`. It marks a key whose value is being made.
 *
 * - **V1** A read returns what was stored last, unchanged, until its time to live is over; `null` is a miss. A key that
 *   holds no string is a miss as well. `getMany` keeps the order of its keys, and takes any number of them.
 * - **V2** `set` replaces value and time to live together. One later than its `notAfter`, on the storage's clock, does
 *   nothing.
 * - **V3** `reserve` puts a placeholder only where nothing is (or exactly `instead`), and returns what is there then: of
 *   many concurrent ones exactly one finds its own. A placeholder is another one whenever one is put: a command that is
 *   executed again after a removal reserves nothing that its sender knows.
 * - **V4** `replace`, `extend`, `patch` and `removeIf` act only while the stored value still begins with `expected`: any
 *   removal, overwrite or expiry in between, by anybody, refuses them, and an empty `expected` is the beginning of nothing. A repeated `replace` or `patch` is answered as the
 *   first one was.
 * - **V5** `extend` changes the time to live alone. `patch` overwrites the beginning of a value with as many bytes, and
 *   its time to live; the rest stays.
 * - **V6** `ensure` puts a generation only where nothing is, returns what is there then, and sees to it that it lives for
 *   `ttlMs` at least; `renew` puts one whatever is there. A generation is the given mark and 16 digits of the storage's
 *   clock in microseconds: another one whenever one is put.
 * - **V7** A `reserve` that finds the placeholder of another caller notes that a caller waits. When `replace` or
 *   `removeIf` then ends that placeholder, or finds it gone, those who `subscribe` to the key are called. That is a hint: it
 *   may be lost, or come for nothing.
 * - **V8** `removeMatching` removes, step by step, every string, hash and counter whose key begins with `prefix` and goes on
 *   as `glob` says, if it was there all the time; and nothing else.
 * - **V9** When the storage is out of memory, what takes none works: reads, removals (`removeIf` too), `extend`, `patch`,
 *   `renew`, and `reserve` and `ensure` where something is. The others are refused (`StorageRefusedError`), and change
 *   nothing.
 *
 * - **V10** `reserveMany` and `replaceMany` do for each key what `reserve` and `replace` do, and answer for each what those do:
 *   an error is the answer of the key that was refused. A storage has both or neither: where it has neither, each key is a
 *   call, and where it has both, all keys must lie where one command reaches them.
 *
 * All but reads, `set`, `renew` and the removals refuse a key that holds no string (`StorageRefusedError`), and leave it.
 */
export interface ValueStorage {
  getMany(keys: readonly string[]): Promise<readonly (string | null)[]>
  /** The same for values that may be bytes: text is UTF-8. */
  getManyBytes(keys: readonly string[]): Promise<readonly (Uint8Array | null)[]>
  /** The first `length` bytes of a value, as text; `null` when there is none, or an empty one. */
  getHead(key: string, length: number): Promise<string | null>
  set(key: string, value: StoredValue, ttlMs: number, notAfter: number): Promise<SetReply>
  /** How many of the keys were there. */
  remove(keys: readonly string[]): Promise<number>
  /**
   * `mark` is not the beginning of anything else that is stored; what is there is the caller's if it begins with it. The
   * first character of all marks is the same, and no stamp begins with it. A `+` may follow a placeholder: a process waits.
   */
  reserve(key: string, mark: string, ttlMs: number, instead?: Uint8Array): Promise<string>
  extend(key: string, expected: string, ttlMs: number): Promise<boolean>
  /**
   * `expected`: the beginning of the value that it replaces. The first 32 characters of `value`, which are ASCII, are those
   * of no other.
   */
  replace(key: string, expected: string, value: StoredValue, ttlMs: number): Promise<boolean>
  patch(key: string, expected: string, beginning: string, ttlMs: number): Promise<boolean>
  removeIf(key: string, expected: string): Promise<boolean>
  reserveMany?(keys: readonly string[], mark: string, ttlMs: number): Promise<readonly (string | Error)[]>
  replaceMany?(expected: string, replacements: readonly Replacement[]): Promise<readonly (boolean | Error)[]>
  ensure(key: string, mark: string, ttlMs: number): Promise<string>
  renew(key: string, mark: string, ttlMs: number): Promise<string>
  /** Resolves when the storage has confirmed, with the function that stops it. */
  subscribe(key: string, onEnd: () => void): Promise<() => void>
  /** One step: a chunk of each server's keys. Begin without `position`; it is done when the reply has none. */
  removeMatching(pattern: KeyPattern, position?: string): Promise<Removed>
  readonly hashes: HashStorage
  readonly counters: CounterStorage
  /** What a near cache needs; a storage may lack it. */
  readonly invalidations?: InvalidationFeed | undefined
}

/** A value as the storage keeps it: text, or bytes. */
export type StoredValue = string | Uint8Array

/** What {@link ValueStorage.replaceMany} puts under a key. */
export interface Replacement {
  readonly key: string
  readonly value: StoredValue
  readonly ttlMs: number
}

/** What became of a write of a value. */
export interface SetReply {
  /** `late`: it came after its `notAfter` and was not stored. */
  readonly outcome: 'written' | 'late'
  /** The storage's clock, in milliseconds. */
  readonly now: number
}

/** Which keys are meant: those that begin with `prefix` and go on as `glob` says. */
export interface KeyPattern {
  /** Verbatim: no character of it stands for another. */
  readonly prefix: string
  /** As Redis reads it: `*`, `?`, `[a-c]`, `[^a]`, and a backslash before what is meant literally. */
  readonly glob: string
}

/** What one step of a removal has done. */
export interface Removed {
  /** About how many keys the step looked at. */
  readonly scanned: number
  readonly removed: number
  /** Where the next step goes on; undefined: it is done. */
  readonly position?: string | undefined
}
