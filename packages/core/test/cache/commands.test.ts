import { describe, expect, it } from 'vitest'
import { type Storage, createCache } from '@holdfast/core'
import { slowLoad, world } from './world.ts'

/** The same storage, and the names of the commands of values that it gets. */
function counted(storage: Storage): { readonly storage: Storage; readonly sent: string[] } {
  const sent: string[] = []
  const values = new Proxy(storage.values, {
    get(target, name: keyof Storage['values']) {
      const command: unknown = target[name]
      if (typeof command !== 'function') return command
      return (...args: readonly unknown[]): unknown => {
        sent.push(name)
        return Reflect.apply(command, target, args)
      }
    },
  })
  return { storage: { ...storage, values }, sent }
}

describe('what many callers send', () => {
  it('is one reservation when they wait for the load of another process', async () => {
    const { runtime, cache, storage } = world()
    const { load, started, finish } = slowLoad<string>()
    const first = cache().getOrCreate('a', load)
    await started
    const { storage: other, sent } = counted(storage)
    const waits = createCache(other, { runtime })
    const calls = Array.from({ length: 200 }, () => waits.getOrCreate('a', () => 'own'))
    await runtime.advance(50)
    finish('first')
    await first
    await runtime.advance(1_000)
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['first']))
    expect(sent.filter((name) => name === 'reserve')).toEqual(['reserve'])
    expect(sent.length).toBeLessThan(10)
  })
})

describe('tags that the call names', () => {
  it('are read with the entry', async () => {
    const { runtime, storage } = world()
    const { storage: same, sent } = counted(storage)
    const cache = createCache(same, { runtime })
    const ask = (): Promise<unknown> => cache.getOrCreate('a', () => 1, { tags: ['t', 'u'] })
    // The first entry makes the generations.
    await cache.getOrCreate('b', () => 1, { tags: ['t', 'u'] })
    sent.length = 0
    await ask()
    expect(sent).toEqual(['getMany', 'reserve', 'replace'])
    sent.length = 0
    await ask()
    expect(sent).toEqual(['getMany'])
    await cache.invalidateTags(['u'])
    expect(await cache.getOrCreate('a', () => 2, { tags: ['t', 'u'] })).toBe(2)
  })

  it('are read on their own where the call does not name them', async () => {
    const { runtime, storage } = world()
    const { storage: same, sent } = counted(storage)
    const cache = createCache(same, { runtime })
    await cache.set('a', 1, { tags: ['t'] })
    sent.length = 0
    expect(await cache.get('a')).toBe(1)
    expect(sent).toEqual(['getMany', 'getMany'])
    sent.length = 0
    expect(await cache.getOrCreate('a', () => 2, { tags: ['other'] })).toBe(1)
    await cache.invalidateTags(['t'])
    expect(await cache.getOrCreate('a', () => 2, { tags: ['other'] })).toBe(2)
  })
})
