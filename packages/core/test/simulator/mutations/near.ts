import { BoundedMemory } from '../../../src/cache/bounded-memory.ts'
import { Cells } from '../../../src/cache/near/cells.ts'
import { Lease } from '../../../src/cache/near/link.ts'
import { NearCache } from '../../../src/cache/near/near-cache.ts'
import { Marker, NearSpace } from '../../../src/cache/near/near-space.ts'
import { NearReader } from '../../../src/cache/near/near-reader.ts'
import { Lookup } from '../../../src/cache/lookup.ts'
import type { InvalidationFeed, InvalidationListener } from '../../../src/storage/invalidations.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { StorageClock } from '../../../src/support/storage-clock.ts'
import { replace, replaceGetter } from './core.ts'
import { keepFills } from './kept-fill.ts'
import type { Mutation } from './mutation.ts'

/** A feed between the link and the cache. */
const feed =
  (mutate: (listener: InvalidationListener) => Partial<InvalidationListener>) =>
  (storage: Storage): Storage => {
    const sound = storage.values.invalidations as InvalidationFeed
    const follow: InvalidationFeed['follow'] = (prefix, options, listener) => {
      const own = mutate(listener)
      const heard: InvalidationListener = {
        up: (at) => listener.up(at),
        proven: (at) => listener.proven(at),
        invalidated: (keys) => listener.invalidated(keys),
        everything: () => listener.everything(),
        down: () => listener.down(),
        ignored: () => listener.ignored(),
        refused: (reason) => listener.refused(reason),
        ...own,
      }
      return sound.follow(prefix, options, heard)
    }
    return { ...storage, values: { ...storage.values, invalidations: { follow } } }
  }

