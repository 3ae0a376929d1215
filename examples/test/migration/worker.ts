/** A process of a roll-out: at one stage, it takes twenty from a stock by reading and writing, under each library's guard. */
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'
import Redlock from 'redlock'
import { createMutexGuard } from '../../migration/redis-semaphore.ts'
import { createGuard } from '../../migration/redlock.ts'
import type { Stage } from '../../migration/stage.ts'

const [stage, url] = process.argv.slice(2) as [Stage, string]
const redis = new Redis(url)
const { locks } = createHoldfast({
  storage: ioredisStorage(redis),
  prefix: 'moving-locks',
  locks: { waitMs: Infinity },
})
const redlock = new Redlock([redis], { retryDelay: 50, retryJitter: 20 })
redlock.on('error', () => {})

const guards = {
  redlock: createGuard(stage, redlock, locks),
  'redis-semaphore': createMutexGuard(stage, redis, locks),
}

process.on('message', async (phase: string) => {
  for (const [library, guard] of Object.entries(guards))
    for (let i = 0; i < 20; i += 1) await guard(phase, () => take(`${library}:${phase}`))
  process.send?.('done')
})
process.send?.('ready')

/** Loses an update, and sees two inside, when another does the same meanwhile. */
async function take(witness: string): Promise<void> {
  const inside = await redis.hincrby(witness, 'inside', 1)
  const [stock, most] = await redis.hmget(witness, 'stock', 'most')
  await redis.hset(witness, { stock: Number(stock) + 1, most: Math.max(Number(most), inside) })
  await redis.hincrby(witness, 'inside', -1)
}
