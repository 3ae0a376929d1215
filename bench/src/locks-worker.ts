/** One process of `locks.ts`: `locks-worker.ts <contender> <url> <raw>`, messages say what to do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Beside, type Throughput, alternate, alternateSlices } from './harness.ts'
import { type LockContender, lockContenders } from './locks-contenders.ts'

export type LockTask =
  /** Pairs of acquire and release, one at a time, beside the raw code: microseconds of the median one. */
  | { readonly run: 'sequential'; readonly count: number }
  /** So many callers at a time, each with its own lock, beside the raw code, for so long. */
  | { readonly run: 'parallel'; readonly callers: number; readonly ms: number }
  /** So many pairs, of the contender alone. */
  | { readonly run: 'pairs'; readonly count: number }
  /** So many callers of one lock, who hold it for so long and ask again at once. */
  | {
      readonly run: 'contend'
      readonly key: string
      readonly callers: number
      readonly holdMs: number
      readonly ms: number
    }
  /** So many waiters of one lock, with an `AbortSignal` each or without. */
  | { readonly run: 'park'; readonly waiters: number; readonly signals: boolean }

/** One holding, in milliseconds on the clock that all processes of the machine share. */
export type Holding = readonly [caller: number, asked: number, granted: number, released: number]

export interface LockResults {
  readonly sequential: Beside<number>
  readonly parallel: Beside<Throughput>
  readonly pairs: unknown
  readonly contend: readonly Holding[]
  /** Bytes of heap for each waiter. */
  readonly park: number
}

const [, , name = '', url = '', rawName = ''] = process.argv

async function contender(of: string): Promise<LockContender> {
  const made = await lockContenders[of]?.(url)
  if (made === undefined) throw new Error(`no contender ${of}`)
  return made
}

const lock = await contender(name)
const raw = await contender(rawName)
const clock = (): number => Number(process.hrtime.bigint()) / 1e6

async function pair(of: LockContender, key: string): Promise<void> {
  const release = await of.acquire(key)
  await release()
}

/** The contender's locks are not those of the raw code: they lie elsewhere for some. */
const own = (caller = 0): Promise<void> => pair(lock, `bench:own:${process.pid}:${caller}`)
const rawly = (caller = 0): Promise<void> => pair(raw, `bench:raw:${process.pid}:${caller}`)

async function contend(task: Extract<LockTask, { run: 'contend' }>): Promise<LockResults['contend']> {
  const held: Holding[] = []
  const until = clock() + task.ms
  await Promise.all(
    Array.from({ length: task.callers }, async (_, caller) => {
      while (clock() < until) {
        const asked = clock()
        const release = await lock.acquire(task.key)
        const granted = clock()
        await sleep(task.holdMs)
        held.push([caller, asked, granted, clock()])
        await release()
      }
    }),
  )
  return held
}

async function park({ waiters, signals }: Extract<LockTask, { run: 'park' }>): Promise<LockResults['park']> {
  const { locks } = lock
  if (locks === undefined || global.gc === undefined) throw new Error('park needs our locks and --expose-gc')
  // Closing leaves the lease to run out: the next measurement takes another lock.
  const key = `bench:park:${Math.random()}`
  await locks.acquire(key)
  const wait = (): { abort: AbortController | undefined; done: Promise<unknown> } => {
    const abort = signals ? new AbortController() : undefined
    const done = locks.acquire(key, { waitMs: 60_000, signal: abort?.signal }).catch(() => undefined)
    return { abort, done }
  }
  const parked = async (count: number): Promise<void> => {
    while ((await locks.inspect(key)).waiting < count) await sleep(5)
  }
  // The first ones bring along what is needed once.
  const first = Array.from({ length: 50 }, wait)
  await parked(50)
  global.gc()
  const before = process.memoryUsage().heapUsed
  const more = Array.from({ length: waiters }, wait)
  await parked(50 + waiters)
  await sleep(100)
  global.gc()
  const bytes = (process.memoryUsage().heapUsed - before) / waiters
  await locks.close()
  await Promise.all([...first, ...more].map(({ done }) => done))
  return bytes
}

async function perform(task: LockTask): Promise<unknown> {
  switch (task.run) {
    case 'sequential':
      return await alternate(own, rawly, task.count)
    case 'parallel':
      return await alternateSlices(own, rawly, task)
    case 'pairs':
      for (let i = 0; i < task.count; i += 1) await own()
      return undefined
    case 'contend':
      return await contend(task)
    case 'park':
      return await park(task)
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (task: LockTask) => {
  perform(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.('ready')
