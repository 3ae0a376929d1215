import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ExecutionContext } from '@holdfast/core'
import { expect } from 'vitest'
import { openWithCacheApart } from './plays-of-caches.ts'
import { CLIP, begun, begunInService, encodesForEver, standStill } from './plays-of-jobs.ts'
import { STOCK } from './plays-of-locks.ts'
import { inService } from '../poll.ts'
import { type Play, type Stage, becomes } from './stage.ts'

type Alert =
  | 'HoldfastStorageDown'
  | 'HoldfastRedisMemory'
  | 'HoldfastJobStuck'
  | 'HoldfastLeaseLost'
  | 'HoldfastWaitersPileUp'
  | 'HoldfastBreakerOpen'
  | 'HoldfastLoaderFailures'

/** A process begins the job and falls silent; resolves when the job is listed as `stalled`. */
async function fellSilent(stage: Stage, before: () => unknown = () => {}): Promise<ExecutionContext> {
  const dies = stage.open('web-2')
  const execution = await begunInService(dies, { leaseMs: 1_000 })
  await before()
  await dies.close()
  await becomes(async () => (await stage.run('--status stalled')).includes('clip-3'))
  return execution
}

export const PLAYS_OF_ALERTS: Readonly<Record<Alert, Play>> = {
  async HoldfastStorageDown(stage) {
    // As in production, it does not forget when it is killed.
    await stage.node.ask('CONFIG', 'SET', 'appendonly', 'yes')
    await becomes(async () => (await stage.node.info('persistence'))['aof_rewrite_in_progress'] === '0')
    const { idempotency } = stage.open()
    const work = Promise.withResolvers<string>()
    const run = idempotency.run(...CLIP, { leaseMs: 600_000 }, () => work.promise)
    await becomes(async () => (await idempotency.getExecutionStatus(...CLIP)) !== null)
    await stage.node.kill()
    expect(await stage.run('doctor')).toContain('cannot be reached')
    expect(await stage.run('PING')).toContain('Could not connect')
    await stage.node.restart()
    work.resolve('done')
    expect(await run).toMatchObject({ status: 'executed', result: 'done', attempt: 1 })
  },
  async HoldfastRedisMemory(stage) {
    const { cache, idempotency } = stage.open()
    const running = await begun(stage.open('web-2'))
    for (const key of ['price:42', 'price:"new"']) await inService(() => cache.set(key, 19.9))
    await stage.node.ask('CONFIG', 'SET', 'maxmemory', 1)
    const start = () => idempotency.run('video', 'clip-4', () => 'done')
    await expect(start()).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    await running.markSuccess('recorded')
    expect(await stage.run('maxmemory_policy')).toMatch(/^maxmemory:1\s/m)
    expect(await stage.run('total_system')).toMatch(/^total_system_memory_human:\d/)
    expect(await stage.run('cache size')).toMatch(/\b2\b/)
    expect(await stage.run('memkeys')).toContain('Biggest')
    expect(await stage.run('UNLINK')).toBe('2')
    expect(await stage.node.ask('KEYS', 'holdfast:v:shop::price:*')).toEqual([])
    await stage.run('CONFIG SET')
    expect(await start()).toMatchObject({ result: 'done' })
    expect(await idempotency.getExecutionStatus(...CLIP)).toMatchObject({ result: 'recorded' })
  },
  async HoldfastJobStuck(stage) {
    const { idempotency } = stage.open()
    const run = idempotency.run(...CLIP, encodesForEver)
    run.catch(() => {})
    await becomes(async () => (await idempotency.getExecutionStatus(...CLIP))?.progressPercentage === 40)
    expect(await stage.run('--status executing')).toContain('clip-3')
    expect(await stage.run('jobs show')).toContain('encoding')
    expect(await stage.run('job video')).toContain('web-1')
    await stage.run('jobs cancel')
    await expect(run).rejects.toMatchObject({ code: 'EXECUTION_CANCELLED' })
    expect(await stage.run('jobs show')).toContain('EXECUTION_CANCELLED')
    const start = async () =>
      await idempotency.run(...CLIP, ({ attempt, signal }) => {
        signal.throwIfAborted()
        return attempt
      })
    const { attempt } = await fellSilent(stage)
    expect((await start()).result).toBe(attempt + 1)
    // A cancel belongs to the job, unless the job is forgotten.
    for (const forgotten of [false, true]) {
      await idempotency.forget(...CLIP)
      await fellSilent(stage, () => stage.run('jobs cancel'))
      if (forgotten) await stage.run('jobs forget')
      const next = await start().catch((error: unknown) => error)
      expect(next).toMatchObject(forgotten ? { result: 1 } : { code: 'EXECUTION_CANCELLED' })
    }
  },
  async HoldfastLeaseLost(stage) {
    const [one, two] = [stage.open('web-1'), stage.open('web-2')]
    const still = await begunInService(one, { leaseMs: 100 })
    standStill(200)
    await becomes(() => still.signal.aborted)
    expect(still.signal.reason).toMatchObject({ code: 'LEASE_LOST', reason: 'expired' })
    const next = await two.idempotency.run(...CLIP, { onInProgress: 'wait' }, ({ attempt }) => attempt)
    expect(next.result).toBe(still.attempt + 1)
    const gone = await one.idempotency.tryStartExecution('video', 'clip-4')
    const [key = ''] = (await stage.node.ask('KEYS', '{holdfast:r:shop:video:*}:clip-4')) as string[]
    await stage.node.ask('DEL', key)
    // It learns of it with its next write, which may be a renewal.
    await gone?.saveCheckpoint(1).catch(() => {})
    await becomes(() => gone?.signal.aborted === true)
    expect(gone?.signal.reason).toMatchObject({ code: 'LEASE_LOST', reason: 'vanished' })
    const lock = await one.locks.acquire(STOCK, { leaseMs: 3_000 })
    await stage.node.ask('DEL', `{holdfast:l:shop:lock:${STOCK}}:s`)
    await becomes(() => lock.signal.aborted)
    expect(lock.signal.reason).toMatchObject({ code: 'LEASE_LOST', reason: 'taken' })
    expect(await stage.run('INFO persistence')).toMatch(/^rdb_last_save_time:\d{10}/m)
    expect(await stage.run('INFO stats')).toMatch(/^evicted_keys:0/m)
    expect(await stage.run('commandstats')).toMatch(/^cmdstat_del:/m)
    expect(await stage.run('SLOWLOG')).toBeDefined()
    expect(await stage.run('INFO server')).toMatch(/^uptime_in_seconds:\d+/)
  },
  async HoldfastWaitersPileUp(stage) {
    const { locks } = stage.open('web-1')
    const hangs = await locks.acquire(STOCK)
    const waiters = stage.open('web-2').locks
    const turns = Array.from({ length: 5 }, async () => {
      await waiters.run(STOCK, { waitMs: 600_000 }, () => undefined)
    })
    await becomes(async () => (await locks.inspect(STOCK)).waiting === 5)
    expect(await stage.run('locks list')).toContain(STOCK)
    expect(await stage.run('locks show')).toContain('web-1')
    expect(await stage.run('lease lock')).toMatch(/^claimed 1, until \d{13}, since \d{16}, by web-1~/m)
    expect(await stage.run('ZCARD')).toBe('5')
    await stage.run('locks revoke')
    await Promise.all(turns)
    await becomes(() => hangs.signal.aborted)
  },
  async HoldfastBreakerOpen(stage) {
    const holdfast = await openWithCacheApart(stage)
    const read = (key: string) => holdfast.cache.getOrCreate(key, () => 19.9, { ttlMs: 60_000 })
    await read('price:1')
    stage.freeze()
    await becomes(async () => (await read('price:2')) === 19.9 && holdfast.cache.stats().breaker === 'open')
    expect(await stage.run('doctor')).toContain('cannot be reached')
    const silent = stage.run('PING')
    stage.node.resume()
    expect(await silent).toBe('PONG')
    await becomes(async () => (await read('price:3')) === 19.9 && holdfast.cache.stats().breaker !== 'open')
  },
  async HoldfastLoaderFailures(stage) {
    const { cache } = stage.open()
    const failures: unknown[] = []
    const listen = (event: unknown): void => {
      const { type, key } = event as { readonly type?: unknown; readonly key?: unknown }
      if (type === 'loadFailed' && key === 'price:7') failures.push(event)
    }
    subscribe('holdfast:cache', listen)
    stage.atEnd(() => void unsubscribe('holdfast:cache', listen))
    const load = cache.getOrCreate('price:7', () => Promise.reject(new Error('the source is down')))
    await expect(load).rejects.toThrow('the source is down')
    expect(failures).toMatchObject([{ error: { message: 'the source is down' } }])
    expect(await stage.run('cache get')).not.toContain('19.9')
    expect(await stage.run('scan')).toBe('')
    expect(await cache.getOrCreate('price:42', () => 19.9)).toBe(19.9)
    expect(await cache.get('price:42')).toBe(19.9)
  },
}
