/** One process of `telemetry.ts`: `telemetry-worker.ts <bridge> <url>`, messages say what to do. */
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'
import type { TraceContextHooks } from '@holdfast/core'

export interface TelemetryTask {
  readonly operation: 'job' | 'lock' | 'hit'
  readonly storage: 'memory' | 'redis'
  readonly count: number
}

const [, , bridge = '', url = ''] = process.argv

/** Starts the bridge of this process; its libraries are loaded for no other. */
const starts: Readonly<Record<string, () => Promise<TraceContextHooks | undefined>>> = {
  async 'not imported'() {
    return await Promise.resolve(undefined)
  },
  async imported() {
    await import('@holdfast/telemetry/prometheus')
    await import('@holdfast/telemetry/opentelemetry')
    await import('@holdfast/telemetry/pino')
    return undefined
  },
  async prometheus() {
    const { startPrometheus } = await import('@holdfast/telemetry/prometheus')
    startPrometheus()
    return undefined
  },
  async opentelemetry() {
    const { context } = await import('@opentelemetry/api')
    const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks')
    const { MeterProvider, MetricReader } = await import('@opentelemetry/sdk-metrics')
    const { TracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace')
    const { startOpenTelemetry } = await import('@holdfast/telemetry/opentelemetry')
    class NoReader extends MetricReader {
      protected override onForceFlush = (): Promise<void> => Promise.resolve()
      protected override onShutdown = (): Promise<void> => Promise.resolve()
    }
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    // Everything but the network: what an exporter sends is the exporter's.
    const exporter = {
      export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
      shutdown: () => Promise.resolve(),
    }
    const tracerProvider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
    const meterProvider = new MeterProvider({ readers: [new NoReader()] })
    return startOpenTelemetry({ tracerProvider, meterProvider }).traceContext
  },
  async pino() {
    const { startPino } = await import('@holdfast/telemetry/pino')
    startPino()
    return undefined
  },
}

const traceContext = await starts[bridge.replace(/ \(.*/, '')]?.()
const redis = new Redis(url)
const open = (storage: Parameters<typeof createHoldfast>[0]['storage']) =>
  createHoldfast({ storage, idempotency: { traceContext, completedRetentionMs: 1, completedWindowMs: 0 } })
const holdfasts = { memory: open(memoryStorage()), redis: open(ioredisStorage(redis)) }

/** Microseconds of this process's processor for one operation. */
async function measure({ operation, storage, count }: TelemetryTask): Promise<number> {
  const { idempotency, locks, cache } = holdfasts[storage]
  const prefix = `${process.pid}:`
  await cache.set(`${prefix}hit`, 1, { ttlMs: 600_000 })
  const operations = {
    job: (i: number) => idempotency.run('invoice', `${prefix}${i % 100}`, () => i),
    lock: (i: number) => locks.run(`stock:${prefix}${i % 100}`, () => i),
    hit: () => cache.getOrCreate(`${prefix}hit`, () => 1),
  }
  const perform = operations[operation]
  for (let i = 0; i < count / 5; i += 1) await perform(i)
  global.gc?.()
  const before = process.cpuUsage()
  for (let i = 0; i < count; i += 1) await perform(i)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

process.on('message', (task: TelemetryTask) => {
  measure(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
