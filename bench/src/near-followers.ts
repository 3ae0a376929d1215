/** What a process that keeps copies pays for what others write, how soon it hears of it, and what it answers in a fault. */
import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { TTL_MS, VALUE } from './cache-contender.ts'
import { connectIoredis } from './cache-raw.ts'
import { ContenderProcess, median, spread, table } from './harness.ts'
import type { FollowerTask } from './near-follower.ts'

const SCRIPT = new URL('./near-follower.ts', import.meta.url)
const rawOf = (name: string): string => (name === 'holdfast redis' ? 'raw redis' : 'raw ioredis')
const clock = (): number => Number(process.hrtime.bigint()) / 1e6

interface Followed {
  readonly name: string
  readonly url: string
  readonly rounds: number
}

class Follower {
  readonly process: ContenderProcess

  private constructor(process: ContenderProcess) {
    this.process = process
  }

  static async start({ name, url }: Pick<Followed, 'name' | 'url'>, linkPort?: number): Promise<Follower> {
    const links = linkPort === undefined ? [] : [String(linkPort)]
    return new Follower(await ContenderProcess.start(SCRIPT, name, url, rawOf(name), ...links))
  }

  async ask<T = undefined>(task: FollowerTask): Promise<T> {
    return await this.process.run<T>(task)
  }
}

/** One that writes and keeps nothing: this process. */
function writer(url: string) {
  const client = connectIoredis(url)
  const { cache } = createHoldfast({ storage: ioredisStorage(client), cache: { ttlMs: TTL_MS } })
  /** On a busy machine, and while connections are killed, one may fail: it is written again. */
  const set = async (key: string, value: unknown): Promise<void> => {
    for (;;) {
      try {
        return await cache.set(key, value)
      } catch {
        await delay(5)
      }
    }
  }
  return { client, cache, set }
}

/** What one invalidated key costs a process, beside one GET: a row of the table. */
async function cpuOf({ name, url, rounds }: Followed): Promise<readonly string[]> {
  const KEYS = 2_000
  const follower = await Follower.start({ name, url })
  const { client, set } = writer(url)
  const figures = { invalidated: [] as number[], get: [] as number[] }
  for (let round = 0; round <= rounds; round += 1) {
    const keys = Array.from({ length: KEYS }, (_, i) => `cpu:${name}:${i}`)
    for (let at = 0; at < KEYS; at += 100)
      await Promise.all(keys.slice(at, at + 100).map((key) => set(key, VALUE)))
    await follower.ask({ run: 'keep', keys })
    const get = await follower.ask<number>({ run: 'raw', count: KEYS })
    const before = await follower.ask<number>({ run: 'cpu' })
    const startedAt = performance.now()
    for (const key of keys) await set(key, VALUE)
    const tookMs = performance.now() - startedAt
    const after = await follower.ask<number>({ run: 'cpu' })
    await delay(tookMs)
    const idle = (await follower.ask<number>({ run: 'cpu' })) - after
    if (round === 0) continue // the first one is slower
    figures.invalidated.push((after - before - idle) / KEYS)
    figures.get.push(get)
  }
  await follower.process.close()
  client.disconnect()
  const ratios = figures.invalidated.map((each, i) => each / (figures.get[i] as number))
  return [name, median(figures.invalidated).toFixed(1), median(figures.get).toFixed(1), spread(ratios)]
}

/** From the call of each of 1,000 writes a second until another process has dropped its copy: a row of the table. */
async function underLoad({ name, url, rounds }: Followed): Promise<readonly string[]> {
  const PER_SECOND = 1_000
  const SECONDS = 3
  const follower = await Follower.start({ name, url })
  const { client, cache, set } = writer(url)
  const waits: number[] = []
  let missing = 0
  for (let round = 0; round < rounds; round += 1) {
    const keys = Array.from({ length: PER_SECOND * SECONDS }, (_, i) => `load:${name}:${i}`)
    for (let at = 0; at < keys.length; at += 100)
      await Promise.all(keys.slice(at, at + 100).map((key) => set(key, VALUE)))
    await follower.ask({ run: 'keep', keys })
    await follower.ask({ run: 'dropped' })
    const calledAt = new Map<string, number>()
    const writes: Promise<void>[] = []
    const startedAt = clock()
    for (const [i, key] of keys.entries()) {
      while (clock() < startedAt + (i * 1_000) / PER_SECOND) await delay(1)
      calledAt.set(key, clock())
      // One that fails is not waited for.
      writes.push(cache.set(key, VALUE).catch(() => void calledAt.delete(key)))
    }
    await Promise.all(writes)
    await delay(200)
    const dropped = await follower.ask<[string, number][]>({ run: 'dropped' })
    const byKey = new Map(dropped.map(([key, at]) => [key.slice(key.indexOf('load:')), at]))
    for (const [key, at] of calledAt) {
      const droppedAt = byKey.get(key)
      if (droppedAt === undefined) missing += 1
      else waits.push(droppedAt - at)
    }
  }
  await follower.process.close()
  client.disconnect()
  const sorted = waits.sort((a, b) => a - b)
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(2)
  return [name, at(0.5), at(0.99), at(1), String(missing)]
}

