import { channel } from 'node:diagnostics_channel'
import { createHoldfast, createLocks, memoryStorage } from '@holdfast/core'
import { faultyStorage } from '@holdfast/core/testing'
import { startPrometheus } from '@holdfast/telemetry/prometheus'
import { Gauge, Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prometheusName } from '../src/metrics/metric.ts'
import { METRICS, METRIC_IDS } from '../src/metrics.ts'
import { scrape } from './scrape.ts'

let register: Registry
let bridge: ReturnType<typeof startPrometheus>
beforeEach(() => {
  register = new Registry()
  bridge = startPrometheus({ register })
})
afterEach(() => bridge.stop())

/** Ends when the test says so. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

describe('jobs', () => {
  it('shows what runs, for how long, and how it ended', async () => {
    const { idempotency, close } = createHoldfast({ storage: memoryStorage() })
    const began = gate()
    const end = gate()
    const running = idempotency.run('invoice', 'order-42', async () => {
      began.open()
      await end.opened
    })
    await began.opened
    const during = await scrape(register)
    expect(during.get('holdfast_job_running{job_type="invoice"}')).toBe(1)
    expect(during.get('holdfast_job_oldest_age_seconds{job_type="invoice"}')).toBeGreaterThan(0)
    expect(during.get('holdfast_job_starts_total{job_type="invoice",kind="first"}')).toBe(1)
    // An alert on an increase needs them before the first loss.
    expect(during.get('holdfast_job_lost_total{job_type="invoice",reason="takenOver"}')).toBe(0)
    end.open()
    await running
    await idempotency.run('invoice', 'order-42', () => undefined)
    await idempotency.run('invoice', 'order-43', () => Promise.reject(new Error('no paper'))).catch(() => 0)
    const after = await scrape(register)
    expect(after.get('holdfast_job_running{job_type="invoice"}')).toBe(0)
    expect(after.get('holdfast_job_oldest_age_seconds{job_type="invoice"}')).toBe(0)
    expect(after.get('holdfast_job_duration_seconds_count{job_type="invoice",outcome="completed"}')).toBe(1)
    expect(after.get('holdfast_job_duration_seconds_count{job_type="invoice",outcome="failed"}')).toBe(1)
    expect(after.get('holdfast_job_answers_total{job_type="invoice",outcome="replayed"}')).toBe(1)
    await close()
  })

  it('counts those who wait for one', async () => {
    const { idempotency, close } = createHoldfast({ storage: memoryStorage() })
    const end = gate()
    const first = idempotency.run('invoice', 'order-42', () => end.opened)
    const waits = eventOf('holdfast:idempotency', 'waiting')
    const second = idempotency.run('invoice', 'order-42', { onInProgress: 'wait' }, () => undefined)
    await waits
    expect((await scrape(register)).get('holdfast_job_waiting{job_type="invoice"}')).toBe(1)
    end.open()
    await Promise.all([first, second])
    const after = await scrape(register)
    expect(after.get('holdfast_job_waiting{job_type="invoice"}')).toBe(0)
    expect(after.get('holdfast_job_wait_duration_seconds_count{job_type="invoice",outcome="joined"}')).toBe(1)
    await close()
  })
})

describe('locks', () => {
  it('shows who waits and what is held, by the pattern of the name', async () => {
    const locks = createLocks(memoryStorage())
    const lease = await locks.acquire('stock:42')
    const waits = eventOf('holdfast:locks', 'waiting')
    const next = locks.acquire('stock:42')
    await waits
    const during = await scrape(register)
    expect(during.get('holdfast_lock_waiting{lock="stock:*"}')).toBe(1)
    expect(during.get('holdfast_lock_held{lock="stock:*"}')).toBe(1)
    expect(during.get('holdfast_lock_lost_total{lock="stock:*",reason="revoked"}')).toBe(0)
    await lease.release()
    await (await next).release()
    const after = await scrape(register)
    expect(after.get('holdfast_lock_waiting{lock="stock:*"}')).toBe(0)
    expect(after.get('holdfast_lock_held{lock="stock:*"}')).toBe(0)
    expect(after.get('holdfast_lock_wait_duration_seconds_count{lock="stock:*",outcome="granted"}')).toBe(2)
    expect(after.get('holdfast_lock_held_duration_seconds_count{lock="stock:*",outcome="released"}')).toBe(2)
    expect([...after.keys()].filter((sample) => sample.includes('42'))).toEqual([])
    await locks.close()
  })

  it('counts a lock that is lost once, though its holder releases it all the same', async () => {
    const locks = createLocks(memoryStorage())
    const lease = await locks.acquire('import')
    await locks.revoke('import')
    await lease.release()
    const after = await scrape(register)
    expect(after.get('holdfast_lock_lost_total{lock="import",reason="revoked"}')).toBe(1)
    expect(after.get('holdfast_lock_held_duration_seconds_count{lock="import",outcome="lost"}')).toBe(1)
    expect(after.get('holdfast_lock_held{lock="import"}')).toBe(0)
    expect([...after].filter(([name]) => name.includes('held_duration_seconds_count'))).toHaveLength(1)
    await locks.close()
  })

  it('holds nothing any more of an instance that was closed', async () => {
    const locks = createLocks(memoryStorage())
    await locks.acquire('import')
    await locks.close()
    const after = await scrape(register)
    expect(after.get('holdfast_lock_held{lock="import"}')).toBe(0)
    expect(after.get('holdfast_lock_held_duration_seconds_count{lock="import",outcome="abandoned"}')).toBe(1)
  })

  it('measures how late renewals are', async () => {
    const locks = createLocks(memoryStorage())
    const renewed = eventOf('holdfast:locks', 'renewed')
    const lease = await locks.acquire('import', { leaseMs: 300 })
    await renewed
    const after = await scrape(register)
    expect(after.get('holdfast_lock_renewal_lag_seconds_count{lock="import"}')).toBe(1)
    await lease.release()
    await locks.close()
  })
})

describe('the cache', () => {
  it('counts reads by their outcome, and loads', async () => {
    const { cache, close } = createHoldfast({ storage: memoryStorage(), prefix: 'shop' })
    const prices = cache.namespace('prices')
    const loads = gate()
    const loading = eventOf('holdfast:cache', 'loading')
    const first = prices.getOrCreate('42', () => loads.opened.then(() => 19.9))
    await loading
    expect((await scrape(register)).get('holdfast_cache_loading{cache="prices"}')).toBe(1)
    loads.open()
    await first
    await prices.getOrCreate('42', () => 1)
    await prices.getOrCreate('43', () => Promise.reject(new Error('down'))).catch(() => 0)
    const after = await scrape(register)
    expect(after.get('holdfast_cache_reads_total{cache="prices",outcome="hit"}')).toBe(1)
    expect(after.get('holdfast_cache_reads_total{cache="prices",outcome="miss"}')).toBe(2)
    expect(after.get('holdfast_cache_hit_ratio{cache="prices"}')).toBeCloseTo(1 / 3)
    expect(after.get('holdfast_cache_loading{cache="prices"}')).toBe(0)
    expect(after.get('holdfast_cache_load_failures_total{cache="prices"}')).toBe(1)
    expect(after.get('holdfast_cache_load_duration_seconds_count{cache="prices",outcome="loaded"}')).toBe(1)
    expect(after.get('holdfast_cache_breaker_open{prefix="shop"}')).toBe(0)
    await close()
  })
})

describe('what a closed Holdfast leaves in the gauges', () => {
  it('is no breaker that is open, and no storage that is away', async () => {
    const storage = faultyStorage(memoryStorage())
    const open = () => createHoldfast({ storage, prefix: 'shop', callTimeoutMs: 50 })
    const [one, two] = [open(), open()]
    storage.disconnect()
    for (const { cache } of [one, two]) await cache.getOrCreate('price:42', () => 19.9)
    const gauges = async () => {
      const now = await scrape(register)
      return [
        now.get('holdfast_cache_breaker_open{prefix="shop"}'),
        now.get('holdfast_storage_connected{prefix="shop",storage="main"}'),
      ]
    }
    expect(await gauges()).toEqual([2, 0])
    await one.close()
    expect(await gauges()).toEqual([1, 0])
    await two.close()
    expect(await gauges()).toEqual([0, undefined])
  })

  it('is nothing that waits, runs, loads or is held', async () => {
    const { locks, idempotency, cache, close } = createHoldfast({ storage: memoryStorage() })
    const begun = ['locks', 'idempotency'].map((name) => eventOf(`holdfast:${name}`, 'waiting'))
    await locks.acquire('import')
    const waits = locks.acquire('import')
    const runs = idempotency.run('invoice', '42', async ({ signal }) => {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    const joins = idempotency.run('invoice', '42', { onInProgress: 'wait' }, () => undefined)
    const loads = cache.getOrCreate(
      'price:42',
      async ({ signal }) => {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      { hardTimeoutMs: 100 },
    )
    const ended = Promise.allSettled([waits, runs, joins, loads])
    await Promise.all(begun)
    const during = await scrape(register)
    const samples = [
      'holdfast_lock_held{lock="import"}',
      'holdfast_lock_waiting{lock="import"}',
      'holdfast_job_running{job_type="invoice"}',
      'holdfast_job_waiting{job_type="invoice"}',
      'holdfast_cache_loading{cache="default"}',
    ]
    expect(samples.map((sample) => during.get(sample))).toEqual([1, 1, 1, 1, 1])
    await close()
    await ended
    const after = await scrape(register)
    expect(samples.map((sample) => after.get(sample))).toEqual([0, 0, 0, 0, 0])
  })
})

describe('a bridge', () => {
  it('exports no metric that the table does not have, and every one of it is registered', async () => {
    const names = METRIC_IDS.map((id) => prometheusName(METRICS[id]))
    const registered = (await register.getMetricsAsJSON()).map(({ name }) => name)
    expect(registered.toSorted()).toEqual(names.toSorted())
    expect(new Set(names).size).toBe(names.length)
  })

  it('is refused where the registry has one already, and works again after stop()', () => {
    expect(() => startPrometheus({ register })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('stop()') as string,
      }),
    )
    bridge.stop()
    bridge.stop()
    expect(register.getMetricsAsArray()).toEqual([])
    bridge = startPrometheus({ register })
  })

  it('is refused where a metric of the application has one of its names, leaves nothing behind, and works when that is gone', () => {
    const own = new Registry()
    const names = METRIC_IDS.map((id) => prometheusName(METRICS[id]))
    // The last of the table: a bridge that registers as it goes would have registered all others.
    const taken = names.at(-1) ?? ''
    const mine = new Gauge({ name: taken, help: 'Mine.', registers: [own] })
    expect(() => startPrometheus({ register: own })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `The registry has ${taken} already: stop() the bridge that was started before, rename a metric of your own, or give another registry as \`register\`.`,
      }),
    )
    expect(own.getMetricsAsArray()).toEqual([mine])
    own.removeSingleMetric(taken)
    const later = startPrometheus({ register: own })
    expect(own.getMetricsAsArray()).toHaveLength(names.length)
    later.stop()
  })

  it('leaves no subscriber', () => {
    const names = ['idempotency', 'locks', 'cache', 'breaker', 'connection', 'storage', 'http', 'hangfire']
    const channels = names.map((name) => channel(`holdfast:${name}`))
    expect(channels.every(({ hasSubscribers }) => hasSubscribers)).toBe(true)
    bridge.stop()
    expect(channels.filter(({ hasSubscribers }) => hasSubscribers)).toEqual([])
  })

  it('folds the values of a label beyond its limit', async () => {
    const own = new Registry()
    const limited = startPrometheus({ register: own, maxLabelValues: 2 })
    const { idempotency, close } = createHoldfast({ storage: memoryStorage() })
    for (const jobType of ['a', 'b', 'c', 'd']) await idempotency.run(jobType, '1', () => undefined)
    const after = await scrape(own)
    expect(after.get('holdfast_job_starts_total{job_type="other",kind="first"}')).toBe(2)
    expect(after.get('holdfast_telemetry_folded_total{label="job_type"}')).toBeGreaterThan(0)
    expect([...after.keys()].some((sample) => sample.includes('"c"'))).toBe(false)
    limited.stop()
    await close()
  })

  it('never breaks a caller: what a lockPattern throws is a warning', async () => {
    const own = new Registry()
    const lockPattern = (): string => {
      throw new Error('my pattern is broken')
    }
    const broken = startPrometheus({ register: own, lockPattern })
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const locks = createLocks(memoryStorage())
    await locks.run('import', () => undefined)
    expect(await warned).toMatchObject({
      code: 'HOLDFAST_TELEMETRY',
      message: 'An event was not measured: my pattern is broken. Further ones are not reported.',
    })
    broken.stop()
    await locks.close()
  })

  it.each([
    [{ register: {} }, 'register'],
    [{ maxLabelValues: 0 }, 'maxLabelValues'],
    [{ lockPatern: () => '' }, 'lockPattern'],
    [{ lockPattern: 'stock' }, 'lockPattern'],
  ])('refuses %o', (options, named) => {
    expect(() => startPrometheus(options as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(named) as string,
      }),
    )
  })
})

/** Resolves with the next event of this type. */
function eventOf(name: string, type: string): Promise<unknown> {
  return new Promise((resolve) => {
    const target = channel(name)
    const listener = (event: unknown): void => {
      if ((event as { readonly type: string }).type !== type) return
      target.unsubscribe(listener)
      resolve(event)
    }
    target.subscribe(listener)
  })
}
