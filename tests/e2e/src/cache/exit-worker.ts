/**
 * Uses everything of a cache, leaves work that no caller waits for, closes it and its client, and says so. It must end by itself.
 * `{ client, url, isOut }`: with `isOut`, the server answers nothing when the cache is closed.
 */
import { createCache } from '@holdfast/core'
import { once } from 'node:events'
import { type ClientVersion, openStorage } from './open-storage.ts'

export interface ExitTask {
  readonly client: ClientVersion
  readonly url: string
  readonly isOut: boolean
}

const { client, url, isOut } = JSON.parse(process.argv[2] ?? '') as ExitTask
const never = (): Promise<never> => new Promise(() => {})
const opened = await openStorage(client, { url })
const caches = [1, 2].map(() => createCache(opened.storage))
const [one, other] = caches as [(typeof caches)[0], (typeof caches)[0]]

await one.set('k', 1, { staleMs: 60_000, tags: ['t'] })
await one.expire('k')
// A refresh whose caller has gone, a load that never ends, and one that waits for it and hears of its end.
await one.getOrCreate('k', never, { softTimeoutMs: 1, staleMs: 60_000 })
const leave = new AbortController()
const { signal } = leave
const began = Promise.withResolvers<void>()
const stuck = one.getOrCreate(
  'stuck',
  () => {
    began.resolve()
    return never()
  },
  { signal },
)
await began.promise
const waits = other.getOrCreate('stuck', () => 1, { signal })
while (other.stats().waits === 0) await new Promise(setImmediate)
await one.increment('n')
await one.hashSet('h', 'f', 1)
await one.invalidateTags(['t'])
await one.removeByPattern('h*')
await one.clear()
if (isOut) {
  process.send?.('ready')
  await once(process, 'message')
  await one.remove('k').catch(() => {})
  await one.getOrCreate('kept', () => 1)
}
leave.abort()
await Promise.allSettled([stuck, waits])
await Promise.all(caches.map((cache) => cache.close()))
await opened[Symbol.asyncDispose]()
if (process.connected) process.disconnect()
console.log('closed')
