import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const { REDIS_URL = 'redis://localhost:6379', PORT = '3000', GRACE_MS = '20000', INSTANCE } = process.env
const redis = new Redis(REDIS_URL)
redis.on('error', (error) => console.error(error.message))
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop', instance: INSTANCE })

/** Writes a hundred pages. Another process goes on where this one stopped. */
function exportMonth(month: string): Promise<unknown> {
  return holdfast.idempotency.run('export', month, async (execution) => {
    for (let page = Number(execution.checkpoint ?? 0); page < 100; page += 1) {
      execution.signal.throwIfAborted()
      await delay(100) // the work
      await execution.saveCheckpoint(page + 1)
      console.log(`page ${page} of ${month}`)
    }
  })
}

const server = createServer(async ({ url = '' }, response) => {
  const month = /^\/exports\/(\w+)$/.exec(url)?.[1]
  if (url === '/health') {
    const { status } = await holdfast.health()
    response.writeHead(status === 'up' ? 200 : 503).end(status)
  } else if (month !== undefined) {
    exportMonth(month).catch((error: Error) => console.log(`${month}: ${error.message}`))
    response.writeHead(202).end()
  } else {
    response.writeHead(url === '/live' ? 200 : 404).end()
  }
})
server.listen(Number(PORT), () => console.log('listening on', server.address()))

process.once('SIGTERM', async () => {
  server.close() // no new work; keeps what is open
  await holdfast.close({ graceMs: Number(GRACE_MS) })
  await redis.quit()
})
