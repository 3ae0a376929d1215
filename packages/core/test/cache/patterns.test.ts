import { describe, expect, it } from 'vitest'
import { type Cache, StorageUnavailableError, createCache, escapeGlob, memoryStorage } from '@holdfast/core'
import type { KeyPattern, Removed, Storage } from '@holdfast/core/storage'
import { settle } from '../manual-runtime.ts'

type Step = (pattern: KeyPattern, position: string | undefined) => Promise<Removed>

/** A storage that removes one key a step, and counts the steps. */
function stepwise(before: (step: number) => void = () => undefined): {
  readonly storage: Storage
  readonly positions: (string | undefined)[]
} {
  const storage = memoryStorage()
  const { values } = storage
  const positions: (string | undefined)[] = []
  const removeMatching: Step = async (pattern, position) => {
    positions.push(position)
    before(positions.length)
    const at = Number(position ?? 0)
    const { removed } = await values.removeMatching({ ...pattern, glob: `${at}` })
    return { scanned: 10, removed, position: at < 4 ? `${at + 1}` : undefined }
  }
  return { storage: { ...storage, values: { ...values, removeMatching } }, positions }
}

async function filled(storage: Storage): Promise<Cache> {
  const cache = createCache(storage)
  for (let i = 0; i < 5; i += 1) await cache.set(`${i}`, i)
  return cache
}

describe('removeByPattern', () => {
  it('removes values, hashes and counters that match, and no others', async () => {
    const cache = createCache(memoryStorage())
    const namespace = cache.namespace('n')
    for (const each of [cache, namespace]) {
      await each.set('user:1', 1)
      await each.hashSet('user:2', 'a', 1)
      await each.increment('user:3')
      await each.set('other', 1)
    }
    const { removed, scanned } = await cache.removeByPattern('user:*')
    expect(removed).toBe(3)
    expect(scanned).toBeGreaterThanOrEqual(8)
    expect(await cache.remove(['user:1', 'user:2', 'user:3', 'other'])).toBe(1)
    expect(await namespace.removeByPattern('*')).toMatchObject({ removed: 4 })
  })

  it('reaches no other app, whatever stands in its prefix', async () => {
    const storage = memoryStorage()
    const [one, other] = [createCache(storage, { prefix: '*' }), createCache(storage, { prefix: 'app' })]
    await one.set('a', 1)
    await other.set('a', 1)
    expect(await one.removeByPattern('*')).toMatchObject({ removed: 1 })
    expect(await other.get('a')).toBe(1)
  })

  it('takes text literally that went through escapeGlob', async () => {
    const cache = createCache(memoryStorage())
    for (const key of ['a*b', 'axb', 'a[x]b', 'a\\b']) await cache.set(key, 1)
    for (const key of ['a*b', 'a[x]b', 'a\\b'])
      expect(await cache.removeByPattern(escapeGlob(key))).toMatchObject({ removed: 1 })
    expect(await cache.get('axb')).toBe(1)
  })

  it('lets no load that had begun before bring back its value, nor be joined', async () => {
    const storage = memoryStorage()
    const [one, other] = [createCache(storage), createCache(storage)]
    let finish = (_value: number): void => undefined
    let start = (): void => undefined
    const started = new Promise<void>((resolve) => (start = resolve))
    const load = one.getOrCreate('user:1', () => {
      start()
      return new Promise<number>((resolve) => (finish = resolve))
    })
    await started
    await other.removeByPattern('user:*')
    await one.removeByPattern('user:*')
    expect(await one.getOrCreate('user:1', () => 2)).toBe(2)
    finish(1)
    expect(await load).toBe(1)
    expect([await one.get('user:1'), await other.get('user:1')]).toEqual([2, 2])
  })

  it('lets no call that follows it share a load that began while it was on its way', async () => {
    let arrive = (): void => undefined
    const held = new Promise<void>((resolve) => (arrive = resolve))
    const { storage } = stepwise()
    const { values } = storage
    const removeMatching: Step = async (...args) => (await held, values.removeMatching(...args))
    const cache = createCache({ ...storage, values: { ...values, removeMatching } })
    const removal = cache.removeByPattern('*')
    let finish = (_value: number): void => undefined
    const load = cache.getOrCreate('0', () => new Promise<number>((resolve) => (finish = resolve)))
    await settle()
    arrive()
    await removal
    expect(await cache.getOrCreate('0', () => 2)).toBe(2)
    finish(1)
    expect(await load).toBe(1)
  })

  it('goes on step by step, and says how far it is', async () => {
    const { storage, positions } = stepwise()
    const cache = await filled(storage)
    const progress: unknown[] = []
    const counts = await cache.removeByPattern('*', { onProgress: (soFar) => progress.push(soFar) })
    expect(counts).toEqual({ scanned: 50, removed: 5 })
    expect(positions).toEqual([undefined, '1', '2', '3', '4'])
    expect(progress).toEqual([1, 2, 3, 4, 5].map((step) => ({ scanned: step * 10, removed: step })))
  })

  it('repeats a step that was lost', async () => {
    const { storage, positions } = stepwise((step) => {
      if (step === 3) throw new StorageUnavailableError('The answer was lost.', { maybeApplied: true })
    })
    const cache = await filled(storage)
    expect(await cache.removeByPattern('*')).toEqual({ scanned: 50, removed: 5 })
    expect(positions).toEqual([undefined, '1', '2', '2', '3', '4'])
  })

  it('ends between two steps when its signal is aborted', async () => {
    const { storage, positions } = stepwise()
    const cache = await filled(storage)
    const reason = new Error('enough')
    const controller = new AbortController()
    const call = cache.removeByPattern('*', {
      signal: controller.signal,
      onProgress: ({ removed }) => removed === 2 && controller.abort(reason),
    })
    await expect(call).rejects.toBe(reason)
    expect(positions.length).toBe(2)
    await expect(cache.removeByPattern('*', { signal: controller.signal })).rejects.toBe(reason)
    expect(positions.length).toBe(2)
    expect(await cache.get('2')).toBe(2)
  })

  it('ends when onProgress throws', async () => {
    const { storage, positions } = stepwise()
    const error = new Error('no more')
    const onProgress = (): void => {
      throw error
    }
    await expect((await filled(storage)).removeByPattern('*', { onProgress })).rejects.toBe(error)
    expect(positions.length).toBe(1)
  })

  it.each([
    [/^pattern must be a non-empty string/, (cache: Cache) => cache.removeByPattern('')],
    [/^pattern must be/, (cache: Cache) => cache.removeByPattern(undefined as never)],
    [/^pattern must be/, (cache: Cache) => cache.removeByPattern(/a/ as never)],
    [/^pattern takes 1026 bytes/, (cache: Cache) => cache.removeByPattern('é'.repeat(513))],
    [/^signal must be/, (cache: Cache) => cache.removeByPattern('*', { signal: {} as never })],
    [/^onProgress must be/, (cache: Cache) => cache.removeByPattern('*', { onProgress: 1 as never })],
    [/did you mean `signal`/, (cache: Cache) => cache.removeByPattern('*', { singal: 1 } as never)],
  ])('refuses bad input before anything is sent: %s', async (message, call) => {
    const { storage, positions } = stepwise()
    await expect(call(createCache(storage))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    })
    expect(positions).toEqual([])
  })
})
