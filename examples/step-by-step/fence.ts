import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const name = process.argv[2] ?? 'A'
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'steps', instance: name })

// The file stands for a row of a database: the price, its writer, and the token of that writer.
async function writePrice(token = 0) {
  const [last = '0'] = await readFile('price.txt', 'utf8').then(
    (row) => row.split(' '),
    () => [],
  )
  if (token < Number(last)) return console.log(`${name}: refused, because a later holder has written`)
  await writeFile('price.txt', `${token} 19.90 from ${name}\n`)
  console.log(`${name}: written`)
}

const lease = await holdfast.locks.acquire('price:42', { leaseMs: 10_000, waitMs: 600_000 })
console.log(`${name} has the lock. Press Enter to write the price.`)
await once(process.stdin, 'data')
console.log(`${name}: ${lease.signal.aborted ? 'the lock is lost, and I write all the same' : 'I write'}`)
await writePrice(lease.fencingToken)
console.log(`${name}: ${await lease.release()}`)

process.stdin.pause()
await holdfast.close()
await redis.quit()
