import type { Random } from '../random.ts'
import type { PlannedOperation } from '../workload.ts'

/** The cache itself, a namespace in it, and one in that. */
const SPACES = ['', 'n', 'n/m'] as const
export type Space = (typeof SPACES)[number]

const READS = ['get', 'getMany', 'getEntry', 'exists'] as const
/** Of one that keeps copies: past what it keeps. */
const FAR = ['getFar', 'existsFar'] as const
const WRITES = ['set', 'setMany', 'remove', 'expire', 'clear', 'invalidateTags', 'removeByPattern'] as const
const FOREIGN = ['foreignDelete', 'foreignFlush', 'foreignGarbage', 'foreignGeneration'] as const
const OTHERS = ['hashSet', 'hashGet', 'hashDelete', 'increment'] as const

export type Kind =
  | 'getOrCreate'
  | 'getOrCreateMany'
  | (typeof READS)[number]
  | (typeof FAR)[number]
  | (typeof WRITES)[number]
  | (typeof FOREIGN)[number]
  | (typeof OTHERS)[number]

/** What the load of one call does. */
export interface LoadPlan {
  readonly ms: number
  /** `never`: it does not settle, unless its signal is aborted and it heeds that. `asks`: it asks for another key. */
  readonly outcome: 'value' | 'nothing' | 'fails' | 'never' | 'asks'
  readonly heedsSignal: boolean
  /** Tags that only the load knows. */
  readonly tags: readonly string[] | undefined
  /** The key that it asks for. */
  readonly asksFor: string
}

export interface CallOptions {
  readonly refresh: boolean
  readonly softTimeoutMs: number | undefined
  readonly onLoadError: 'throw' | 'stale'
  readonly tags: readonly string[]
  readonly abortAfterMs: number | undefined
}

export interface Operation extends PlannedOperation {
  readonly kind: Kind
  readonly space: Space
  readonly key: string
  readonly load: LoadPlan
  readonly call: CallOptions
  readonly tag: string
}

/** The options of every instance in one history. */
export interface Lives {
  readonly ttlMs: number
  readonly staleMs: number
  readonly jitter: number
  readonly earlyRefresh: false | { readonly beta: number }
  readonly hardTimeoutMs: number
  readonly waitMs: number
}

export interface CachePlan {
  readonly keys: readonly string[]
  readonly lives: Lives
  readonly operations: readonly Operation[]
  /** Whether the calls of all processes are proven once all is well; what copies promise is proven in any case. */
  readonly isProvenWhole: boolean
  /** Undefined: no process keeps copies. */
  readonly near?: { readonly maxStaleMs: number } | undefined
}

function drawLives(random: Random): Lives {
  return {
    ttlMs: random.pick([150, 1_000, 30_000]),
    staleMs: random.pick([0, 1_000, 30_000, 30_000]),
    jitter: random.pick([0, 0.05]),
    earlyRefresh: random.pick([false, false, { beta: 1 }, { beta: 50 }]),
    hardTimeoutMs: random.pick([400, 3_000, 6_000]),
    waitMs: random.pick([300, 2_000, 10_000]),
  }
}

/** Who asks for what and when: few keys, so that calls meet, and only some kinds in one history, so that they go deep. */
export function drawPlan(random: Random, processes: number, calmFrom: number): CachePlan {
  const lives = drawLives(random)
  const keys = random.pick([['a'], ['a'], ['a', 'b']]) as [string, ...string[]]
  const spaces = random.pick<[Space, ...Space[]]>([[''], ['n'], ['', 'n'], ['n', 'n/m']])
  const kinds = drawKinds(random)
  const tagged = random.chance(kinds.includes('invalidateTags') ? 0.9 : 0.4)
  const crowdAt = random.between(0, calmFrom * 0.6)
  const slowest = random.pick([5, 100, 3_000])
  const operations = Array.from({ length: random.int(12, 40) }, (_, id): Operation => {
    const at = random.chance(0.5) ? crowdAt + random.between(0, 300) : random.between(0, calmFrom * 0.9)
    const key = random.pick(keys)
    return {
      id,
      at,
      process: random.int(0, processes - 1),
      key,
      space: random.pick(spaces),
      kind: random.pick(kinds),
      tag: random.pick(['t', 't', 'u']),
      load: drawLoad(random, slowest, tagged, random.pick(['a', 'b', key === 'a' ? 'b' : 'a'])),
      call: drawCall(random, lives, tagged),
    }
  })
  return { keys, lives, operations, isProvenWhole: true }
}

