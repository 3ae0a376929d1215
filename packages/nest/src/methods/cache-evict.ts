import { type Cache, InvalidArgumentError } from '@holdfast/core'
import { type Call, type MethodDecoratorFor, type TextsOf, aroundMethod, textsFor } from './around-method.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

/** Makes the keys to remove of a call's arguments; a `function` has the object of the method as `this`. */
export type KeysOf<Args extends readonly unknown[]> = (
  this: never,
  ...args: Args
) => string | readonly string[]

/** How `@CacheEvict` removes values by their tags. */
export interface EvictTagsOptions<Args extends readonly unknown[] = []> {
  /** The `tags` of `@Cached` methods whose values end: at most 32, or what makes them of the method's arguments. */
  readonly tags: readonly string[] | TextsOf<Args>
  /**
   * `after` the method has succeeded, or `before` it runs.
   * @default 'after'
   */
  readonly when?: 'after' | 'before'
  /**
   * The named instance to use.
   * @default the unnamed one
   */
  readonly holdfast?: string
}

/** How `@CacheEvict` removes keys. */
export interface CacheEvictOptions<Args extends readonly unknown[] = []> extends Partial<
  EvictTagsOptions<Args>
> {
  /** The `prefix` of the `@Cached` method whose values these keys stand for; by default that is `Class.method`. */
  readonly prefix: string
}

type Keys<Args extends readonly unknown[]> = string | readonly string[] | KeysOf<Args>

/**
 * Removes keys from the cache, or all values with certain tags, around a method that changes what they stand for. A load in
 * flight does not bring them back. @throws StorageUnavailableError when they could not be removed: with `after`, the method
 * has done its work by then. This process removes them before it reads the cache again (`queued: true`); other processes may see
 * the old values until then.
 */
export function CacheEvict<Args extends readonly unknown[]>(
  options: EvictTagsOptions<Args>,
): MethodDecoratorFor<Args>
export function CacheEvict<Args extends readonly unknown[], Tagged extends readonly unknown[] = []>(
  keys: Keys<Args>,
  options: CacheEvictOptions<Tagged>,
): MethodDecoratorFor<Args, Tagged>
export function CacheEvict(
  first: Keys<never> | EvictTagsOptions<never>,
  second?: CacheEvictOptions<never>,
): MethodDecoratorFor<[]> {
  const isByKeys = typeof first === 'string' || typeof first === 'function' || Array.isArray(first)
  const keys = isByKeys ? (first as Keys<never>) : []
  const options = (isByKeys ? second : first) as Partial<CacheEvictOptions<never>> | undefined
  const { prefix, tags, when = 'after', holdfast } = options ?? {}
  if (isByKeys) checkPrefix(prefix)
  else checkTags(tags)
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) => {
      const { cache } = holdfastOf(call.self)
      const evicted = keysFor(keys, call).map((key) => `${prefix}:${key}`)
      const invalidated = tags === undefined ? [] : textsFor(tags, call)
      if (when === 'before') await evict(cache, evicted, invalidated)
      const result = await call.proceed()
      if (when === 'after') await evict(cache, evicted, invalidated)
      return result
    })
  }
}

function keysFor(keys: Keys<never>, { self, args }: Call): readonly string[] {
  return [typeof keys === 'function' ? Reflect.apply(keys, self, args as never[]) : keys].flat()
}

/** Tries both, also when one of them fails. */
async function evict(cache: Cache, keys: readonly string[], tags: readonly string[]): Promise<void> {
  const tries = await Promise.allSettled([
    keys.length === 0 ? 0 : cache.remove(keys),
    tags.length === 0 ? undefined : cache.invalidateTags(tags),
  ])
  for (const each of tries) if (each.status === 'rejected') throw each.reason
}

function checkPrefix(prefix: unknown): void {
  if (typeof prefix === 'string' && prefix !== '') return
  throw new InvalidArgumentError(
    "@CacheEvict needs the prefix of the @Cached method: what that was given, or 'Class.method'.",
  )
}

function checkTags(tags: unknown): void {
  if (typeof tags === 'function' || Array.isArray(tags)) return
  throw new InvalidArgumentError(
    '@CacheEvict needs keys, or tags: an array, or a function that makes one of the arguments.',
  )
}
