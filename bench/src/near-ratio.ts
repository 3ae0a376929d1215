/** How often a near cache has what is asked for, beside an LRU of the same size. */
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { table } from './harness.ts'

const KEYS = 100_000
const KEPT = 1_000
const REQUESTS = 400_000
/** Every so often somebody reads so many keys once, one after the other. */
const SCAN_EVERY = 20_000
const SCAN = 5_000

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Zipf with the exponent 0.9, and scans in between. */
function trace(): number[] {
  const random = seeded(1)
  const sums: number[] = []
  let sum = 0
  for (let rank = 1; rank <= KEYS; rank += 1) sums.push((sum += rank ** -0.9))
  const drawn = (): number => {
    const at = random() * sum
    let low = 0
    let high = KEYS - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] as number) < at) low = middle + 1
      else high = middle
    }
    return low
  }
  const requests: number[] = []
  while (requests.length < REQUESTS) {
    requests.push(drawn())
    if (requests.length % SCAN_EVERY !== 0) continue
    const from = Math.floor(random() * (KEYS - SCAN))
    for (let i = 0; i < SCAN; i += 1) requests.push(from + i)
  }
  return requests
}

function hitsOfLru(requests: readonly number[]): number {
  const kept = new Map<number, true>()
  let hits = 0
  for (const key of requests) {
    if (kept.delete(key)) hits += 1
    else if (kept.size >= KEPT) kept.delete(kept.keys().next().value as number)
    kept.set(key, true)
  }
  return hits
}

async function hitsOfNear(requests: readonly number[]): Promise<number> {
  const { cache } = createHoldfast({
    storage: memoryStorage(),
    cache: { ttlMs: 3_600_000, near: { maxEntries: KEPT } },
  })
  for (let at = 0; at < KEYS; at += 1_000)
    await cache.setMany(new Map(Array.from({ length: 1_000 }, (_, i) => [String(at + i), 1])))
  // The link is up, and the clock is known.
  for (let i = 0; i < 5; i += 1) await cache.get('0')
  const before = cache.stats().near?.hits ?? 0
  for (const key of requests) await cache.get(String(key))
  return (cache.stats().near?.hits ?? 0) - before
}

export async function hitRatio(): Promise<void> {
  const requests = trace()
  const [lru, near] = [hitsOfLru(requests), await hitsOfNear(requests)]
  const percent = (hits: number): string => ((100 * hits) / requests.length).toFixed(1)
  table(`Hits of ${KEPT} kept of ${KEYS} keys, Zipf 0.9 with scans, %`, [
    ['', 'near', 'LRU', '× LRU'],
    ['', percent(near), percent(lru), (near / lru).toFixed(2)],
  ])
}
