import type { Life } from './hashes.ts'

/**
 * **counters**: whole numbers, with a time to live.
 *
 * - **C1** `add` adds in one step with the time to live (as {@link Life} says) and returns the sum. No counter is without
 *   one.
 * - **C2** The storage remembers the answer of an `operation` for {@link REMEMBERED_MS}, beside the counter, in a
 *   separate key: a repetition adds nothing and gets the same answer. One later than its `notAfter` does nothing; the
 *   caller sees to it that this is earlier than the end of the memory.
 * - **C3** A sum beyond ±(2^53 − 1) is `overflow` and changes nothing.
 * - **C4** A key that holds something else than a whole number is refused (`StorageRefusedError`) and stays as it is.
 */
export interface CounterStorage {
  add(key: string, by: number, operation: string, life: Life, notAfter: number): Promise<AddReply>
}

/**
 * What became of an addition: the new sum, or why there is none. `late`: it came after its `notAfter`. `overflow`:
 * the sum would not be a safe integer.
 */
export type AddReply =
  | { readonly outcome: 'added'; readonly sum: number; readonly now: number }
  | { readonly outcome: 'late' | 'overflow'; readonly now: number }

/** How long the storage remembers an operation, in milliseconds. */
export const REMEMBERED_MS = 10_000
