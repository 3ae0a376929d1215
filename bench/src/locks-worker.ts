/** One process of `locks.ts`: `locks-worker.ts <contender> <url>`, told by messages what to run. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockContenders } from './locks-contenders.ts'

export type Task =
  | { readonly run: 'sequential'; readonly pairs: number }
  | { readonly run: 'parallel'; readonly callers: number; readonly ms: number }
  | {
      readonly run: 'contend'
      readonly key: string
      readonly waiters: number
      readonly holdMs: number
      readonly thinkMs: number
      readonly ms: number
    }
  | { readonly run: 'park'; readonly waiters: number; readonly signals: boolean }
  | { readonly run: 'close' }

export interface Results {
  /** Milliseconds of each pair. */
  readonly sequential: number[]
  readonly parallel: { readonly perSecond: number; readonly cpuMicros: number }
  /** Milliseconds on the clock that all processes of the machine share. */
  readonly contend: readonly (readonly [waiter: number, asked: number, granted: number, released: number])[]
  /** Bytes of heap for each waiter. */
  readonly park: number
}

const [, , name = '', url = ''] = process.argv
const contender = await lockContenders[name]?.(url)
if (contender === undefined) throw new Error(`no contender ${name}`)
const acquire = (key: string): Promise<() => Promise<unknown>> => contender.acquire(key)
const clock = (): number => Number(process.hrtime.bigint()) / 1e6

async function sequential(pairs: number): Promise<Results['sequential']> {
  const times: number[] = []
  for (let i = 0; i < pairs; i += 1) {
    const startedAt = performance.now()
    const release = await acquire('bench:sequential')
    await release()
    times.push(performance.now() - startedAt)
  }
  return times
}

async function parallel(callers: number, ms: number): Promise<Results['parallel']> {
  let pairs = 0
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async (_, i) => {
      while (performance.now() - startedAt < ms) {
        const release = await acquire(`bench:parallel:${i}`)
        await release()
        pairs += 1
      }
    }),
  )
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (pairs * 1_000) / (performance.now() - startedAt), cpuMicros: (user + system) / pairs }
}

async function contend(task: Extract<Task, { run: 'contend' }>): Promise<Results['contend']> {
  const held: [number, number, number, number][] = []
  const until = clock() + task.ms
  await Promise.all(
    Array.from({ length: task.waiters }, async (_, waiter) => {
      while (clock() < until) {
        const asked = clock()
        const release = await acquire(task.key)
        const granted = clock()
        await sleep(task.holdMs)
        held.push([waiter, asked, granted, clock()])
        await release()
        if (task.thinkMs > 0) await sleep(task.thinkMs)
      }
    }),
  )
  return held
}

async function park(waiters: number, signals: boolean): Promise<Results['park']> {
  const { locks } = contender ?? {}
  if (locks === undefined || global.gc === undefined) throw new Error('park needs our locks and --expose-gc')
  const key = 'bench:park'
  const lease = await locks.acquire(key)
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
  await lease.release()
  return bytes
}

process.on('message', (task: Task) => {
  void (async () => {
    switch (task.run) {
      case 'sequential':
        return await sequential(task.pairs)
      case 'parallel':
        return await parallel(task.callers, task.ms)
      case 'contend':
        return await contend(task)
      case 'park':
        return await park(task.waiters, task.signals)
      case 'close':
        await contender.close()
        process.disconnect()
        return undefined
    }
  })().then((result) => process.connected && process.send?.({ result }))
})
process.send?.({ result: 'ready' })
