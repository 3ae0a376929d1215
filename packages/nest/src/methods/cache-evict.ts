import { InvalidArgumentError } from '@holdfast/core'
import { type MethodDecoratorFor, aroundMethod } from './around-method.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

/** Makes the keys to remove of a call's arguments; a `function` has the object of the method as `this`. */
export type KeysOf<Args extends readonly unknown[]> = (
  this: never,
  ...args: Args
) => string | readonly string[]

export interface CacheEvictOptions {
  /** The `prefix` of the `@Cached` method whose values these keys stand for; by default that is `Class.method`. */
  readonly prefix: string
  /** `after` (default) the method has succeeded, or `before` it runs. */
  readonly when?: 'after' | 'before'
  /** The named instance to use. Default: the unnamed one. */
  readonly holdfast?: string
}

/**
 * Removes keys from the cache around a method that changes what they stand for. A load in flight does not
 * bring them back. @throws StorageUnavailableError when they could not be removed: with `after`, the method has done
 * its work by then, and the cache may show what was before until the entry ends.
 */
export function CacheEvict<Args extends readonly unknown[]>(
  keys: string | readonly string[] | KeysOf<Args>,
  options: CacheEvictOptions,
): MethodDecoratorFor<Args> {
  const { prefix, when = 'after', holdfast } = options ?? {}
  checkPrefix(prefix)
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) => {
      const { self, args } = call
      const { cache } = holdfastOf(self)
      const given = typeof keys === 'function' ? Reflect.apply(keys, self, args as never[]) : keys
      const evicted = [given].flat().map((key) => `${prefix}:${key}`)
      if (when === 'before') await cache.remove(evicted)
      const result = await call.proceed()
      if (when === 'after') await cache.remove(evicted)
      return result
    })
  }
}

function checkPrefix(prefix: unknown): void {
  if (typeof prefix === 'string' && prefix !== '') return
  throw new InvalidArgumentError(
    "@CacheEvict needs the prefix of the @Cached method: what that was given, or 'Class.method'.",
  )
}
