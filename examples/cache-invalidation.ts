import assert from 'node:assert/strict'
import { createHoldfast, escapeGlob, memoryStorage } from '@holdfast/core'

const { cache, close } = createHoldfast({ storage: memoryStorage() })
const shops = cache.namespace('shop', { ttlMs: 600_000, staleMs: 600_000 })
const page = (name: string): string => `<h1>${name}</h1>`

// #region tags
await cache.getOrCreate('page:home', () => page('home'), { tags: ['author:7', 'layout'] })
await cache.getOrCreate('page:about', () => page('about'), { tags: ['layout'] })
await cache.invalidateTags(['author:7']) // page:home is gone, page:about is not
// #endregion
assert.deepEqual([...(await cache.getMany(['page:home', 'page:about'])).keys()], ['page:about'])

// #region namespace
const german = shops.namespace('de') // its keys meet no others; it has the defaults of `shops`
await german.set('price:42', 19.9)
await shops.clear() // ends all values of `shops` and of `german`, however many there are, in one step
// #endregion
assert.equal(await german.get('price:42'), undefined)

// #region pattern
const name = 'a*b'
await cache.set(`report:${name}:2026`, 1)
const { removed } = await cache.removeByPattern(`report:${escapeGlob(name)}:*`, {
  signal: AbortSignal.timeout(60_000),
  onProgress: ({ scanned, removed }) => console.log(`looked at ${scanned} keys, removed ${removed}`),
})
console.log(removed) // 1
// #endregion
assert.equal(removed, 1)

// #region expire
await cache.set('rates', { eur: 1.08 }, { ttlMs: 60_000, staleMs: 3_600_000 })
await cache.expire('rates') // get() finds nothing now; getOrCreate() loads
const rates = await cache.getOrCreate('rates', () => Promise.reject(new Error('the bank does not answer')), {
  staleMs: 3_600_000,
  onLoadError: 'stale', // if the load fails, then better yesterday's rates than none
})
console.log(rates) // { eur: 1.08 }
// #endregion
assert.deepEqual(rates, { eur: 1.08 })

await close()
