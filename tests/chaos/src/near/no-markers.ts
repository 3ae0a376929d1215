import type { Storage } from '@holdfast/core'
import type { InvalidationFeed } from '@holdfast/core/storage'
import { setTimeout as delay } from 'node:timers/promises'

/** How much later replies arrive: so reports come in between more often. */
const LATE_MS = 3

/**
 * The control: a process that keeps what was on its way while it was changed, as one without markers does. What is reported of a
 * key that is being read finds no copy yet, and is forgotten. It must be found out.
 */
export function noMarkers(storage: Storage): Storage {
  const { values } = storage
  const { invalidations } = values
  if (invalidations === undefined) throw new Error('the storage reports no invalidations')
  const beingRead = new Map<string, number>()
  const count = (keys: readonly string[], by: number): void => {
    for (const key of keys) beingRead.set(key, (beingRead.get(key) ?? 0) + by)
  }
  // Generations are read with every entry.
  const isForgotten = (key: string): boolean => !key.includes(':#') && (beingRead.get(key) ?? 0) > 0
  const forgetful: InvalidationFeed = {
    follow: (prefix, options, listener) =>
      invalidations.follow(prefix, options, {
        up: (at) => listener.up(at),
        proven: (at) => listener.proven(at),
        invalidated: (keys) => listener.invalidated(keys.filter((key) => !isForgotten(key))),
        everything: () => listener.everything(),
        down: () => listener.down(),
        ignored: () => listener.ignored(),
        refused: (reason) => listener.refused(reason),
      }),
  }
  const getMany = async (keys: readonly string[]): Promise<readonly (string | null)[]> => {
    count(keys, 1)
    try {
      const found = await values.getMany(keys)
      await delay(LATE_MS)
      return found
    } finally {
      // Not before the reader has it.
      setImmediate(() => count(keys, -1))
    }
  }
  return { ...storage, values: { ...values, getMany, invalidations: forgetful } }
}
