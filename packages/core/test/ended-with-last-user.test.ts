import { expect, it, vi } from 'vitest'
import { createCache, createHoldfast, createIdempotency, createLocks, memoryStorage } from '@holdfast/core'
import { endedWithLastUser } from '@holdfast/core/storage'

it('ends at once when it has no user, and only once', async () => {
  const end = vi.fn<() => void>()
  const storage = endedWithLastUser(end)
  storage.retain()()
  expect(end).not.toHaveBeenCalled()
  await storage.close()
  await storage.close()
  expect(end).toHaveBeenCalledOnce()
})

it('ends when it was closed and its last user has released it; each user counts once', async () => {
  const end = vi.fn<() => void>()
  const storage = endedWithLastUser(end)
  const [first, second] = [storage.retain(), storage.retain()]
  first()
  first()
  await storage.close()
  expect(end).not.toHaveBeenCalled()
  second()
  second()
  expect(end).toHaveBeenCalledOnce()
})

it('every feature alone is a user until it is closed, and a Holdfast closes for good when it is the last', async () => {
  const end = vi.fn<() => void>()
  const storage = { ...memoryStorage(), ...endedWithLastUser(end) }
  const alone = [createLocks(storage), createIdempotency(storage), createCache(storage)]
  const holdfasts = [createHoldfast({ storage }), createHoldfast({ storage, cacheStorage: { ...storage } })]
  for (const each of [...holdfasts, ...alone]) {
    expect(end).not.toHaveBeenCalled()
    await each.close()
  }
  expect(end).toHaveBeenCalledOnce()
})

it('a cache alone that was closed refuses', async () => {
  const cache = createCache(memoryStorage())
  await cache.set('a', 1)
  await cache.close()
  await expect(cache.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
})
