import { createHoldfast, memoryStorage } from '@holdfast/core'

const holdfast = createHoldfast({ storage: memoryStorage() }) // or ioredisStorage(redis), nodeRedisStorage(client)

// One load for all instances, however many miss at once.
let loads = 0
const price = () => holdfast.cache.getOrCreate('price:42', () => 20 + loads++, { ttlMs: 60_000 })
console.log(await Promise.all([price(), price(), price()])) // [ 20, 20, 20 ]

// What is removed does not come back, even if a load is in flight.
await holdfast.cache.remove('price:42')
console.log(await price()) // 21

await holdfast.close()
