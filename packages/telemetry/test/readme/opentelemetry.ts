// #region setup
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { startOpenTelemetry } from '@holdfast/telemetry/opentelemetry'
import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { Redis } from 'ioredis'

// 1. The SDK, as ever; NodeSDK of @opentelemetry/sdk-node does the same.
const spanProcessors = [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })]
const tracerProvider = new TracerProvider({ spanProcessors })
const meterProvider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(tracerProvider)
metrics.setGlobalMeterProvider(meterProvider)

// 2. The bridge, and 3. Holdfast: traceContext lets a takeover's span link to the attempt before it.
const telemetry = startOpenTelemetry()
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({
  storage: ioredisStorage(redis),
  prefix: 'shop',
  idempotency: { traceContext: telemetry.traceContext },
})
// #endregion

export async function stop(): Promise<void> {
  await holdfast.close()
  telemetry.stop()
  await redis.quit()
  await tracerProvider.shutdown()
  await meterProvider.shutdown()
}

export { holdfast }
