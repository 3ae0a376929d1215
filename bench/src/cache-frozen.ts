/** What a process gets from its cache while the server is frozen, and after that. */
import { setImmediate as soon, setTimeout as sleep } from 'node:timers/promises'
import { type CacheContender, VALUE } from './cache-contender.ts'

export interface Frozen {
  /** Of the first call, and of the next one; undefined: not answered within the cap. */
  readonly firstMs: number | undefined
  readonly nextMs: number | undefined
  /** How many of {@link CALLS} calls were answered within the cap. */
  readonly settled: number
  readonly heapMb: number
  /** For 20 calls in a row; undefined: not answered within the cap. */
  readonly loads: number | undefined
}

export const CALLS = 20_000
const KEYS = 200

/** The key that was stored before is there, and so is whatever this stores. */
export async function frozen({ getOrCreate }: CacheContender, capMs: number): Promise<Frozen> {
  const gc = global.gc
  if (gc === undefined) throw new Error('frozen needs --expose-gc')
  const load = (): object => VALUE
  const timed = async (): Promise<number | undefined> => {
    const startedAt = performance.now()
    const answered = await within(capMs, getOrCreate('frozen', load))
    return answered ? performance.now() - startedAt : undefined
  }
  const firstMs = await timed()
  const nextMs = await timed()

  gc()
  const before = process.memoryUsage().heapUsed
  let settled = 0
  const count = (): void => void (settled += 1)
  const startedAt = performance.now()
  // As requests come: some at a time, not all in one tick.
  for (let i = 0; i < CALLS; i += 1) {
    getOrCreate(`frozen:${i % KEYS}`, load).then(count, count)
    if (i % 100 === 0) await soon()
  }
  while (settled < CALLS && performance.now() - startedAt < capMs) await sleep(10)
  gc()
  const heapMb = (process.memoryUsage().heapUsed - before) / 2 ** 20

  let loads = 0
  const counted = (): object => {
    loads += 1
    return VALUE
  }
  const inARow = (async () => {
    for (let i = 0; i < 20; i += 1) await getOrCreate('frozen:row', counted)
  })()
  const allAnswered = await within(capMs, inARow)
  return { firstMs, nextMs, settled, heapMb, loads: allAnswered ? loads : undefined }
}

/** Lets the server go on: how long until a call is answered, and until one finds what was stored before. */
export async function thawed(
  { get, getOrCreate }: CacheContender,
  { pid, capMs }: { readonly pid: number; readonly capMs: number },
): Promise<readonly [callMs: number, hitMs: number]> {
  process.kill(pid, 'SIGCONT')
  const startedAt = performance.now()
  const until = async (isGood: () => Promise<boolean>): Promise<number> => {
    while (performance.now() - startedAt < capMs) {
      if (await isGood().catch(() => false)) return performance.now() - startedAt
      await soon()
    }
    return Number.NaN
  }
  // Both at a time, for the first may end the outage for the second.
  return await Promise.all([
    until(
      async () =>
        await within(
          1_000,
          getOrCreate('frozen:thawed', () => VALUE),
        ),
    ),
    until(async () => {
      let loads = 0
      const found = await (get?.('frozen') ?? getOrCreate('frozen', () => (loads += 1)))
      return found !== undefined && loads === 0
    }),
  ])
}

/** Whether it was answered in time, and not refused. */
async function within(ms: number, answer: Promise<unknown>): Promise<boolean> {
  const answered = answer.then(
    () => true,
    () => false,
  )
  const timeOut = new AbortController()
  const late = sleep(ms, false, { signal: timeOut.signal }).catch(() => false)
  try {
    return await Promise.race([answered, late])
  } finally {
    timeOut.abort()
  }
}
