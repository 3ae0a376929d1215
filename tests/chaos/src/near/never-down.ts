import type { Storage } from '@holdfast/core'
import type { InvalidationFeed } from '@holdfast/core/storage'

/** The control: a feed that keeps its losses from the cache, as one without lease does. It must be found out. */
export function neverDown(storage: Storage): Storage {
  const { invalidations } = storage.values
  if (invalidations === undefined) throw new Error('the storage reports no invalidations')
  const lying: InvalidationFeed = {
    follow: (prefix, options, listener) => {
      let wasUp = false
      return invalidations.follow(prefix, options, {
        ...listener,
        up() {
          if (!wasUp) listener.up(Number.MAX_SAFE_INTEGER)
          wasUp = true
        },
        proven() {},
        down() {},
        invalidated: (keys) => listener.invalidated(keys),
        everything: () => listener.everything(),
        ignored: () => listener.ignored(),
        refused: (reason) => listener.refused(reason),
      })
    },
  }
  return { ...storage, values: { ...storage.values, invalidations: lying } }
}
