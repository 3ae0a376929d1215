import { createHoldfast, memoryStorage } from '@holdfast/core'

const holdfast = createHoldfast({ storage: memoryStorage() }) // or ioredisStorage(redis), nodeRedisStorage(client)

// One holder at a time, of all instances. Others wait their turn, or ask once.
const first = await holdfast.locks.run('stock:42', async (lease) => {
  console.log(await holdfast.locks.tryAcquire('stock:42')) // null: it is held
  lease.signal.throwIfAborted() // the signal aborts before another instance can hold the lock
  return lease.fencingToken
})

// Each holder has a larger token, so a database can refuse one that comes late.
const second = await holdfast.locks.run('stock:42', async (lease) => lease.fencingToken)
console.log(second > first) // true

await holdfast.close()
