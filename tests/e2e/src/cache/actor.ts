import { type Cache, type CacheStats, type GetOrCreateOptions, type LoadContext, entry } from '@holdfast/core'

/** A load as data, which another process can be sent. */
export interface LoadSpec {
  /** By which the test knows it. */
  readonly name: string
  readonly value?: unknown
  /** Tags that only the load knows. */
  readonly tags?: readonly string[]
  /** It lasts until the test releases it. */
  readonly held?: boolean
  /** It fails, with its name as the message. */
  readonly fails?: boolean
  /** Its value is that of another key of the namespace. */
  readonly asksFor?: { readonly key: string; readonly load: LoadSpec }
}

export type Method = Exclude<keyof Cache, 'getOrCreate' | 'getOrCreateMany' | 'define' | 'namespace'>

/** Who uses a cache: in this process or in another one. */
export interface Actor {
  /** Calls a method of the namespace `space`. */
  call(space: string, method: 'stats'): Promise<CacheStats>
  call(space: string, method: Method, ...args: readonly unknown[]): Promise<unknown>
  /** `getOrCreate` of the namespace. */
  load(space: string, key: string, load: LoadSpec, options?: GetOrCreateOptions): Promise<unknown>
  /** So many of them at once. */
  loadTimes(
    times: number,
    space: string,
    key: string,
    load: LoadSpec,
    options?: GetOrCreateOptions,
  ): Promise<readonly unknown[]>
  /** Lets a held load go on, also one that has not begun. */
  release(name: string): void
}

/** An actor in this process; `onLoad` hears of each load that begins. */
export function actorOver(
  cache: Cache,
  onLoad: (name: string, context: LoadContext<unknown>) => void,
): Actor {
  const released = new Map<string, PromiseWithResolvers<void>>()
  const releaseOf = (name: string): PromiseWithResolvers<void> => {
    let release = released.get(name)
    if (release === undefined) released.set(name, (release = Promise.withResolvers<void>()))
    return release
  }
  const run = async (space: string, spec: LoadSpec, context: LoadContext<unknown>): Promise<unknown> => {
    const { name, value, tags, asksFor, held = false, fails = false } = spec
    onLoad(name, context)
    if (held) await releaseOf(name).promise
    if (fails) throw new Error(name)
    if (asksFor !== undefined) return await load(space, asksFor.key, asksFor.load)
    return tags === undefined ? value : entry(value, { tags })
  }
  const load: Actor['load'] = (space, key, spec, options) =>
    cache.namespace(space).getOrCreate<unknown>(key, (context) => run(space, spec, context), options)
  return {
    async call(space: string, method: Method, ...args: readonly unknown[]) {
      const target = cache.namespace(space)
      return (await (Reflect.apply(target[method], target, args) as unknown)) as never
    },
    load,
    loadTimes: (times, ...call) => Promise.all(Array.from({ length: times }, () => load(...call))),
    release: (name) => releaseOf(name).resolve(),
  }
}