/** From the call of one write after another until another process has dropped its copy, beside GET: a row of the table. */
async function oneByOne({ name, url, rounds }: Followed): Promise<readonly string[]> {
  const KEYS = 500
  const follower = await Follower.start({ name, url })
  const { client, set } = writer(url)
  const micros: number[] = []
  const ratios: number[] = []
  const gets: number[] = []
  await client.set('raw', JSON.stringify(VALUE))
  for (let round = 0; round <= rounds; round += 1) {
    const keys = Array.from({ length: KEYS }, (_, i) => `one:${name}:${round}:${i}`)
    for (let at = 0; at < KEYS; at += 100)
      await Promise.all(keys.slice(at, at + 100).map((key) => set(key, VALUE)))
    await follower.ask({ run: 'keep', keys })
    await follower.ask({ run: 'dropped' })
    const get: number[] = []
    const calledAt: number[] = []
    for (const key of keys) {
      const askedAt = clock()
      JSON.parse((await client.get('raw')) as string)
      get.push(clock() - askedAt)
      calledAt.push(clock())
      await set(key, VALUE)
    }
    await delay(200)
    const dropped = await follower.ask<[string, number][]>({ run: 'dropped' })
    const byKey = new Map(dropped.map(([key, at]) => [key.slice(key.indexOf('one:')), at]))
    const waits = keys.map((key, i) => (byKey.get(key) ?? Infinity) - (calledAt[i] as number))
    if (round === 0) continue // the first one is slower
    micros.push(1_000 * median(waits))
    gets.push(1_000 * median(get))
    ratios.push(median(waits) / median(get))
  }
  await follower.process.close()
  client.disconnect()
  return [name, median(micros).toFixed(0), median(gets).toFixed(0), spread(ratios)]
}

/** For how long after a write another process has answered with the old value, in milliseconds. */
async function oldFor(
  { name, url }: Pick<Followed, 'name' | 'url'>,
  { times, waitMs, flushes = false, fault }: Fault,
): Promise<readonly string[]> {
  const proxy = await FaultProxy.start({ target: { port: Number(new URL(url).port) } })
  const follower = await Follower.start({ name, url }, proxy.port)
  const { client, set } = writer(url)
  const ages: number[] = []
  for (let i = 0; i < times; i += 1) {
    const key = `fault:${name}:${i}`
    await set(key, 'old')
    await follower.ask({ run: 'keep', keys: [key] })
    await follower.ask({ run: 'watch', key })
    if (proxy.connections === 0) throw new Error(`the links of ${name} do not lead through the proxy`)
    await delay(50)
    const end = await fault({ proxy, follower, kill: () => client.call('CLIENT', 'KILL', 'TYPE', 'pubsub') })
    await (flushes ? client.flushall() : set(key, 'new'))
    const writtenAt = clock()
    await delay(waitMs)
    await end?.()
    await delay(300)
    const seen = new Map(await follower.ask<[string, number][]>({ run: 'seen' }))
    if (!flushes && !seen.has('new')) throw new Error('it has not got the new value')
    ages.push(Math.max(0, (seen.get('old') ?? 0) - writtenAt))
  }
  await follower.process.close()
  await proxy.stop()
  client.disconnect()
  return [name, median(ages).toFixed(1), Math.max(...ages).toFixed(1)]
}

interface Fault {
  readonly times: number
  readonly waitMs: number
  /** Another program empties the database, in place of a write. */
  readonly flushes?: boolean
  /** Makes it; returns what ends it. */
  fault(at: {
    readonly proxy: FaultProxy
    readonly follower: Follower
    readonly kill: () => Promise<unknown>
  }): Promise<(() => Promise<void>) | undefined>
}

const faults: Readonly<Record<string, Fault>> = {
  'nothing (for comparison)': { times: 25, waitMs: 20, fault: async () => undefined },
  'nothing, and a FLUSHALL in place of the write': {
    times: 20,
    waitMs: 50,
    flushes: true,
    fault: async () => undefined,
  },
  'the link killed just before': {
    times: 25,
    waitMs: 200,
    async fault({ kill }) {
      await kill()
      return undefined
    },
  },
  'the link in a black hole': {
    times: 5,
    waitMs: 1_500,
    async fault({ proxy }) {
      proxy.blackHole()
      return async () => {
        proxy.reset()
        await proxy.heal()
      }
    },
  },
  'the process stopped for 3 s': {
    times: 5,
    waitMs: 3_000,
    async fault({ follower }) {
      follower.process.signal('SIGSTOP')
      return async () => follower.process.signal('SIGCONT')
    },
  },
}

export async function cpuOfInvalidations(
  names: readonly string[],
  url: string,
  rounds: number,
): Promise<void> {
  const rows: (readonly string[])[] = []
  for (const name of names) rows.push(await cpuOf({ name, url, rounds }))
  table('CPU of a process for a copy that another one invalidates, beside a GET, one at a time', [
    ['', 'µs', 'GET µs', '× GET'],
    ...rows,
  ])
}

export async function invalidationsOneByOne(
  names: readonly string[],
  url: string,
  rounds: number,
): Promise<void> {
  const rows: (readonly string[])[] = []
  for (const name of names) rows.push(await oneByOne({ name, url, rounds }))
  table(
    'From the call of set in one process until another one has dropped its copy, one after the other: p50',
    [['', 'µs', 'GET µs', '× GET'], ...rows],
  )
}

export async function invalidationsUnderLoad(
  names: readonly string[],
  url: string,
  rounds: number,
): Promise<void> {
  const rows: (readonly string[])[] = []
  for (const name of names) rows.push(await underLoad({ name, url, rounds }))
  table('From the call of set until another process has dropped its copy, at 1,000 writes a second, ms', [
    ['', 'p50', 'p99', 'most', 'not reported'],
    ...rows,
  ])
}

export async function answersInFaults(names: readonly string[], url: string): Promise<void> {
  for (const [what, fault] of Object.entries(faults)) {
    const rows: (readonly string[])[] = []
    for (const name of names) rows.push(await oldFor({ name, url }, fault))
    table(`For how long after an answered write the old value is an answer elsewhere, ms: ${what}`, [
      ['', 'p50', 'most'],
      ...rows,
    ])
  }
}
