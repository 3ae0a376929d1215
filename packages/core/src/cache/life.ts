import { type OptionTable, duration, oneOf, resolveOptions } from '../support/option-table.ts'
import type { Life } from '../storage/hashes.ts'
import type { Namespace } from './engine.ts'

/** How long a counter or a hash lives. */
export interface LifeOptions {
  /**
   * In milliseconds. Default: the `ttlMs` of the cache.
   * @default 300_000
   */
  readonly ttlMs?: number | undefined
  /**
   * When this time begins: with the first write, which creates the counter or the hash, or anew with each write.
   * @default 'create'
   */
  readonly ttlOn?: 'create' | 'always' | undefined
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const LIFE: OptionTable<LifeOptions> = {
  ttlMs: [duration(1), 300_000],
  ttlOn: [oneOf('create', 'always'), 'create'],
}

export function lifeOf(space: Namespace, options: LifeOptions): Life {
  const { ttlMs, ttlOn } = resolveOptions(LIFE, options, { ttlMs: space.policy.ttlMs, ttlOn: 'create' })
  return { ttlMs, on: ttlOn }
}
