import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'steps', instance: 'C' })

let last = ''
for await (const state of holdfast.idempotency.watch('import', 'catalogue')) {
  const line = `${state.status} by ${state.instance}, attempt ${state.attempt}: ${state.progressMessage}`
  // There is a state for each write of the owner, also for those that only renew its lease.
  if (state.progressMessage !== null && line !== last) console.log(line)
  last = line
}

await holdfast.close()
await redis.quit()
