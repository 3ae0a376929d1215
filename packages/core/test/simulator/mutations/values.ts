import type { ValueStorage } from '../../../src/storage/values.ts'
import type { Facets } from '../../../src/testing/simulator/simulated-server.ts'
import type { Mutation } from './mutation.ts'

const values =
  (mutate: (sound: ValueStorage) => Partial<ValueStorage>) =>
  (facets: Facets): Facets => ({ ...facets, values: { ...facets.values, ...mutate(facets.values) } })

export const cacheMutations: readonly Mutation[] = [
  {
    name: 'unfenced fill',
    like: 'every cache-aside library: a load that began before a removal is stored after it',
    breakStorage: values((sound) => ({
      async replace(key, _expected, value, ttlMs) {
        await sound.set(key, value, ttlMs, Infinity)
        return true
      },
    })),
  },
  {
    name: 'removal that spares loads',
    like: 'DEL of the value, while the lock of the load lies under another key',
    breakStorage: values((sound) => ({
      async remove(keys) {
        const stored = await sound.getMany(keys)
        return await sound.remove(keys.filter((_, index) => !stored[index]?.startsWith('L')))
      },
    })),
  },
  {
    name: 'reservation known by its sender alone',
    like: 'SET NX with an id of the loader: executed again after a removal it lets an outdated fill in',
    breakStorage: values((sound) => ({
      async reserve(key, mark, ttlMs) {
        const [there] = await sound.getMany([key])
        if (typeof there === 'string') return there
        await sound.set(key, mark, ttlMs, Infinity)
        return mark
      },
    })),
  },
  {
    name: 'set without notAfter',
    like: 'SET from an offline queue: what was given up long ago overwrites what came after',
    breakStorage: values((sound) => ({
      set: (key, value, ttlMs) => sound.set(key, value, ttlMs, Infinity),
    })),
  },
  {
    name: 'reservation that is no claim',
    like: 'GET, then SET: everybody who misses loads',
    breakStorage: values((sound) => ({
      async reserve(key, mark, ttlMs) {
        const [there] = await sound.getMany([key])
        if (there?.startsWith('L')) await sound.remove([key])
        return await sound.reserve(key, mark, ttlMs)
      },
    })),
  },
]
