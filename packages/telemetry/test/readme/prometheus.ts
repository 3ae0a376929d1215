// #region scrape
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { startPrometheus } from '@holdfast/telemetry/prometheus'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { register } from 'prom-client'

const telemetry = startPrometheus() // before createHoldfast: it counts what happens from now on

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop' })

const app = Fastify()
app.get('/metrics', async (_request, reply) => {
  reply.type(register.contentType)
  return register.metrics()
})
app.addHook('onClose', async () => {
  await holdfast.close({ graceMs: 10_000 })
  telemetry.stop()
  await redis.quit()
})
// #endregion

export { app, holdfast }
