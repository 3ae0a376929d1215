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
