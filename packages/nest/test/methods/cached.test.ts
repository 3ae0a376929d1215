import { Injectable } from '@nestjs/common'
import { StorageRefusedError, memoryStorage } from '@holdfast/core'
import { Cache, CacheEvict, Cached, getCacheToken } from '@holdfast/nest'
import { describe, expect, it } from 'vitest'
import { appOf, appOver } from './app-of.ts'

describe('@Cached and @CacheEvict', () => {
  @Injectable()
  class Users {
    loads = 0
    names: Record<string, string> = { 1: 'Ada' }

    @Cached((id: number) => `${id}`, { prefix: 'user' })
    async find(id: number): Promise<string | undefined> {
      this.loads += 1
      return this.names[id]
    }

    @CacheEvict((id: number) => `${id}`, { prefix: 'user' })
    async rename(id: number, name: string): Promise<void> {
      this.names[id] = name
    }

    @CacheEvict(['1', '2'], { prefix: 'user', when: 'before' })
    async fails(): Promise<void> {
      throw new Error('no')
    }

    @CacheEvict('1', { prefix: 'user' })
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

  abstract class Repository {
    abstract readonly kind: string

    @Cached((id: string) => id)
    async find(id: string): Promise<string> {
      return `${this.kind} ${id}`
    }

    @Cached((id: string) => id)
    async other(id: string): Promise<string> {
      return `another ${this.kind} ${id}`
    }
  }
  @Injectable()
  class Carts extends Repository {
    readonly kind = 'cart'
  }
  @Injectable()
  class Orders extends Repository {
    readonly kind = 'order'

    @CacheEvict((id: string) => id, { prefix: 'Orders.find' })
    async change(id: string): Promise<string> {
      return id
    }
  }

  it('shares no values between classes and methods that have the same key', async () => {
    const app = await appOf(Carts, Orders)
    const [carts, orders] = [app.get(Carts), app.get(Orders)]
    for (let n = 0; n < 2; n += 1) {
      expect([await carts.find('1'), await orders.find('1')]).toEqual(['cart 1', 'order 1'])
      expect([await carts.other('1'), await orders.other('1')]).toEqual(['another cart 1', 'another order 1'])
    }
    await orders.change('1')
    expect(await app.get(Cache).exists('Orders.find:1')).toBe(false)
    expect(await app.get(Cache).exists('Carts.find:1')).toBe(true)
    await app.close()
  })

  it('refuses two classes of one name, and an eviction that says no prefix', async () => {
    const twin = (): new () => object => {
      @Injectable()
      class Twin {
        @Cached('x')
        async find(): Promise<number> {
          return 1
        }
      }
      return Twin
    }
    await expect(appOf(twin(), twin())).rejects.toThrow(/@Cached on Twin.find: two classes of that name/)
    // @ts-expect-error the prefix is missing
    expect(() => CacheEvict('x')).toThrow(/@CacheEvict needs the prefix/)
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

  @Injectable()
  class Pages {
    loads = 0
    isDown = false

    @Cached((name: string) => name, {
      prefix: 'page',
      staleMs: 60_000,
      onLoadError: 'stale',
      jitter: 0,
      tags(this: Pages, name: string, author: number) {
        return [`page:${name}`, `author:${author}`]
      },
    })
    async show(name: string, author: number): Promise<{ html: string }> {
      this.loads += 1
      if (this.isDown) throw new Error('no')
      return { html: `${name} ${author} ${this.loads}` }
    }

    @Cached('menu', { prefix: 'menu', tags: ['layout'] })
    async menu(): Promise<number> {
      this.loads += 1
      return this.loads
    }

    @CacheEvict({ tags: (author: number) => [`author:${author}`] })
    async renameAuthor(author: number): Promise<number> {
      return author
    }

    @CacheEvict(['menu'], { prefix: 'menu', tags: ['layout'], when: 'before' })
    async redesign(): Promise<void> {
      throw new Error('no')
    }
  }

  it('evicts by tags, which are made of the arguments', async () => {
    const app = await appOf(Pages)
    const pages = app.get(Pages)
    await pages.show('home', 7)
    await pages.show('about', 8)
    await pages.renameAuthor(7)
    const cache = app.get(Cache)
    expect([await cache.exists('page:home'), await cache.exists('page:about')]).toEqual([false, true])
    await pages.menu()
    await cache.set('other', 1, { tags: ['layout'] })
    await expect(pages.redesign()).rejects.toThrow('no')
    expect([await cache.exists('menu:menu'), await cache.exists('other')]).toEqual([false, false])
    await app.close()
  })

  it('passes the options on: an old value when the method fails, and what it refuses', async () => {
    const app = await appOf(Pages)
    const pages = app.get(Pages)
    const old = await pages.show('home', 7)
    await app.get(Cache).expire('page:home')
    pages.isDown = true
    expect(await pages.show('home', 7)).toEqual(old)
    expect(pages.loads).toBe(2)
    await expect(pages.show('home\n', 7)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(pages.show('other', 7)).rejects.toThrow('no')
    await app.close()
  })

  it('tries to evict tags also when a key cannot be evicted', async () => {
    const memory = memoryStorage()
    const refusing = { ...memory.values, remove: () => Promise.reject(new StorageRefusedError('no')) }
    const app = await appOver({ ...memory, values: refusing }, Pages)
    const cache = app.get(Cache)
    await cache.set('other', 1, { tags: ['layout'] })
    await expect(app.get(Pages).redesign()).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    expect(await cache.exists('other')).toBe(false)
    await app.close()
  })

  it('refuses an eviction of nothing', () => {
    // @ts-expect-error neither keys nor tags
    expect(() => CacheEvict({ when: 'before' })).toThrow(/@CacheEvict needs keys, or tags/)
  })

  it('uses the named instance', async () => {
    const app = await appOf(Users)
    expect([await app.get(Users).elsewhere(), await app.get(Users).elsewhere()]).toEqual([1, 1])
    expect(await app.get(Cache).exists('Users.elsewhere:elsewhere')).toBe(false)
    const other: Cache = app.get(getCacheToken('other'))
    expect(await other.exists('Users.elsewhere:elsewhere')).toBe(true)
    await app.close()
  })
})
