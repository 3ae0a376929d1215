import type { SetReply, StoredValue, ValueStorage } from '../../storage/values.ts'
import type { OpenStorage } from '../runner.ts'

/** The values of the storage under test. */
export interface OpenValues {
  readonly under: OpenStorage
  readonly values: () => ValueStorage
  /** Never too late; for a minute unless `ttlMs` says otherwise. */
  readonly set: (key: string, value: StoredValue, ttlMs?: number) => Promise<SetReply>
  readonly read: (key: string) => Promise<string | null>
  readonly bytes: (key: string) => Promise<Uint8Array | null>
}

/** How long a stamp is. */
export const STAMP = 13

/** One that begins as every value must: with 32 characters that no other value begins with. */
export function freshValue(rest: string): string {
  return `${String((values += 1)).padStart(31, '0')}:${rest}`
}

let values = 0
