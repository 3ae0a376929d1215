import { randomUUID } from 'node:crypto'
import { escapeGlob } from '@holdfast/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CacheWorld, PREFIX, cacheWorlds, oneServer, threeMasters } from '../../src/cache/cache-world.ts'
import { redisKeys } from '../../src/cache/keys.ts'
import { until } from '../../src/poll.ts'
import { PATIENT } from '../../src/cache/patient.ts'

const servers = { one: await oneServer(), cluster: await threeMasters() }
afterAll(async () => await Promise.all([servers.one.stop(), servers.cluster.stop()]))

const keys = redisKeys(PREFIX)

type Invalidate = (world: CacheWorld, space: string, key: string) => Promise<unknown>

/** In this process, or by another tool; what has to feel it is in the other process, and here as well. */
const invalidations: Readonly<Record<string, Invalidate>> = {
  remove: ({ here }, space, key) => here.call(space, 'remove', key),
  'remove of many': ({ here }, space, key) => here.call(space, 'remove', ['x', key, 'y']),
  'a tag of the call': ({ here }, space) => here.call(space, 'invalidateTags', ['of the call']),
  'a tag of the load': ({ here }, space) => here.call(space, 'invalidateTags', ['of the load']),
  clear: ({ here }, space) => here.call(space, 'clear'),
  removeByPattern: ({ here }, space, key) => here.call(space, 'removeByPattern', `${escapeGlob(key)}*`),
  'a foreign DEL': ({ tool }, space, key) => tool.delete(keys.entry(space, key)),
  FLUSHDB: ({ tool }) => tool.flush(),
  "the end of the generation's key": ({ tool }, space) => tool.delete(keys.generation(space)),
}

/** They end what a value is stored under, and the key itself stays. */
const leavesPlaceholder = [
  'a tag of the call',
  'a tag of the load',
  'clear',
  "the end of the generation's key",
].map((name) => invalidations[name])

const tags = ['of the call']
const ownTags = ['of the load']
const options = { tags, staleMs: 3_600_000 }

describe.each(Object.entries(cacheWorlds(servers)))('over %s,', PATIENT, (_, open) => {
  let world: CacheWorld
  beforeAll(async () => {
    world = await open()
  })
  afterAll(async () => await world.close())

  describe.each(Object.entries(invalidations))('after %s', (_, invalidate) => {
    const names = (): { readonly space: string; readonly key: string } => ({
      space: randomUUID(),
      key: 'k?y*[1]',
    })
    /** Is there from now on, and made by a load that names tags itself. */
    const stored = async (space: string, key: string, life: object = {}): Promise<void> => {
      const load = { name: 'stored', value: 'old', tags: [...tags, ...ownTags] }
      await world.there.load(space, key, load, { ...options, ...life })
      expect(await world.there.call(space, 'getEntry', key)).toMatchObject({ value: 'old' })
    }
    const fresh = { name: 'fresh', value: 'new' }

    it('no call has a hit', async () => {
      const { space, key } = names()
      await stored(space, key)
      await invalidate(world, space, key)
      const { here, there } = world
      const reads = [here, there].flatMap((actor) => [
        actor.call(space, 'get', key),
        actor.call(space, 'getEntry', key),
        actor.call(space, 'getMany', [key]),
        actor.call(space, 'exists', key),
      ])
      expect(await Promise.all(reads)).toEqual([1, 2].flatMap(() => [undefined, undefined, new Map(), false]))
      expect(await there.load(space, key, fresh)).toBe('new')
      expect(await here.load(space, key, { name: 'unused' })).toBe('new')
    })

    it('no call shares a load that began before, and it is not stored', async () => {
      const { space, key } = names()
      const { here, there } = world
      const name = randomUUID()
      const held = { name, value: 'old', tags: [...tags, ...ownTags], held: true }
      const before = there.load(space, key, held, options)
      await world.untilLoads(name)
      await invalidate(world, space, key)
      const after = [there, here].map((actor) => actor.load(space, key, fresh, options))
      // Where the key of the load is as it was, what comes after waits for the end of that load, and then loads.
      if (!leavesPlaceholder.includes(invalidate)) expect(await Promise.all(after)).toEqual(['new', 'new'])
      there.release(name)
      expect(await before).toBe('old')
      expect(await Promise.all(after)).toEqual(['new', 'new'])
      expect(await here.load(space, key, fresh, options)).toBe('new')
      expect(await there.call(space, 'get', key)).toBe('new')
    })

    it('a refresh that began before is not stored', async () => {
      const { space, key } = names()
      const { here, there } = world
      const name = randomUUID()
      await stored(space, key, { ttlMs: 1 })
      await until(async () => {
        const found = (await there.call(space, 'getEntry', key)) as { isStale: boolean } | undefined
        return found?.isStale || undefined
      })
      const held = { name, value: 'old, too', tags: [...tags, ...ownTags], held: true }
      expect(await there.load(space, key, held, options)).toBe('old')
      await world.untilLoads(name)
      await invalidate(world, space, key)
      const after = [there, here].map((actor) => actor.load(space, key, fresh, options))
      expect(await Promise.all(after)).toEqual(['new', 'new'])
      there.release(name)
      await until(async () => (await there.call(space, 'stats')).fillsRefused === 1 || undefined)
      expect(await there.call(space, 'get', key)).toBe('new')
      expect(await here.call(space, 'get', key)).toBe('new')
    })

    it('a load that fails is answered with no stale value', async () => {
      const { space, key } = names()
      const { here, there } = world
      const name = randomUUID()
      await stored(space, key)
      expect(await here.call(space, 'expire', key)).toBe(true)
      const orStale = { ...options, onLoadError: 'stale' } as const
      expect(await there.load(space, key, { name: 'fails', fails: true }, orStale)).toBe('old')
      const before = there.load(space, key, { name, held: true, fails: true }, orStale)
      await world.untilLoads(name)
      await invalidate(world, space, key)
      const after = [there, here].map((actor) =>
        expect(actor.load(space, key, { name: 'after', fails: true }, orStale)).rejects.toThrow('after'),
      )
      if (!leavesPlaceholder.includes(invalidate)) await Promise.all(after)
      there.release(name)
      await expect(before).rejects.toThrow(name)
      await Promise.all(after)
    })
  })
})
