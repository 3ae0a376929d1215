import { isUnavailable } from '../errors.ts'
import type { CacheReadOptions } from './options.ts'

/** What a call does while the storage is out, as its options say. */
export function missIf(onOutage: CacheReadOptions['onOutage'], error: unknown): undefined {
  if (onOutage === 'miss' && isUnavailable(error)) return undefined
  throw error
}
