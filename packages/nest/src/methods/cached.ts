import type { CacheEntryOptions } from '@holdfast/core'
import { type MethodDecoratorFor, type TextOf, aroundMethod, textFor } from './around-method.ts'
import { DEFAULT_PREFIX, defaultPrefix } from './cached-prefixes.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

export interface CachedOptions extends CacheEntryOptions {
  /**
   * What stands before the key in the cache, with a colon. Default: the class and the method, `Orders.find`, so that two
   * methods never share what they return. `@CacheEvict` needs to be given the same.
   */
  readonly prefix?: string
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
  { holdfast, prefix, ...entry }: CachedOptions = {},
): MethodDecoratorFor<Args> {
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) => {
      // The class of the object, not the one that has the method: those that extend it return something else.
      const own = prefix ?? defaultPrefix(call.self, method)
      return holdfastOf(call.self).cache.getOrCreate(
        `${own}:${textFor(key, call)}`,
        () => call.proceed(),
        entry,
      )
    })
    if (prefix === undefined) Reflect.defineMetadata(DEFAULT_PREFIX, true, descriptor.value as object)
  }
}
