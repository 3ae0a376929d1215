import type { GetOrCreateOptions } from '@holdfast/core'
import {
  type MethodDecoratorFor,
  type TextOf,
  type TextsOf,
  aroundMethod,
  textFor,
  textsFor,
} from './around-method.ts'
import { DEFAULT_PREFIX, defaultPrefix } from './cached-prefixes.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

/** Those of `getOrCreate`, but for those that are about one call. */
export interface CachedOptions<Args extends readonly unknown[] = []> extends Omit<
  GetOrCreateOptions,
  'tags' | 'refresh' | 'signal'
> {
  /**
   * What stands before the key in the cache, with a colon. By default two methods never share what they return.
   * `@CacheEvict` needs the same.
   * @default the class and the method, `Orders.find`
   */
  readonly prefix?: string
  /**
   * What `@CacheEvict({ tags })` and `cache.invalidateTags` find the values by: at most 32, or what makes them of the
   * method's arguments.
   * @default none
   */
  readonly tags?: readonly string[] | TextsOf<Args> | undefined
  /**
   * The named instance to use.
   * @default the unnamed one
   */
  readonly holdfast?: string
}

/**
 * Returns what the cache has under the key, else what the method returns, which is then stored: one call at a time per
 * key across all processes, the others wait for it. `undefined` is not stored. What comes out of the cache is plain
 * data: return no class instances. @throws what the method throws, and what `getOrCreate` throws
 */
export function Cached<Args extends readonly unknown[], Tagged extends readonly unknown[] = []>(
  key: string | TextOf<Args>,
  { holdfast, prefix, tags, ...options }: CachedOptions<Tagged> = {},
): MethodDecoratorFor<Args, Tagged> {
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) => {
      // The class of the object, not the one that has the method: those that extend it return something else.
      const own = prefix ?? defaultPrefix(call.self, method)
      return holdfastOf(call.self).cache.getOrCreate(
        `${own}:${textFor(key, call)}`,
        () => call.proceed(),
        tags === undefined ? options : { ...options, tags: textsFor(tags, call) },
      )
    })
    if (prefix === undefined) Reflect.defineMetadata(DEFAULT_PREFIX, true, descriptor.value as object)
  }
}
