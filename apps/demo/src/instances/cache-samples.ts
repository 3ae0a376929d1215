import type { CacheEvent } from '@holdfast/core'
import type { CacheNews } from '../events/page-event.ts'

const SAMPLE_MS = 1_000

type Count = keyof Omit<CacheNews, 'type' | 'instance' | 'namespace'>
type Counts = { -readonly [Name in Count]: number }

const COUNTED: Readonly<Partial<Record<CacheEvent['type'], Count>>> = {
  memoryHit: 'fromMemory',
  hit: 'fromRedis',
  staleHit: 'fromRedis',
  joined: 'shared',
  waits: 'shared',
  loaded: 'loaded',
  fillRefused: 'refusedFills',
  bypassed: 'bypassed',
}

/** Counts what the caches of this process do, and says it each second, for each namespace that did something. */
export function createCacheSamples(instance: string, say: (news: CacheNews) => void) {
  const counts = new Map<string, Counts>()
  const timer = setInterval(() => {
    for (const [namespace, each] of counts) say({ type: 'cache.sample', instance, namespace, ...each })
    counts.clear()
  }, SAMPLE_MS).unref()
  return {
    count({ namespace: path, type }: CacheEvent): void {
      const counted = COUNTED[type]
      if (counted === undefined) return
      // A definition in it, in whatever version, ends with its namespace.
      const [namespace = path] = path.split('/=', 1)
      const own = counts.get(namespace) ?? nothingYet()
      own[counted] += 1
      counts.set(namespace, own)
    },
    stop: () => clearInterval(timer),
  }
}

function nothingYet(): Counts {
  return { fromMemory: 0, fromRedis: 0, shared: 0, loaded: 0, refusedFills: 0, bypassed: 0 }
}
