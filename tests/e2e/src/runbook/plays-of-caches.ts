import { setTimeout as delay } from 'node:timers/promises'
import type { Code } from '@holdfast/cli/codes'
import type { Holdfast } from '@holdfast/core'
import { RedisNode } from '@holdfast/test-support/servers'
import { expect } from 'vitest'
import { type Play, type Stage, becomes } from './stage.ts'

type CacheCode = Extract<Code, `CACHE_${string}` | 'LOAD_TIMEOUT'> | 'The cache serves old values'

/** The entry of the page. */
const PRICE = 'price:42'

/** An app whose cache has the server of the stage, and whose jobs have another one. */
export async function openWithCacheApart(stage: Stage): Promise<Holdfast> {
  const main = await RedisNode.start()
  stage.atEnd(() => main.stop())
  const storage = stage.storage({ port: main.port })
  return stage.open('web-1', { storage, cacheStorage: stage.storage() })
}

/** The findings about the cache alone. */
async function found({ health }: Holdfast): Promise<readonly string[]> {
  const { findings } = await health()
  return findings.map(({ code }) => code).filter((code) => code.startsWith('CACHE_'))
}

export const PLAYS_OF_CACHES: Readonly<Record<CacheCode, Play>> = {
  async 'The cache serves old values'(stage) {
    const { cache } = stage.open()
    let price = 19.9
    const read = async () => await cache.getOrCreate(PRICE, () => price, { ttlMs: 600_000 })
    await read()
    price = 24.9
    expect(await read()).toBe(19.9)
    expect(await stage.run('cache get')).toContain('19.9')
    expect(await stage.run('GETRANGE')).toMatch(/^\d{13}$/)
    expect(Number(await stage.run('PTTL'))).toBeGreaterThan(0)
    await stage.run('cache remove')
    expect(await read()).toBe(24.9)
  },
  async LOAD_TIMEOUT(stage) {
    const { cache } = stage.open()
    const slow = { ttlMs: 600_000, hardTimeoutMs: 5_000 } as const
    const never = cache.getOrCreate(PRICE, async ({ signal }) => await delay(600_000, 0, { signal }), slow)
    never.catch(() => {})
    await becomes(async () => (await stage.node.ask('EXISTS', `holdfast:v:shop::${PRICE}`)) === 1)
    expect(await stage.run('redis-cli GET')).toMatch(/^(L.*;)?$/)
    await expect(never).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    expect(await stage.run('cache get')).not.toContain('19.9')
    expect(await cache.getOrCreate(PRICE, () => 19.9, slow)).toBe(19.9)
    expect(await cache.get(PRICE)).toBe(19.9)
  },
  async CACHE_UNAVAILABLE(stage) {
    const holdfast = await openWithCacheApart(stage)
    await becomes(async () => (await found(holdfast)).length === 0)
    await stage.node.kill()
    await becomes(async () => (await found(holdfast)).includes('CACHE_UNAVAILABLE'))
    expect(await holdfast.cache.getOrCreate(PRICE, () => 19.9, { ttlMs: 1_000 })).toBe(19.9)
    expect(await stage.run('doctor')).toContain('cannot be reached')
    expect(await stage.run('PING')).toContain('Could not connect')
    await stage.node.restart()
    await becomes(async () => (await found(holdfast)).length === 0)
  },
  async CACHE_REPLICA(stage) {
    const holdfast = await openWithCacheApart(stage)
    await becomes(async () => (await found(holdfast)).length === 0)
    await stage.node.ask('REPLICAOF', '127.0.0.1', 1)
    expect(await found(holdfast)).toEqual(['CACHE_REPLICA'])
    expect(await stage.run('ROLE')).toMatch(/^slave\n127\.0\.0\.1\n1/)
    await stage.node.ask('REPLICAOF', 'NO', 'ONE')
    expect(await found(holdfast)).toEqual([])
  },
  async CACHE_COMMANDS_REFUSED(stage) {
    const holdfast = await openWithCacheApart(stage)
    await becomes(async () => (await found(holdfast)).length === 0)
    await stage.node.ask('ACL', 'SETUSER', 'default', '-set')
    expect(await found(holdfast)).toEqual(['CACHE_COMMANDS_REFUSED'])
    expect(await stage.run('doctor')).toContain('COMMANDS_REFUSED')
    expect(await stage.run('INFO memory')).toMatch(/maxmemory:0\s/)
    expect(await stage.run('ACL LOG')).toMatch(/^set$/m)
    await stage.node.ask('ACL', 'SETUSER', 'default', '+set')
    expect(await found(holdfast)).toEqual([])
    // The usual reason: it is full.
    const used = Number((await stage.node.info('memory'))['used_memory'])
    await stage.node.ask('CONFIG', 'SET', 'maxmemory', used + 2 ** 20)
    await stage.node.ask('SETRANGE', 'filler', 2 ** 21, 'x')
    await becomes(async () => (await found(holdfast)).includes('CACHE_COMMANDS_REFUSED'))
    expect(await stage.run('INFO memory')).toMatch(/maxmemory_policy:noeviction/)
    await stage.node.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')
    await becomes(async () => (await found(holdfast)).length === 0)
    await holdfast.cache.set(PRICE, 19.9)
    expect(await holdfast.cache.get(PRICE)).toBe(19.9)
  },
}
