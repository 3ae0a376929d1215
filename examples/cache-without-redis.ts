import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import { type BreakerEvent, StorageUnavailableError, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

// Nothing listens here: this app starts without its Redis.
const redis = new Redis({ port: 1, retryStrategy: () => 1_000 })
redis.on('error', () => undefined)
const events: string[] = []

// #region watch
subscribe('holdfast:breaker', (message) => {
  const event = message as BreakerEvent
  console.log(`the cache's storage: ${event.type}`) // opened, stillOpen, closed
  events.push(event.type)
})
// #endregion
const { cache, health, close } = createHoldfast({ storage: ioredisStorage(redis) })

let loads = 0
const loadPrice = async (_id: string): Promise<number> => {
  loads += 1
  return 19.9
}

// #region outage
const priceOf = (id: string): Promise<number> => cache.getOrCreate(`price:${id}`, () => loadPrice(id))
console.log(await priceOf('42'), await priceOf('42')) // 19.9 19.9: one load, kept in this process for 5 seconds at most

console.log(await cache.get('price:42', { onOutage: 'miss' })) // undefined; without the option it rejects

try {
  await cache.remove('price:42')
} catch (error) {
  if (!(error instanceof StorageUnavailableError) || !error.queued) throw error
  console.log('this process has forgotten it, and removes it before it reads the cache again')
}
// #endregion
assert.equal(loads, 1)
assert.equal(cache.stats().queuedRemovals, 1)
assert.equal((await health()).status, 'down')
assert.deepEqual(events.slice(0, 1), ['opened'])

await close()
redis.disconnect()
