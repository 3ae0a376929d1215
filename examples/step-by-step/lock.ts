import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const name = process.argv[2] ?? 'A'
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'steps', instance: name })

await holdfast.locks.run('invoice:order-42', { waitMs: 600_000 }, async () => {
  console.log(`${name} has drawn the invoice of order-42. Press Enter to mail it.`)
  await once(process.stdin, 'data')
  await appendFile('mails.txt', `the invoice of order-42, from ${name}\n`)
  console.log('mailed')
})

process.stdin.pause()
await holdfast.close()
await redis.quit()
