// One process of the test of a takeover: node takeover-process.ts <instance> <collector's url>. Says on stdout when its body runs.
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { startOpenTelemetry } from '@holdfast/telemetry/opentelemetry'
import { trace } from '@opentelemetry/api'
import { Redis } from 'ioredis'
import { setUpSdk } from './sdk.ts'

const [instance = '', collector = '', prefix = ''] = process.argv.slice(2)
const { flush, shutdown, tracerProvider, meterProvider } = setUpSdk(collector)
const { traceContext, stop } = startOpenTelemetry({ tracerProvider, meterProvider })
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
const idempotency = { leaseMs: 1_000, onInProgress: 'wait', traceContext } as const
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix, instance, idempotency })
const pages = tracerProvider.getTracer('app')

await holdfast.idempotency.run('invoice', 'order-42', async ({ attempt }) => {
  pages.startSpan('draw page 1').end()
  await flush()
  const { traceId, spanId } = trace.getActiveSpan()?.spanContext() ?? {}
  process.stdout.write(`${JSON.stringify({ attempt, traceId, spanId })}\n`)
  if (attempt === 1) await new Promise(() => setInterval(() => undefined, 60_000))
  pages.startSpan('draw page 2').end()
})

await holdfast.close()
await redis.quit()
stop()
await shutdown()
