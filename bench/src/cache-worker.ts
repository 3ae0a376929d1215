/** One process of `cache.ts`: `cache-worker.ts <contender> <url> <raw>`, which messages tell what to do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Beside, type Throughput, alternate, alternateSlices } from './harness.ts'
import { type CacheContender, type Load, VALUE } from './cache-contender.ts'
import { cacheContenders } from './cache-contenders.ts'
import { type Frozen, frozen, thawed } from './cache-frozen.ts'

export type CacheTask =
  /** So many callers at a time, each with a separate key that is there, beside the raw code, for so long. */
  | { readonly run: 'hits'; readonly by: HitBy; readonly callers: number; readonly ms: number }
  /** One key after another that is not there, beside GET and SET: microseconds of the median one. */
  | { readonly run: 'misses'; readonly count: number }
  /** So many of them, of the contender alone. */
  | { readonly run: 'missesAlone'; readonly count: number }
  /** So many callers of one key at that instant, with a load that takes so long. */
  | {
      readonly run: 'storm'
      readonly key: string
      readonly atMs: number
      readonly callers: number
      readonly loadMs: number
      readonly by: 'getOrCreate' | 'getOrRefresh'
    }
  /** Many keys at once, all there or none, beside the raw code: microseconds of the median one. */
  | { readonly run: 'many'; readonly keys: number; readonly missing: boolean; readonly count: number }
  /** Single reads while reads of many keys are under way all the time, beside the raw code. */
  | { readonly run: 'besideMany'; readonly keys: number; readonly ms: number }
  | { readonly run: 'store'; readonly key: string; readonly by: 'getOrCreate' | 'getOrRefresh' }
  | { readonly run: 'removeByPattern'; readonly of: 'own' | 'raw'; readonly glob: string }
  | { readonly run: 'frozen'; readonly capMs: number }
  | { readonly run: 'thawed'; readonly pid: number; readonly capMs: number }

/** How a hit is asked for: without tags; of entries with a tag that all share, or one for each, which the call names or not. */
export type HitBy = 'get' | 'getOrCreate' | 'sharedTag' | 'ownTag' | 'getSharedTag' | 'getOwnTag'

export interface CacheResults {
  readonly hits: Beside<Throughput>
  readonly misses: Beside<number>
  readonly storm: Storm
  readonly many: Beside<number>
  readonly besideMany: Beside<number>
  readonly removeByPattern: number
  readonly frozen: Frozen
  readonly thawed: readonly [callMs: number, hitMs: number]
}

export interface Storm {
  readonly loads: number
  /** Of each caller: how long after the instant it was answered, and how long it had waited then. */
  readonly answers: readonly (readonly [afterMs: number, waitedMs: number])[]
}

const [, , name = '', url = '', rawName = ''] = process.argv

async function contender(of: string): Promise<CacheContender> {
  const made = await cacheContenders[of]?.(url)
  if (made === undefined) throw new Error(`no contender ${of}`)
  return made
}

const cache = await contender(name)
const raw = await contender(rawName)
const clock = (): number => Number(process.hrtime.bigint()) / 1e6
const load = (): object => VALUE
const unexpected = (): never => {
  throw new Error('a value that was stored is not there')
}
let keys = 0
const freshKey = (of: string): string => `${of}:${process.pid}:${(keys += 1)}`

type Ask = (key: string, how: Load) => Promise<unknown>

/** What stores a key in that way, and what reads it then; undefined: the contender cannot. */
function waysOf(of: CacheContender, by: HitBy): readonly [store: Ask, read: Ask] | undefined {
  const { get, getOrCreate, tagged } = of
  const shared: Ask | undefined = tagged && ((key, how) => tagged(key, 'shared', how))
  const own: Ask | undefined = tagged && ((key, how) => tagged(key, `tag of ${key}`, how))
  const both = (store?: Ask, read?: Ask): readonly [Ask, Ask] | undefined => store && read && [store, read]
  switch (by) {
    case 'get':
      return both(getOrCreate, get)
    case 'getOrCreate':
      return both(getOrCreate, getOrCreate)
    case 'sharedTag':
      return both(shared, shared)
    case 'ownTag':
      return both(own, own)
    case 'getSharedTag':
      return both(shared, get)
    case 'getOwnTag':
      return both(own, get)
  }
}

