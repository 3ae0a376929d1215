/** One process of `near.ts`: `near-worker.ts <contender> <url> <raw>`, which messages tell what to do. */
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { VALUE } from './cache-contender.ts'
import { type Beside, alternate } from './harness.ts'
import { type NearContender, nearContenders } from './near-contenders.ts'

export type NearTask =
  /** Hits of one key: microseconds of the median one, of many in a row. */
  | { readonly run: 'hit'; readonly by: NearHitBy; readonly count: number }
  /** Reads of keys that were not read before, beside the same past what the process keeps. */
  | { readonly run: 'first'; readonly count: number }
  /** Bytes of the heap for each of so many entries of 286 characters. */
  | { readonly run: 'heap'; readonly entries: number }

export type NearHitBy = 'get' | 'getOrCreate' | 'getShared' | 'peek' | 'peekShared'

const [, , name = '', url = '', rawName = ''] = process.argv

async function contender(of: string): Promise<NearContender> {
  const made = await nearContenders[of]?.(url)
  if (made === undefined) throw new Error(`no contender ${of}`)
  return made
}

const cache = await contender(name)
const raw = await contender(rawName)
const unexpected = (): never => {
  throw new Error('a value that was stored is not there')
}
let keys = 0
const freshKey = (): string => `${name}:${process.pid}:${(keys += 1)}`

/** The report of an own write may come after the first read that could keep it. */
const REPORTED_MS = 20

/** A process keeps copies once its link is up, and never what it has just written: a few reads later. */
async function kept(key: string): Promise<void> {
  const { peek, peekShared } = cache
  const isKept = (): boolean => peek?.(key) !== undefined && peekShared?.(key) !== undefined
  for (let i = 0; i < 1_000; i += 1) {
    await cache.get(key)
    await cache.getShared?.(key)
    if (peek === undefined ? i > 2 : isKept()) {
      await delay(REPORTED_MS)
      if (peek === undefined || isKept()) return
    }
    await setImmediate()
  }
  throw new Error(`${key} is not kept`)
}

async function inChunks(all: readonly string[], each: (key: string) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += 25) await Promise.all(all.slice(at, at + 25).map(each))
}

const IN_A_ROW = 50

async function hit({ by, count }: Extract<NearTask, { run: 'hit' }>): Promise<Beside<number> | undefined> {
  const read = cache[by] as ((key: string, load: () => unknown) => unknown) | undefined
  if (read === undefined) return undefined
  const key = freshKey()
  await cache.set(key, VALUE)
  await raw.set(`raw:${key}`, VALUE)
  await kept(key)
  const own = async (): Promise<void> => {
    for (let i = 0; i < IN_A_ROW; i += 1) if ((await read(key, unexpected)) === undefined) unexpected()
  }
  // Without a promise where there is none.
  const peeks = async (): Promise<void> => {
    for (let i = 0; i < IN_A_ROW; i += 1) if (read(key, unexpected) === undefined) unexpected()
  }
  const rawly = async (): Promise<unknown> => (await raw.get(`raw:${key}`)) ?? unexpected()
  const times = await alternate(by.startsWith('peek') ? peeks : own, rawly, count)
  return { own: times.own / IN_A_ROW, raw: times.raw }
}

async function first({ count }: Extract<NearTask, { run: 'first' }>): Promise<Beside<number> | undefined> {
  const { getFar } = cache
  if (getFar === undefined) return undefined
  const some = Array.from({ length: 2 * count }, freshKey)
  await inChunks(some, (key) => cache.set(key, VALUE))
  if (cache.peek !== undefined) {
    const other = freshKey()
    await cache.set(other, VALUE)
    await kept(other)
  }
  let at = 0
  const next = (): string => some[(at += 1) - 1] ?? unexpected()
  return await alternate(
    () => cache.get(next()),
    () => getFar(next()),
    count,
  )
}

async function heap({ entries }: Extract<NearTask, { run: 'heap' }>): Promise<number | undefined> {
  const { peek } = cache
  if (peek === undefined) return undefined
  const text = 'x'.repeat(286 - JSON.stringify({ id: 10_000, text: '' }).length)
  const some = Array.from({ length: entries }, freshKey)
  let id = 10_000
  await inChunks(some, (key) => cache.set(key, { id: (id += 1), text }))
  const warm = freshKey()
  await cache.set(warm, VALUE)
  await kept(warm)
  const before = await heapAtRest()
  await inChunks(some, (key) => cache.get(key))
  const after = await heapAtRest()
  const held = some.filter((key) => peek(key) !== undefined).length
  return (after - before) / held
}

/** What the calls themselves needed, their deadlines among it, has gone. */
async function heapAtRest(): Promise<number> {
  await delay(300)
  for (let i = 0; i < 3; i += 1) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

async function perform(task: NearTask): Promise<unknown> {
  switch (task.run) {
    case 'hit':
      return await hit(task)
    case 'first':
      return await first(task)
    case 'heap':
      return await heap(task)
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (task: NearTask) => {
  perform(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.('ready')
