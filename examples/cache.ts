import assert from 'node:assert/strict'
import { createHoldfast, memoryStorage } from '@holdfast/core'

const { cache, close } = createHoldfast({ storage: memoryStorage() })
const prices = new Map([['42', 19.9]])
const loadPrice = async (id: string): Promise<number | null> => prices.get(id) ?? null
const savePrice = async (id: string, price: number): Promise<void> => void prices.set(id, price)

// #region read
const priceOf = (id: string): Promise<number | null> =>
  cache.getOrCreate(`price:${id}`, () => loadPrice(id), { ttlMs: 60_000 })

console.log(await priceOf('42')) // 19.9, loaded
console.log(await priceOf('42')) // 19.9, from the cache
// #endregion

// #region change
await savePrice('42', 24.9)
await cache.remove('price:42') // after the change: later callers do not get the old price
console.log(await priceOf('42')) // 24.9
// #endregion
assert.equal(await priceOf('42'), 24.9)
const { loads, hits } = cache.stats()
assert.deepEqual([loads, hits], [2, 2])
await close()
