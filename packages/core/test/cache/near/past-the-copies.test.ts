/** Calls that read past what the process keeps, while the link is silent: nothing that was changed is reported. */
import { type Cache, createCache, memoryStorage } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { manualRuntime } from '../../manual-runtime.ts'
import { warm } from './world.ts'

function silentLink() {
  const runtime = manualRuntime()
  const memory = memoryStorage({ now: () => runtime.wallNow() })
  const feed = memory.values.invalidations
  if (feed === undefined) throw new Error('the storage reports no invalidations')
  let isSilent = false
  let hold: Promise<void> | undefined
  const follow: typeof feed.follow = (prefix, options, listener) =>
    feed.follow(prefix, options, {
      ...listener,
      up: (at) => listener.up(at),
      invalidated: (keys) => isSilent || listener.invalidated(keys),
    })
  const getMany = async (keys: readonly string[]): Promise<readonly (string | null)[]> => {
    const held = hold
    const found = await memory.values.getMany(keys)
    await held
    return found
  }
  const storage = { ...memory, values: { ...memory.values, getMany, invalidations: { follow } } }
  return {
    near: createCache(storage, { near: true, jitter: 0, runtime }),
    other: createCache(memory, { jitter: 0, runtime }),
    silence: () => void (isSilent = true),
    /** Replies to what is read from now on arrive when the returned function is called. */
    holdReplies(): () => void {
      let release!: () => void
      hold = new Promise((resolve) => (release = resolve))
      return release
    },
    replyAtOnce: () => void (hold = undefined),
  }
}

const fail = (): never => {
  throw new Error('the load was asked')
}
const reads: Readonly<Record<string, (near: Cache) => Promise<unknown>>> = {
  get: (near) => near.get('k', { near: false }),
  getMany: async (near) => (await near.getMany(['k'], { near: false })).get('k'),
  getEntry: async (near) => (await near.getEntry('k', { near: false }))?.value,
  getOrCreate: (near) => near.getOrCreate('k', fail, { near: false }),
  getOrCreateMany: async (near) => (await near.getOrCreateMany(['k'], fail, { near: false })).get('k'),
}

describe('what a call has read past the copies', () => {
  it.each(Object.entries(reads))('with %s is what later calls get', async (_, read) => {
    const { near, other, silence } = silentLink()
    await other.set('k', 1)
    await warm(near, 'k')
    silence()
    await other.set('k', 2)
    expect(await near.get('k')).toBe(1)
    expect(await read(near)).toBe(2)
    expect([near.peek('k'), await near.get('k')]).toEqual([2, 2])
  })

  const finds = { ...reads, exists: (near: Cache) => near.exists('k', { near: false }) }
  it.each(Object.entries(finds).filter(([name]) => !name.startsWith('getOrCreate')))(
    'with %s ends the copy of what is not there any more',
    async (_, read) => {
      const { near, other, silence } = silentLink()
      await other.set('k', 1)
      await warm(near, 'k')
      silence()
      await other.remove('k')
      expect(await near.get('k')).toBe(1)
      expect([undefined, false]).toContain(await read(near))
      expect([near.peek('k'), await near.get('k')]).toEqual([undefined, undefined])
    },
  )

  // Of 2,000 histories of the simulator none shows it.
  it('is not replaced by an older answer that comes later', async () => {
    const { near, other, silence, holdReplies, replyAtOnce } = silentLink()
    await other.set('k', 1)
    await warm(near, 'other')
    silence()
    const release = holdReplies()
    const late = near.get('k')
    await new Promise((resolve) => setImmediate(resolve))
    replyAtOnce()
    await other.set('k', 2)
    expect(await near.get('k', { near: false })).toBe(2)
    release()
    expect(await late).toBe(1)
    expect([near.peek('k'), await near.get('k')]).toEqual([undefined, 2])
  })
})
