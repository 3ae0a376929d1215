import { channel, tracingChannel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TracedExecution, createHoldfast, memoryStorage } from '@holdfast/core'
import { idempotent } from '@holdfast/http'
import { type OpenTelemetryBridge, startOpenTelemetry } from '@holdfast/telemetry/opentelemetry'
import { trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { METRICS } from '../src/metrics.ts'
import { type ExportedSpan, otlpCollector } from './otlp-collector.ts'
import { setUpSdk } from './sdk.ts'

let collector: Awaited<ReturnType<typeof otlpCollector>>
let sdk: ReturnType<typeof setUpSdk>
let providers: Pick<typeof sdk, 'tracerProvider' | 'meterProvider'>
let telemetry: OpenTelemetryBridge
beforeAll(async () => {
  collector = await otlpCollector()
  sdk = setUpSdk(collector.url)
  const { tracerProvider, meterProvider } = sdk
  providers = { tracerProvider, meterProvider }
})
afterAll(async () => {
  await sdk.shutdown()
  collector.close()
})
beforeEach(() => {
  collector.spans.length = collector.metrics.length = 0
  telemetry = startOpenTelemetry(providers)
})
afterEach(() => telemetry.stop())

const open = (instance = 'one', storage = memoryStorage()) =>
  createHoldfast({ storage, instance, idempotency: { traceContext: telemetry.traceContext } })
const named = (name: string): ExportedSpan => {
  const found = collector.spans.filter((span) => span.name === name)
  expect(found, name).toHaveLength(1)
  return found[0] as ExportedSpan
}
const tracer = () => sdk.tracerProvider.getTracer('app')

describe('a span of a job', () => {
  it('says what became of it and how long each stage took, and what the body does is below it', async () => {
    const { idempotency, close } = open()
    const { executionId } = await idempotency.run('invoice', 'order-42', async () => {
      await Promise.resolve()
      tracer().startSpan('draw the PDF').end()
    })
    await close()
    await sdk.flush()
    const job = named('job invoice')
    expect(job.attributes).toMatchObject({
      'holdfast.job.type': 'invoice',
      'holdfast.job.key': 'order-42',
      'holdfast.job.execution_id': executionId,
      'holdfast.job.attempt': 1,
      'holdfast.job.outcome': 'completed',
    })
    for (const stage of ['wait', 'claim', 'body', 'record'])
      expect(job.attributes[`holdfast.job.stage.${stage}`], stage).toBeGreaterThanOrEqual(0)
    expect(named('draw the PDF')).toMatchObject({ traceId: job.traceId, parentSpanId: job.spanId })
  })

  it('has one for a replay, and one below it for a wait', async () => {
    const { idempotency, close } = open()
    let end!: () => void
    const first = idempotency.run('invoice', 'a', () => new Promise<void>((resolve) => (end = resolve)))
    const waits = new Promise<void>((resolve) => {
      const target = channel('holdfast:idempotency')
      const listener = (event: unknown): void => {
        if ((event as { type: string }).type !== 'waiting') return
        target.unsubscribe(listener)
        resolve()
      }
      target.subscribe(listener)
    })
    const second = idempotency.run('invoice', 'a', { onInProgress: 'wait' }, () => undefined)
    await waits
    end()
    await Promise.all([first, second])
    await close()
    await sdk.flush()
    const wait = named('job wait invoice')
    expect(wait.attributes).toMatchObject({ 'holdfast.job.outcome': 'joined' })
    const replay = collector.spans.find(({ spanId }) => spanId === wait.parentSpanId)
    expect(replay?.attributes).toMatchObject({ 'holdfast.job.outcome': 'replayed' })
    expect(replay?.attributes['holdfast.job.stage.wait']).toBeGreaterThan(0)
  })

  it('of begin lasts until the execution ends', async () => {
    const { idempotency, close } = open()
    const execution = await idempotency.tryStartExecution('invoice', 'a')
    await idempotency.tryStartExecution('invoice', 'a')
    await sdk.flush()
    expect(named('job invoice').attributes).toMatchObject({ 'holdfast.job.outcome': 'inProgress' })
    collector.spans.length = 0
    await execution?.markFailure(new Error('no paper'))
    await close()
    await sdk.flush()
    expect(named('job invoice')).toMatchObject({
      attributes: { 'holdfast.job.outcome': 'failed', 'error.type': 'Error' },
      status: { code: 2 },
      events: [{ name: 'exception' }],
    })
  })

  it('links to the attempt before it after a failure', async () => {
    const { idempotency, close } = open()
    const fails = () => Promise.reject(new Error('no paper'))
    await idempotency.run('invoice', 'a', fails).catch(() => undefined)
    await idempotency.run('invoice', 'a', () => undefined)
    await close()
    await sdk.flush()
    const [first, second] = collector.spans as [ExportedSpan, ExportedSpan]
    expect(first).toMatchObject({ status: { code: 2 }, attributes: { 'holdfast.job.outcome': 'failed' } })
    expect(first.events.map(({ name }) => name)).toEqual(['exception'])
    expect(second.attributes).toMatchObject({ 'holdfast.job.attempt': 2 })
    expect(second.links).toMatchObject([{ traceId: first.traceId, spanId: first.spanId }])
    expect(second.traceId).not.toBe(first.traceId)
    expect(first.links).toEqual([])
  })
})

describe('spans of an idempotent HTTP route', () => {
  it('have what the handler does below the job, and the job below the request', async () => {
    const holdfast = open()
    const route = idempotent({ holdfast, route: '/orders', scope: 'global' }, async (_request, response) => {
      await Promise.resolve()
      tracer().startSpan('INSERT').end()
      response.end('{}')
    })
    const server = createServer((request, response) =>
      tracer().startActiveSpan('request', (span) => {
        response.once('close', () => span.end())
        void route(request, response)
      }),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
    const headers = { 'idempotency-key': crypto.randomUUID(), connection: 'close' }
    expect((await fetch(url, { method: 'POST', headers })).status).toBe(200)
    server.close()
    await once(server, 'close')
    await holdfast.close()
    await sdk.flush()
    const job = named('job http:POST /orders')
    expect(named('INSERT')).toMatchObject({ traceId: job.traceId, parentSpanId: job.spanId })
    expect(job.parentSpanId).toBe(named('request').spanId)
  })
})

describe('the span of what throws null or undefined', () => {
  it.each([[null], [undefined]])('ends as failed: %s', async (thrown) => {
    const { idempotency, cache, close } = open()
    const fail = (): never => {
      throw thrown
    }
    await expect(idempotency.run('invoice', 'a', fail)).rejects.toBe(thrown)
    await expect(cache.getOrCreate('a', fail)).rejects.toBe(thrown)
    await close()
    await sdk.flush()
    const error = { status: { code: 2 }, events: [{ name: 'exception' }] }
    expect(named('job invoice')).toMatchObject({ ...error, attributes: { 'holdfast.job.outcome': 'failed' } })
    expect(named('cache load default')).toMatchObject({
      ...error,
      attributes: { 'holdfast.cache.outcome': 'failed', 'error.type': '_OTHER' },
    })
  })
})

describe('the span of a duplicate', () => {
  it('is no failure: that the job runs elsewhere is its answer', async () => {
    const { idempotency, close } = open()
    const execution = await idempotency.tryStartExecution('invoice', 'a')
    await expect(idempotency.run('invoice', 'a', () => 1)).rejects.toMatchObject({
      code: 'EXECUTION_IN_PROGRESS',
    })
    await sdk.flush()
    expect(named('job invoice')).toMatchObject({
      status: { code: 0 },
      events: [],
      attributes: { 'holdfast.job.outcome': 'inProgress' },
    })
    await execution?.release()
    await close()
  })
})

describe('spans of locks and loads', () => {
  it('show the wait and the hold beside each other, below what was active', async () => {
    const { locks, close } = open()
    await tracer().startActiveSpan('request', async (request) => {
      await locks.run('stock:42', () => undefined)
      request.end()
    })
    await close()
    await sdk.flush()
    const { spanId: parentSpanId } = named('request')
    expect(named('lock wait stock:*')).toMatchObject({
      parentSpanId,
      attributes: { 'holdfast.lock.name': 'stock:42', 'holdfast.lock.granted': 'atOnce' },
    })
    expect(named('lock held stock:*')).toMatchObject({
      parentSpanId,
      attributes: { 'holdfast.lock.outcome': 'released' },
    })
  })

  it('have what the body of run does below the hold: spans, jobs, and locks within; not what comes after', async () => {
    const { locks, idempotency, close } = open()
    const span = async (name: string): Promise<void> => {
      await Promise.resolve()
      tracer().startSpan(name).end()
    }
    await tracer().startActiveSpan('request', async (request) => {
      await locks.run('stock:42', async () => {
        await span('before')
        const lease = await locks.acquire('import')
        await idempotency.run('invoice', 'a', () => undefined)
        await lease.release()
        await locks.semaphore('pool', { permits: 2 }).run(() => span('with permit'))
        await span('behind')
        const skipped = { whenHeld: 'skip' } as const
        expect(await locks.run('stock:42', skipped, () => undefined)).toMatchObject({ status: 'skipped' })
      })
      await span('after')
      request.end()
    })
    await close()
    await sdk.flush()
    const below = (parent: string): string[] =>
      collector.spans
        .filter(({ parentSpanId }) => parentSpanId === named(parent).spanId)
        .map(({ name }) => name)
        .toSorted()
    expect(below('request')).toEqual(['after', 'lock held stock:*', 'lock wait stock:*'])
    const inside = ['before', 'behind', 'job invoice', 'lock held import', 'lock held pool']
    expect(below('lock held stock:*')).toEqual([
      ...inside,
      'lock wait import',
      'lock wait pool',
      'lock wait stock:*',
    ])
    expect(below('lock held pool')).toEqual(['with permit'])
  })

  it('say why a lock was lost, or not had', async () => {
    const { locks, close } = open()
    const lease = await locks.acquire('import')
    await expect(locks.acquire('import', { waitMs: 0 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' })
    await locks.revoke('import')
    await lease.release()
    await close()
    await sdk.flush()
    expect(named('lock held import')).toMatchObject({
      attributes: { 'holdfast.lock.loss': 'revoked', 'error.type': 'LEASE_LOST' },
      status: { code: 2 },
    })
    const waits = collector.spans.filter(({ name }) => name === 'lock wait import')
    expect(waits.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'LOCK_TIMEOUT'])
  })

  it('have the load, and what it does below it', async () => {
    const { cache, close } = open()
    await cache.namespace('prices').getOrCreate('42', async () => {
      await Promise.resolve()
      tracer().startSpan('SELECT').end()
      return 1
    })
    await close()
    await sdk.flush()
    const load = named('cache load prices')
    expect(load.attributes).toMatchObject({ 'holdfast.cache.outcome': 'loaded', 'holdfast.cache.key': '42' })
    expect(named('SELECT')).toMatchObject({ parentSpanId: load.spanId })
  })

  it('carry no key where that is not wanted', async () => {
    telemetry.stop()
    telemetry = startOpenTelemetry({ ...providers, keys: false })
    const { locks, idempotency, cache, close } = open()
    await locks.run('stock:4711', () => undefined)
    await idempotency.run('invoice', '4711', () => undefined)
    await cache.getOrCreate('4711', () => 1)
    await close()
    await sdk.flush()
    expect(collector.spans).toHaveLength(4)
    expect(JSON.stringify(collector.spans.map(({ name, attributes }) => [name, attributes]))).not.toContain(
      '4711',
    )
  })
})

describe('metrics', () => {
  it('are exported as the table says, gauges included', async () => {
    const { idempotency, cache, close } = open()
    const reports = cache.namespace('reports')
    const job_type = 'report'
    let end!: () => void
    const began = new Promise<void>((resolve) => {
      const ended = new Promise<void>((over) => (end = over))
      void idempotency.run(job_type, 'a', () => (resolve(), ended)).then(() => undefined)
    })
    await began
    await reports.getOrCreate('42', () => 1)
    await reports.getOrCreate('42', () => 1)
    await sdk.flush()
    const metric = (name: string) => collector.metrics.find((each) => each.name === name)
    expect(metric('holdfast.job.running')).toMatchObject({ kind: 'sum', monotonic: false })
    expect(metric('holdfast.job.running')?.points).toContainEqual({ attributes: { job_type }, value: 1 })
    const age = metric('holdfast.job.oldest_age')
    expect(age).toMatchObject({ kind: 'gauge', unit: 's' })
    expect(age?.points.find(({ attributes }) => attributes['job_type'] === job_type)?.value).toBeGreaterThan(
      0,
    )
    const ratio = { attributes: { cache: 'reports' }, value: 0.5 }
    expect(metric('holdfast.cache.hit_ratio')?.points).toContainEqual(ratio)
    collector.metrics.length = 0
    end()
    await expect.poll(() => idempotency.isExecuting(job_type, 'a')).toBe(false)
    await sdk.flush()
    const duration = metric('holdfast.job.duration')
    expect(duration).toMatchObject({ kind: 'histogram', unit: 's' })
    expect(duration?.points).toContainEqual({
      attributes: { job_type, outcome: 'completed' },
      value: 1,
      bounds: METRICS.jobDuration.buckets,
    })
    expect(metric('holdfast.job.running')?.points).toContainEqual({ attributes: { job_type }, value: 0 })
    expect([...collector.paths].toSorted()).toEqual(['/v1/metrics', '/v1/traces'])
    await close()
  })
})

describe('the bridge', () => {
  it('is refused twice, leaves no subscriber, and measures nothing after stop()', async () => {
    expect(() => startOpenTelemetry()).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('stop()') as string,
      }),
    )
    const operations = [
      'idempotency.run',
      'idempotency.begin',
      'idempotency.body',
      'locks.acquire',
      'locks.run',
      'cache.load',
    ]
    const traced = () =>
      operations.filter((name) =>
        (['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const).some(
          (event) => tracingChannel(`holdfast:${name}`)[event].hasSubscribers,
        ),
      )
    const heard = () =>
      ['idempotency', 'locks', 'cache', 'breaker', 'connection', 'storage', 'http', 'hangfire'].filter(
        (name) => channel(`holdfast:${name}`).hasSubscribers,
      )
    expect(traced()).toEqual(operations)
    expect(heard()).toHaveLength(8)
    telemetry.stop()
    telemetry.stop()
    expect([traced(), heard()]).toEqual([[], []])
    const { idempotency, close } = open()
    await idempotency.run('afterwards', 'a', () => undefined)
    await close()
    await sdk.flush()
    expect(collector.spans).toEqual([])
    expect(JSON.stringify(collector.metrics)).not.toContain('afterwards')
    telemetry = startOpenTelemetry(providers)
  })

  it('leaves no subscriber where the meter throws', () => {
    telemetry.stop()
    const meterProvider = {
      getMeter: () => {
        throw new Error('no meter')
      },
    }
    expect(() => startOpenTelemetry({ ...providers, meterProvider })).toThrow('no meter')
    expect(tracingChannel('holdfast:idempotency.run').asyncEnd.hasSubscribers).toBe(false)
    expect(channel('holdfast:locks').hasSubscribers).toBe(false)
    telemetry = startOpenTelemetry(providers)
  })

  it('stores nothing where no SDK is set up', async () => {
    telemetry.stop()
    telemetry = startOpenTelemetry({ tracerProvider: trace.getTracerProvider() })
    expect(
      telemetry.traceContext.inject({ jobType: 'a', jobKey: 'b', executionId: 'c', attempt: 1 }),
    ).toBeUndefined()
    const stored: (string | undefined)[] = []
    const { extract } = telemetry.traceContext
    const inject = (execution: TracedExecution): string | undefined => {
      stored.push(telemetry.traceContext.inject(execution))
      return stored.at(-1)
    }
    const traceContext = { inject, extract }
    const holdfast = createHoldfast({ storage: memoryStorage(), idempotency: { traceContext } })
    await expect(holdfast.idempotency.run('invoice', 'a', () => 1)).resolves.toMatchObject({ result: 1 })
    expect(stored).toEqual([undefined])
    await holdfast.close()
  })

  it.each([
    [{ tracerProvider: {} }, 'tracerProvider'],
    [{ keys: 'no' }, 'keys'],
    [{ meterprovider: undefined, meter: 1 }, 'meter'],
  ])('refuses %o', (options, wrong) => {
    telemetry.stop()
    expect(() => startOpenTelemetry(options as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(wrong) as string,
      }),
    )
  })
})
