/** What the server sees or suffers: the commands that reach it, a freeze, and a search through all of its keys. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { CALLS, type Frozen } from './cache-frozen.ts'
import type { CacheResults } from './cache-worker.ts'
import { type ContenderProcess, median, spread, table } from './harness.ts'

type Start = (name: string, url?: string) => Promise<ContenderProcess>

/** The commands that clients send, without what scripts run. */
export class CommandCount {
  readonly #redis: Redis
  readonly #monitor: Redis
  #seen: string[] = []

  private constructor(redis: Redis, monitor: Redis) {
    this.#redis = redis
    this.#monitor = monitor
    monitor.on('monitor', (_time: string, [name = '']: string[], source: string) => {
      if (source !== 'lua') this.#seen.push(name.toLowerCase())
    })
  }

  static async start(url: string): Promise<CommandCount> {
    const redis = new Redis(url)
    return new CommandCount(redis, await redis.monitor())
  }

  async reset(): Promise<void> {
    await this.#settled()
    this.#seen = []
  }

  /** `3 = 1 mget + 2 evalsha`, by how often each was sent for one of `operations`. */
  async sent(operations: number = 1): Promise<string> {
    await this.#settled()
    const counts = new Map<string, number>()
    for (const name of this.#seen) counts.set(name, (counts.get(name) ?? 0) + 1)
    const each = (count: number): string => String(Math.round((count / operations) * 100) / 100)
    const parts = [...counts].map(([name, count]) => `${each(count)} ${name}`)
    return `${each(this.#seen.length)} = ${parts.join(' + ')}`
  }

  /** What was sent before has been seen when the monitor reports what is sent now. */
  async #settled(): Promise<void> {
    const mark = `settled-${Math.random()}`
    const reported = new Promise<void>((resolve) => {
      const onCommand = (_time: string, [, argument]: string[]): void => {
        if (argument !== mark) return
        this.#monitor.off('monitor', onCommand)
        resolve()
      }
      this.#monitor.on('monitor', onCommand)
    })
    await this.#redis.echo(mark)
    await reported
    this.#seen = this.#seen.filter((name) => name !== 'echo')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitor.disconnect()
    this.#redis.disconnect()
    await sleep(0)
  }
}

export async function commandsOfMisses(names: readonly string[], start: Start, url: string): Promise<void> {
  const rows = [['', 'a miss']]
  await using count = await CommandCount.start(url)
  for (const name of names) {
    const one = await start(name)
    await one.run({ run: 'missesAlone', count: 5 })
    await count.reset()
    await one.run({ run: 'missesAlone', count: 200 })
    rows.push([name, await count.sent(200)])
    await one.close()
  }
  table('Commands that the client sends', rows)
}

/** No call may take longer; longer ones count as never answered. */
const CAP_MS = 3_000

export async function thaw(names: readonly string[], start: Start): Promise<void> {
  const rows = [
    [
      '',
      'first ms',
      'next ms',
      `of ${CALLS} answered`,
      'heap MB',
      'loads of 20',
      'thawed: answer ms',
      'hit ms',
    ],
  ]
  const ms = (figure: number | undefined): string =>
    figure === undefined ? `> ${CAP_MS}` : figure.toFixed(2)
  for (const name of names) {
    await using redis = await startRedis()
    const one = await start(name, redis.url)
    await one.run({ run: 'store', key: 'frozen', by: 'getOrCreate' })
    // Its first seconds do not count: the code is compiled, and the clock is known.
    await one.run({ run: 'missesAlone', count: 300 })
    process.kill(redis.pid, 'SIGSTOP')
    const result = await one.run<Frozen>({ run: 'frozen', capMs: CAP_MS })
    const [callMs, hitMs] = await one.run<CacheResults['thawed']>({
      run: 'thawed',
      pid: redis.pid,
      capMs: 4 * CAP_MS,
    })
    rows.push([
      name,
      ms(result.firstMs),
      ms(result.nextMs),
      String(result.settled),
      result.heapMb.toFixed(1),
      result.loads === undefined ? '–' : String(result.loads),
      callMs.toFixed(1),
      hitMs.toFixed(0),
    ])
    await one.close()
  }
  table('A frozen Redis', rows)
}

const MATCHING = 150_000
const OTHERS = 150_000
const FILL = `for i = 1, tonumber(ARGV[2]) do redis.call('SET', ARGV[1] .. i, ARGV[3]) end`

/** Half of all keys match. */
async function fill(redis: Redis, prefix: string): Promise<void> {
  await redis.flushall()
  const value = 'x'.repeat(100)
  for (const [part, count] of [
    ['match:', MATCHING],
    ['other:', OTHERS],
  ] as const) {
    await redis.eval(FILL, 0, `${prefix}${part}`, count, value)
  }
}

/** What a cache puts before its keys. */
async function prefixOf(one: ContenderProcess, redis: Redis): Promise<string> {
  const key = 'prefix-of-this'
  await one.run({ run: 'store', key, by: 'getOrCreate' })
  const [found] = await redis.keys(`*${key}`)
  if (found === undefined) throw new Error('nothing was stored')
  return found.slice(0, -key.length)
}

interface Removal {
  readonly perSecond: number
  readonly p99Ms: number
}

export async function removals(names: readonly string[], start: Start, rounds: number): Promise<void> {
  await using server = await startRedis()
  const redis = new Redis(server.url)
  const rows = [['', 'keys a second', '× raw', 'GET p99 ms', 'raw GET p99 ms']]
  for (const name of names) {
    const one = await start(name, server.url)
    const own: Removal[] = []
    const raw: Removal[] = []
    const prefix = await prefixOf(one, redis)
    const remove = async (of: 'own' | 'raw'): Promise<Removal> => {
      await fill(redis, of === 'own' ? prefix : 'raw:')
      const glob = of === 'own' ? 'match:*' : 'raw:match:*'
      let isOver = false
      const waits: number[] = []
      const probing = (async () => {
        while (!isOver) {
          const askedAt = performance.now()
          await redis.get('beside')
          waits.push(performance.now() - askedAt)
          await sleep(1)
        }
      })()
      const ms = await one.run<number>({ run: 'removeByPattern', of, glob })
      isOver = true
      await probing
      const left = await redis.dbsize()
      if (left < OTHERS || left > OTHERS + 10) throw new Error(`${name} left ${left} keys`)
      return {
        perSecond: ((MATCHING + OTHERS) * 1_000) / ms,
        p99Ms: waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)] ?? Number.NaN,
      }
    }
    await remove('own')
    await remove('raw')
    for (let round = 0; round < rounds; round += 1) {
      const isFirst = round % 2 === 0
      if (isFirst) own.push(await remove('own'))
      raw.push(await remove('raw'))
      if (!isFirst) own.push(await remove('own'))
    }
    rows.push([
      name,
      median(own.map(({ perSecond }) => perSecond)).toFixed(0),
      spread(own.map(({ perSecond }, round) => perSecond / (raw[round]?.perSecond ?? Number.NaN))),
      spread(own.map(({ p99Ms }) => p99Ms)),
      spread(raw.map(({ p99Ms }) => p99Ms)),
    ])
    await one.close()
  }
  table('removeByPattern, 150,000 of 300,000 keys, beside SCAN and UNLINK in a pipeline', rows)
  redis.disconnect()
}
