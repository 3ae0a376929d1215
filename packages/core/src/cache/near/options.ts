import { InvalidArgumentError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { refuse } from '../../support/checks.ts'
import {
  type OptionTable,
  type Resolved,
  duration,
  integer,
  resolveOptions,
} from '../../support/option-table.ts'

/** What a process keeps of the entries that it has read. */
export interface NearOptions {
  /**
   * How many entries.
   * @default 10_000
   */
  readonly maxEntries?: number | undefined
  /**
   * How large they are together: characters, and 240 for each entry. A value that takes more than an eighth is not kept.
   * @default 67_108_864
   */
  readonly maxBytes?: number | undefined
  /**
   * How old an entry may be that was changed elsewhere, whatever becomes of the message that says so. In milliseconds.
   * @default 1_000
   */
  readonly maxStaleMs?: number | undefined
  /** How long a process keeps an entry, in milliseconds. Default: as long as it is fresh. */
  readonly ttlMs?: number | undefined
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const NEAR: OptionTable<NearOptions, 'ttlMs'> = {
  maxEntries: [integer(1, 10_000_000), 10_000],
  maxBytes: [integer(1_024), 64 * 1_024 * 1_024],
  maxStaleMs: [duration(100, 60_000), 1_000],
  ttlMs: [duration(1), undefined],
}

export type NearPolicy = Resolved<NearOptions, 'ttlMs'>

/** Each time another object: those who have the same one share its bounds. */
export function checkNear(name: string, value: boolean | NearOptions): boolean | NearOptions {
  if (value === false) return false
  if (value === true) return resolveOptions(NEAR, {})
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(name, value, 'true, false or { maxEntries, maxBytes, maxStaleMs, ttlMs }')
  return resolveOptions(NEAR, value, undefined, `${name}.`)
}

/** What {@link checkNear} has made of it. @throws InvalidArgumentError for a storage that reports no invalidations */
export function nearOn(
  near: boolean | NearOptions,
  { values }: Pick<Storage, 'values'>,
): NearPolicy | undefined {
  if (near === false) return undefined
  if (values.invalidations === undefined)
    throw new InvalidArgumentError(
      'near needs a storage that reports what others change, and this one does not: use ioredisStorage(client), ' +
        'nodeRedisStorage(client) or memoryStorage().',
    )
  return near as NearPolicy
}
