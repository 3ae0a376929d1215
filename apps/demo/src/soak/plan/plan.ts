import { type Random, between, seeded } from '@holdfast/test-support/chaos'

/** What is done to one instance. */
const OF_INSTANCES = ['kill', 'crash', 'freeze', 'cut', 'silence'] as const

/** What is done to Redis. */
const OF_REDIS = ['restart', 'failover', 'demotion', 'lossy-failover'] as const

/**
 * - `kill`: SIGKILL. `crash`: the same between a charge and all that is known of it. `freeze`: SIGSTOP, and SIGCONT later.
 * - `cut`: the network of an instance is gone, and it sees that. `silence`: it sees nothing, and nothing arrives.
 * - `restart`: Redis is killed, and started again with all that it had acknowledged. `failover`: the replica becomes the primary
 *   with all of it, and the old one dies. `demotion`: the same with both alive. `lossy-failover`: the last writes are lost.
 * - `deploy`: the instances are replaced one after the other by ones of the other version.
 */
export const KINDS = [...OF_INSTANCES, ...OF_REDIS, 'deploy'] as const

export type Kind = (typeof KINDS)[number]
export type OfInstance = (typeof OF_INSTANCES)[number]

export interface Disturbance {
  /** Before it, nothing else is disturbed. */
  readonly restMs: number
  readonly kind: Kind
  /** Which instance, when it is about one. */
  readonly instance: number
  readonly lastsMs: number
}

/** How often each happens before the bag is filled again. */
const BAG: readonly Kind[] = [...KINDS, 'kill', 'crash', 'crash', 'freeze', 'cut']

const REST_MS = [1_000, 4_000] as const

/** Longer than the leases of the soak at times, so that what is silent is taken over. */
const LASTS_MS: Readonly<Record<Kind, readonly [number, number]>> = {
  kill: [0, 0],
  crash: [4_000, 4_000],
  freeze: [500, 8_000],
  cut: [500, 8_000],
  silence: [500, 8_000],
  restart: [100, 2_500],
  failover: [0, 0],
  demotion: [500, 2_000],
  'lossy-failover': [200, 1_500],
  deploy: [0, 0],
}

/** What happens, one after the other, without an end: the same for the same seed. Each kind happens once before any happens again. */
export function* planDisturbances(seed: number, instances: number): Generator<Disturbance, never> {
  const random = seeded(seed)
  for (;;) {
    for (const kind of inAnyOrder(random, BAG)) {
      yield {
        restMs: between(random, ...REST_MS),
        kind,
        instance: between(random, 0, instances - 1),
        lastsMs: between(random, ...LASTS_MS[kind]),
      }
    }
  }
}

function inAnyOrder<T>(random: Random, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ item }) => item)
}
