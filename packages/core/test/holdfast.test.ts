import { describe, expect, it } from 'vitest'
import {
  StorageRefusedError,
  type Storage,
  StorageUnavailableError,
  createHoldfast,
  memoryStorage,
} from '@holdfast/core'
import { manualRuntime, settle } from './manual-runtime.ts'

/** A memory storage whose values do not answer while `isOut`. */
function outage(): { storage: Storage; isOut: boolean; asked: number } {
  const memory = memoryStorage()
  const state = { storage: memory, isOut: false, asked: 0 }
  const values: Storage['values'] = {
    ...memory.values,
    async getMany(keys) {
      state.asked += 1
      return state.isOut ? await new Promise<never>(() => undefined) : memory.values.getMany(keys)
    },
  }
  state.storage = { ...memory, values }
  return state
}

describe('health', () => {
  it('reports a healthy storage as up', async () => {
    await using holdfast = createHoldfast({ storage: memoryStorage() })
    expect(await holdfast.health()).toEqual({
      status: 'up',
      connection: 'ready',
      roundTripMs: expect.any(Number),
      cacheBreaker: 'closed',
      eventLoopDelayMs: 0,
      findings: [],
      error: null,
    })
  })

  it('reports a storage that does not answer, instead of rejecting', async () => {
    const runtime = manualRuntime()
    const storage: Storage = { ...memoryStorage(), time: () => new Promise<never>(() => undefined) }
    const holdfast = createHoldfast({ storage, runtime })
    const asked = holdfast.health()
    await runtime.advance(2_000)
    expect(await asked).toEqual({
      status: 'down',
      connection: 'ready',
      roundTripMs: null,
      cacheBreaker: 'closed',
      eventLoopDelayMs: 0,
      findings: [],
      error: expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }),
    })
    await holdfast.close()
  })

  it('is degraded while the storage answers but refuses what locks or jobs need', async () => {
    const finding = { code: 'SHUT', severity: 'error', message: 'It is shut.', fix: 'Open it.' } as const
    const findings = [{ ...finding, stopsWork: true }]
    const storage: Storage = { ...memoryStorage(), verify: async () => findings }
    await using holdfast = createHoldfast({ storage })
    expect(await holdfast.health()).toMatchObject({ status: 'degraded', findings, error: null })
    findings[0] = { ...finding, stopsWork: false }
    expect(await holdfast.health()).toMatchObject({ status: 'up', findings })
  })

  it('is degraded, with the findings, when the storage does not even return its time', async () => {
    const findings = [{ code: 'RIGHTS', severity: 'error', message: 'None.', fix: 'Permit it.' }] as const
    const refused = new StorageRefusedError('Not for you.')
    const time = (): Promise<number> => Promise.reject(refused)
    const storage: Storage = { ...memoryStorage(), time, verify: async () => findings }
    await using holdfast = createHoldfast({ storage })
    expect(await holdfast.health()).toMatchObject({ status: 'degraded', findings, error: refused })
  })

  it('asks of each storage only what that is for', async () => {
    const asked: Record<string, unknown> = {}
    const asking = (name: string): Storage => ({
      ...memoryStorage(),
      verify: async (options) => {
        asked[name] = options
        return []
      },
    })
    await using both = createHoldfast({ storage: asking('both'), prefix: 'shop' })
    await both.health()
    const [storage, cacheStorage] = [asking('main'), asking('cache')]
    await using apart = createHoldfast({ storage, cacheStorage, prefix: 'shop' })
    await apart.health()
    expect(asked).toEqual({
      both: { app: 'shop' },
      main: { app: 'shop', features: ['locks', 'idempotency'] },
      cache: { app: 'shop', features: ['cache'] },
    })
  })

  it('is down when the storage does not say in time what is wrong with it', async () => {
    const runtime = manualRuntime()
    const storage: Storage = { ...memoryStorage(), verify: () => new Promise<never>(() => undefined) }
    const holdfast = createHoldfast({ storage, runtime })
    const asked = holdfast.health()
    await runtime.advance(5_000)
    expect(await asked).toMatchObject({ status: 'down', error: { code: 'STORAGE_UNAVAILABLE' } })
    await holdfast.close()
  })

  it('reports how late the timers that renew leases were', async () => {
    const runtime = manualRuntime()
    const holdfast = createHoldfast({ storage: memoryStorage(), runtime })
    const lease = await holdfast.locks.acquire('a', { leaseMs: 3_000 })
    runtime.freeze(1_900)
    await runtime.advance(0)
    expect((await holdfast.health()).eventLoopDelayMs).toBeGreaterThan(800)
    await lease.release()
    await holdfast.close()
  })
})

describe('the breaker of the cache', () => {
  it('calls a storage that does not answer once, and then not until a pause is over', async () => {
    const runtime = manualRuntime()
    const out = outage()
    const { cache, health, close } = createHoldfast({ storage: out.storage, runtime })
    out.isOut = true
    const first = cache.getOrCreate('a', () => 'loaded')
    await runtime.advance(250)
    expect(await first).toBe('loaded')
    expect([out.asked, (await health()).cacheBreaker]).toEqual([1, 'open'])

    expect(await cache.getOrCreate('b', () => 'loaded at once')).toBe('loaded at once')
    await expect(cache.get('c')).rejects.toThrow(StorageUnavailableError)
    expect(out.asked).toBe(1)

    out.isOut = false
    await runtime.advance(250)
    expect(await cache.get('c')).toBeUndefined()
    expect([out.asked, (await health()).cacheBreaker]).toEqual([2, 'closed'])
    await close()
  })

  it('lets one call through after the pause, and waits twice as long when that fails', async () => {
    const runtime = manualRuntime()
    const out = outage()
    const { cache, close } = createHoldfast({ storage: out.storage, runtime })
    out.isOut = true
    const get = (): Promise<string> => cache.get('a').then(String, (error: Error) => error.message)
    const opening = get()
    await runtime.advance(250)
    expect(await opening).toContain('did not answer within')
    await runtime.advance(250)
    // The reads of one tick are one call.
    const probes = [get()]
    await settle()
    probes.push(get(), get())
    await runtime.advance(250)
    expect(
      (await Promise.all(probes)).filter((message) => message.includes('not asked again yet')),
    ).toHaveLength(2)
    await runtime.advance(300)
    expect(await get()).toContain('not asked again yet')
    expect(out.asked).toBe(2)
    await close()
  })
})
