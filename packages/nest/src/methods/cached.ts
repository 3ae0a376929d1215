import type { CacheEntryOptions } from '@holdfast/core'
import { type MethodDecoratorFor, type TextOf, aroundMethod, textFor } from './around-method.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

export interface CachedOptions extends CacheEntryOptions {
  /** The named instance to use. Default: the unnamed one. */
  readonly holdfast?: string
}

/**
 * Returns what the cache has under the key, else what the method returns, which is then stored: one call at a time per
 * key across all processes, the others wait for it. `undefined` is not stored. What comes out of the cache is plain
 * data: return no class instances. @throws what the method throws
 */
export function Cached<Args extends readonly unknown[]>(
  key: string | TextOf<Args>,
  { holdfast, ...entry }: CachedOptions = {},
): MethodDecoratorFor<Args> {
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) =>
      holdfastOf(call.self).cache.getOrCreate(textFor(key, call), () => call.proceed(), entry),
    )
  }
}