/** Ways to get the near cache wrong, each of which somebody has chosen. */
export const nearMutations: readonly Mutation[] = [
  {
    name: 'no marker',
    like: 'layered-loader, bentocache: what was on its way while it was invalidated is kept',
    breakCore: () =>
      replace(
        NearReader.prototype,
        'enter',
        (enter) =>
          function (this: NearReader, ...args: readonly unknown[]) {
            const reading = enter.call(this, ...args) as { marker: Marker | undefined }
            if (reading.marker !== undefined)
              Object.defineProperty(reading.marker, 'isVoid', { get: () => false, set() {} })
            return reading
          },
      ),
  },
  {
    name: 'a marker a reader',
    like: 'our first prototype: a key that is always being read is never kept',
    breakCore: () =>
      replace(
        NearSpace.prototype,
        'enter',
        () =>
          function (this: NearSpace, ...[key]: readonly unknown[]) {
            const before = this.markers.get(key as string)
            if (before !== undefined) before.isVoid = true
            const marker = new Marker()
            marker.readers = 1
            this.markers.set(key as string, marker)
            return marker
          },
      ),
  },
  {
    name: 'no lease',
    like: "node-redis's client-side cache: a link that is silent is one on which nothing happens",
    breakConnection: feed((listener) => ({
      up: () => listener.up(Infinity),
      proven: () => listener.proven(Infinity),
    })),
  },
  {
    name: 'no drop at the answer',
    like: 'jedis#3825: an own write drops the copy when it is called, and the read before it fills it again',
    breakCore: () => {
      const seen = new Map<string, number>()
      return replace(
        NearCache.prototype,
        'drop',
        (drop) =>
          function (this: NearCache, ...[keys]: readonly unknown[]) {
            const name = (keys as string[]).join()
            seen.set(name, (seen.get(name) ?? 0) + 1)
            if ((seen.get(name) ?? 0) % 2 === 1) drop.call(this, keys)
          },
      )
    },
  },
  {
    name: 'no drop at the loss',
    like: 'bentocache, layered-loader: a lost connection is opened again, and all that was kept goes on to count',
    breakConnection: feed(() => ({ down: () => undefined })),
  },
  {
    name: 'resubscribed without clearing',
    like: 'redisson#4653: the link is back, and what was changed meanwhile never comes',
    breakCore: () =>
      replace(
        Lease.prototype,
        'update',
        (update) =>
          function (this: Lease, ...args: readonly unknown[]) {
            // Up again, as if it had never been down.
            if (this.at === -Infinity && this.lostAt > -Infinity)
              this.at = Math.min(...this.parts.map(({ at }) => at))
            if (this.at === -Infinity) update.call(this, ...args)
            else {
              const at = Math.min(...this.parts.map((each) => each.at))
              if (at === -Infinity) update.call(this, ...args)
              else this.at = at
            }
          },
      ),
  },
  {
    name: 'keys joined by commas',
    like: 'ioredis: the message of many keys, taken as text, is one key with commas',
    breakConnection: feed((listener) => ({
      invalidated: (keys) => listener.invalidated([keys.map((key) => `${key},`).join('')]),
    })),
  },
  {
    name: 'own writes are heard of like all others',
    like: 'jedis#3825: what a process writes itself leaves its copy until the report comes',
    breakCore: () => replace(NearCache.prototype, 'drop', () => () => undefined),
  },
  {
    name: 'generations proven for ever',
    like: 'HybridCache: each process keeps the generations of its tags',
    breakCore: () => replace(Cells.prototype, 'doubt', () => () => undefined),
  },
  {
    name: 'a generation dropped instead of unproven',
    like: 'our first prototype: each set prolongs the generation of its namespace, and so ends all copies in it',
    breakCore() {
      const reported = new WeakMap<Cells, Set<string>>()
      const mendDoubt = replace(
        Cells.prototype,
        'doubt',
        (doubt) =>
          function (this: Cells, ...[key]: readonly unknown[]) {
            doubt.call(this, key)
            reported.set(this, (reported.get(this) ?? new Set()).add(key as string))
          },
      )
      const mendProve = replace(
        Cells.prototype,
        'prove',
        (prove) =>
          function (this: Cells, ...[key, generation]: readonly unknown[]) {
            // Another one, if only for a moment: what counts under the one before never counts again.
            if (reported.get(this)?.delete(key as string) === true) prove.call(this, key, 'another')
            return prove.call(this, key, generation)
          },
      )
      return () => {
        mendProve()
        mendDoubt()
      }
    },
  },
  {
    name: 'a fill that is kept',
    like: 'HybridCache, bentocache: what a process has stored it has in memory at once, though the report of a later write may have come before the answer',
    breakCore: keepFills,
  },
  {
    name: "deadline from the client's clock",
    like: 'a time to live that begins anew with each level',
    breakCore: () =>
      replace(
        Lookup.prototype,
        'surelyLeft',
        (surelyLeft) =>
          function (this: Lookup, ...args: readonly unknown[]) {
            return (surelyLeft.apply(this, [...args]) as number) > 0 ? 30_000 : 0
          },
      ),
  },
  {
    name: 'fresh by the middle of what is known of the clock',
    like: 'ours: a process that was stopped with the answer believed that the storage was behind by half of that',
    rates: { pause: 3 },
    breakCore() {
      const mendLatest = replaceGetter(
        StorageClock.prototype,
        'latest',
        () =>
          function (this: StorageClock) {
            return this.now
          },
      )
      const mendDoubt = replaceGetter(StorageClock.prototype, 'isInDoubt', () => () => false)
      return () => {
        mendDoubt()
        mendLatest()
      }
    },
  },
  {
    name: 'no end',
    like: 'a copy that lives until somebody says otherwise: the end of a time to live is not reported in time',
    breakCore: () =>
      replace(
        BoundedMemory.prototype,
        'set',
        (set) =>
          function (this: BoundedMemory<unknown>, ...[key, value, bytes]: readonly unknown[]) {
            set.call(this, key, value, bytes, 600_000)
          },
      ),
  },
]