async function hits({
  by,
  callers,
  ms,
}: Extract<CacheTask, { run: 'hits' }>): Promise<CacheResults['hits'] | undefined> {
  const ways: ((caller: number) => Promise<unknown>)[] = []
  for (const [of, contending] of Object.entries({ own: cache, raw })) {
    const both = waysOf(contending, by)
    if (both === undefined) return undefined
    const [store, read] = both
    const keysOf = Array.from({ length: callers }, (_, caller) => `${of}:${process.pid}:${by}:${caller}`)
    await Promise.all(keysOf.map((key) => store(key, load)))
    ways.push(async (caller) => (await read(keysOf[caller] as string, unexpected)) ?? unexpected())
  }
  const [own, rawly] = ways as [(caller: number) => Promise<unknown>, (caller: number) => Promise<unknown>]
  return await alternateSlices(own, rawly, { callers, ms })
}

async function storm(task: Extract<CacheTask, { run: 'storm' }>): Promise<Storm | undefined> {
  const ask = cache[task.by]
  if (ask === undefined) return undefined
  let loads = 0
  const slow = async (): Promise<object> => {
    loads += 1
    await sleep(task.loadMs)
    return VALUE
  }
  await sleep(Math.max(0, task.atMs - clock() - 2))
  while (clock() < task.atMs);
  const answers = await Promise.all(
    Array.from({ length: task.callers }, async () => {
      const askedAt = clock()
      await ask(task.key, slow)
      const answeredAt = clock()
      return [answeredAt - task.atMs, answeredAt - askedAt] as const
    }),
  )
  // What loads in the background ends, too.
  await sleep(2 * task.loadMs)
  return { loads, answers }
}

async function many(task: Extract<CacheTask, { run: 'many' }>): Promise<CacheResults['many'] | undefined> {
  const operation = (of: CacheContender, who: string): (() => Promise<unknown>) | undefined => {
    const { getMany, getOrCreateMany } = of
    const fresh = (): string[] => Array.from({ length: task.keys }, () => freshKey(who))
    if (task.missing) return getOrCreateMany && (() => getOrCreateMany(fresh(), VALUE))
    const stored = fresh()
    let isStored = false
    return (
      getMany &&
      (async () => {
        if (!isStored) await Promise.all(stored.map(async (key) => await of.set?.(key, VALUE)))
        isStored = true
        if ((await getMany(stored)) !== task.keys) unexpected()
      })
    )
  }
  const own = operation(cache, 'own')
  const rawly = operation(raw, 'raw')
  if (own === undefined || rawly === undefined) return undefined
  await alternate(own, rawly, 20)
  return await alternate(own, rawly, task.count)
}

/** The 99th percentile of single reads, in microseconds. */
async function besideMany(
  task: Extract<CacheTask, { run: 'besideMany' }>,
): Promise<CacheResults['besideMany'] | undefined> {
  const p99Of = async (of: CacheContender, who: string): Promise<number | undefined> => {
    const { get, getMany, set } = of
    if (get === undefined || getMany === undefined || set === undefined) return undefined
    const stored = Array.from({ length: task.keys }, (_, i) => `${who}:besideMany:${i}`)
    for (let at = 0; at < stored.length; at += 500)
      await Promise.all(stored.slice(at, at + 500).map((key) => set(key, VALUE)))
    let isOver = false
    const reading = (async () => {
      while (!isOver) await getMany(stored)
    })()
    const waits: number[] = []
    const until = clock() + task.ms
    while (clock() < until) {
      const askedAt = clock()
      await get(stored[0] as string)
      waits.push(clock() - askedAt)
      await sleep(1)
    }
    isOver = true
    await reading
    return percentile(waits, 0.99) * 1_000
  }
  const own = await p99Of(cache, 'own')
  const rawly = await p99Of(raw, 'raw')
  return own === undefined || rawly === undefined ? undefined : { own, raw: rawly }
}

function percentile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN
}

async function perform(task: CacheTask): Promise<unknown> {
  switch (task.run) {
    case 'hits':
      return await hits(task)
    case 'misses':
      return await alternate(
        () => cache.getOrCreate(freshKey('own'), load),
        () => raw.getOrCreate(freshKey('raw'), load),
        task.count,
      )
    case 'missesAlone':
      for (let i = 0; i < task.count; i += 1) await cache.getOrCreate(freshKey('own'), load)
      return undefined
    case 'storm':
      return await storm(task)
    case 'many':
      return await many(task)
    case 'besideMany':
      return await besideMany(task)
    case 'store':
      await cache[task.by]?.(task.key, load)
      return undefined
    case 'removeByPattern': {
      const startedAt = clock()
      await (task.of === 'own' ? cache : raw).removeByPattern?.(task.glob)
      return clock() - startedAt
    }
    case 'frozen':
      return await frozen(cache, task.capMs)
    case 'thawed':
      return await thawed(cache, task)
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (task: CacheTask) => {
  perform(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.('ready')
