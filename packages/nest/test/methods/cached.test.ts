import { Injectable } from '@nestjs/common'
import { Cache, CacheEvict, Cached, getCacheToken } from '@holdfast/nest'
import { describe, expect, it } from 'vitest'
import { appOf } from './app-of.ts'

describe('@Cached and @CacheEvict', () => {
  @Injectable()
  class Users {
    loads = 0
    names: Record<string, string> = { 1: 'Ada' }

    @Cached((id: number) => `user:${id}`)
    async find(id: number): Promise<string | undefined> {
      this.loads += 1
      return this.names[id]
    }

    @CacheEvict((id: number) => `user:${id}`)
    async rename(id: number, name: string): Promise<void> {
      this.names[id] = name
    }

    @CacheEvict(['user:1', 'user:2'], { when: 'before' })
    async fails(): Promise<void> {
      throw new Error('no')
    }

    @CacheEvict('user:1')
    async failsAfter(): Promise<void> {
      throw new Error('no')
    }

    @Cached('elsewhere', { holdfast: 'other', ttlMs: 60_000 })
    async elsewhere(): Promise<number> {
      this.loads += 1
      return this.loads
    }
  }

  it('loads once, and again after an eviction', async () => {
    const app = await appOf(Users)
    const users = app.get(Users)
    expect([await users.find(1), await users.find(1)]).toEqual(['Ada', 'Ada'])
    expect(users.loads).toBe(1)
    await users.rename(1, 'Grace')
    expect([await users.find(1), users.loads]).toEqual(['Grace', 2])
    await app.close()
  })

  it('does not store undefined', async () => {
    const app = await appOf(Users)
    const users = app.get(Users)
    expect([await users.find(9), await users.find(9)]).toEqual([undefined, undefined])
    expect(users.loads).toBe(2)
    await app.close()
  })

  it('evicts before a method, or only after one that succeeded', async () => {
    const app = await appOf(Users)
    const users = app.get(Users)
    await users.find(1)
    await expect(users.failsAfter()).rejects.toThrow('no')
    expect(await app.get(Cache).exists('user:1')).toBe(true)
    await expect(users.fails()).rejects.toThrow('no')
    expect(await app.get(Cache).exists('user:1')).toBe(false)
    await app.close()
  })

  it('uses the named instance', async () => {
    const app = await appOf(Users)
    expect([await app.get(Users).elsewhere(), await app.get(Users).elsewhere()]).toEqual([1, 1])
    expect(await app.get(Cache).exists('elsewhere')).toBe(false)
    const other: Cache = app.get(getCacheToken('other'))
    expect(await other.exists('elsewhere')).toBe(true)
    await app.close()
  })
})