function drawKinds(random: Random): [Kind, ...Kind[]] {
  // What every cache is used for, and nothing besides.
  if (random.chance(0.3)) return ['getOrCreate', 'getOrCreate', 'getOrCreate', 'get', 'remove', 'set']
  const some: Kind[] = []
  for (let left = random.int(1, 4); left > 0; left -= 1) {
    some.push(random.chance(0.2) ? random.pick(FOREIGN) : random.pick(WRITES))
  }
  if (random.chance(0.2)) some.push(random.pick(READS))
  if (random.chance(0.15)) some.push('getOrCreateMany', 'getOrCreateMany')
  if (random.chance(0.15)) some.push('increment', 'increment', 'hashSet', 'hashGet', random.pick(OTHERS))
  const loads = Array.from({ length: some.length + 1 }, (): Kind => 'getOrCreate')
  return ['getOrCreate', 'get', ...loads, ...some]
}

function drawLoad(random: Random, slowest: number, tagged: boolean, asksFor: string): LoadPlan {
  const drawn = random.next()
  return {
    ms: random.next() ** 2 * slowest,
    outcome:
      drawn < 0.07
        ? 'fails'
        : drawn < 0.1
          ? 'nothing'
          : drawn < 0.13
            ? 'never'
            : drawn < 0.18
              ? 'asks'
              : 'value',
    heedsSignal: random.chance(0.6),
    tags: tagged && random.chance(0.4) ? random.pick([['t'], ['u'], ['t', 'u']]) : undefined,
    asksFor,
  }
}

function drawCall(random: Random, { staleMs, hardTimeoutMs }: Lives, tagged: boolean): CallOptions {
  return {
    refresh: random.chance(0.08),
    softTimeoutMs: random.chance(0.2) ? random.pick([1, 20, hardTimeoutMs / 2]) : undefined,
    onLoadError: staleMs > 0 && random.chance(0.4) ? 'stale' : 'throw',
    tags: tagged && random.chance(0.6) ? random.pick([['t'], ['t', 'u']]) : [],
    abortAfterMs: random.chance(0.07) ? random.between(0, 400) : undefined,
  }
}

const MORE_READS = 40
const OFTEN = ['get', 'get'] as const

/** The same with copies, and many reads: a copy shows itself to who reads again, also right beside a write. */
export function drawNearPlan(random: Random, processes: number, calmFrom: number): CachePlan {
  const plan = drawPlan(random, processes, calmFrom)
  const [first] = plan.operations
  if (first === undefined) return plan
  const from = plan.operations.length
  const crowds = Array.from({ length: 4 }, () => random.between(0, calmFrom * 0.95))
  const writes = plan.operations.filter(({ kind }) => kind === 'set' || kind === 'remove')
  const reads = Array.from({ length: MORE_READS }, (_, i): Operation => {
    const like = random.pick([first, ...plan.operations])
    const write = random.chance(0.4) ? writes[random.int(0, writes.length - 1)] : undefined
    const { key, space } = write ?? like
    const at =
      write !== undefined
        ? Math.max(0, write.at + random.between(-20, 60))
        : random.chance(0.7)
          ? random.pick([0, ...crowds]) + random.between(0, 500)
          : random.between(0, calmFrom)
    const process = write !== undefined && random.chance(0.5) ? write.process : random.int(0, processes - 1)
    const kind = random.pick<Kind>([
      ...OFTEN,
      ...OFTEN,
      'getEntry',
      'getMany',
      'exists',
      'getOrCreate',
      ...FAR,
    ])
    const { load, call, tag } = like
    return { id: from + i, at, process, key, space, kind, tag, load, call }
  })
  return {
    ...plan,
    // The histories of the cache prove that of every one.
    isProvenWhole: random.chance(0.1),
    near: { maxStaleMs: random.pick([300, 1_000]) },
    operations: [...plan.operations, ...reads],
  }
}
