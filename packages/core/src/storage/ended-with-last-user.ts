import type { Storage } from './storage.ts'

/**
 * The `retain` and `close` of a storage: `end` is called once, when the storage was closed and its last user has let go.
 * So each user of a shared storage may close it, and takes it from no other.
 */
export function endedWithLastUser(end: () => void): Pick<Storage, 'retain' | 'close'> {
  let users = 0
  let state: 'open' | 'closing' | 'ended' = 'open'
  const endIfUnused = (): void => {
    if (state !== 'closing' || users > 0) return
    state = 'ended'
    end()
  }
  return {
    retain() {
      let counted = true
      users += 1
      return () => {
        if (!counted) return
        counted = false
        users -= 1
        endIfUnused()
      }
    },
    async close() {
      if (state === 'open') state = 'closing'
      endIfUnused()
    },
  }
}
