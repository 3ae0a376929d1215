import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const name = process.argv[2] ?? 'A'
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'steps', instance: name })

const { status } = await holdfast.idempotency.run(
  'import',
  'catalogue',
  { onInProgress: 'wait', waitMs: 600_000, leaseMs: 10_000 },
  async (execution) => {
    for (let page = Number(execution.checkpoint ?? 1); page <= 3; page += 1) {
      await execution.updateProgress(Math.round(((page - 1) / 3) * 100), `page ${page} of 3`)
      console.log(`${name}, attempt ${execution.attempt}: press Enter to import page ${page} of 3.`)
      await once(process.stdin, 'data', { signal: execution.signal })
      await appendFile('pages.txt', `page ${page}, from ${name}\n`)
      await execution.saveCheckpoint(page + 1)
    }
  },
)
console.log(status)

process.stdin.pause()
await holdfast.close()
await redis.quit()
