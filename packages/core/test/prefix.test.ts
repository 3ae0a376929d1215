import { describe, expect, it } from 'vitest'
import { createCache, createHoldfast, createLocks, memoryStorage } from '@holdfast/core'

describe('prefix', () => {
  it.each([
    ['shop', 'eu:price', 'shop:eu', 'price'],
    ['shop', 'lock:x', 'shop:lock', 'x'],
    ['a:b', 'x', 'a%3Ab', 'x'],
  ])('keeps the cache of %s, key %s, apart from that of %s, key %s', async (app, key, other, otherKey) => {
    const storage = memoryStorage()
    await createCache(storage, { prefix: app }).set(key, 1)
    expect(await createCache(storage, { prefix: app }).get(key)).toBe(1)
    expect(await createCache(storage, { prefix: other }).get(otherKey)).toBeUndefined()
  })

  it.each([
    ['shop', 'lock:x', 'shop:lock', 'x'],
    ['shop', 'eu:lock:x', 'shop:lock:eu', 'x'],
    ['shop', 'lock:lock:x', 'shop:lock:lock', 'x'],
    ['shop', 'x:lock:y', 'shop:lock:x', 'y'],
  ])(
    'keeps the locks of %s, name %s, apart from those of %s, name %s',
    async (app, name, other, otherName) => {
      const storage = memoryStorage()
      const [one, two] = [createLocks(storage, { prefix: app }), createLocks(storage, { prefix: other })]
      const permits = { permits: 1 }
      expect(await one.tryAcquire(name)).not.toBeNull()
      expect(await one.tryAcquire(name)).toBeNull()
      expect(await two.tryAcquire(otherName)).not.toBeNull()
      expect(await one.semaphore(name, permits).tryAcquire()).not.toBeNull()
      expect(await two.semaphore(otherName, permits).tryAcquire()).not.toBeNull()
      await Promise.all([one.close(), two.close()])
    },
  )

  it('is checked', () => {
    expect(() => createHoldfast({ storage: memoryStorage(), prefix: '' })).toThrow('prefix must be')
  })
})
