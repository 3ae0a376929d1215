import type {
  FollowOptions,
  Following,
  InvalidationFeed,
  InvalidationListener,
} from '../storage/invalidations.ts'

/**
 * The invalidations of a memory storage. A change is reported before it is answered, so nothing that was reported is ever
 * in doubt: `up` says so once, for all time to come. It needs neither a link nor a timer.
 */
export class MemoryInvalidations implements InvalidationFeed {
  readonly #following = new Set<{ readonly prefix: string; readonly listener: InvalidationListener }>()

  follow(prefix: string, _options: FollowOptions, listener: InvalidationListener): Following {
    const followed = { prefix, listener }
    this.#following.add(followed)
    // Nobody is called before `follow` has returned.
    queueMicrotask(() => {
      if (this.#following.has(followed)) listener.up(Infinity)
    })
    return { stop: () => void this.#following.delete(followed) }
  }

  changed(key: string): void {
    for (const { prefix, listener } of this.#following)
      if (key.startsWith(prefix)) listener.invalidated([key])
  }
}
