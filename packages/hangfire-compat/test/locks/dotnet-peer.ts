import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** Of Hangfire.Redis.StackExchange. 1.12.0 comes with a client that compares on the server where that is Redis 8.4. */
export const generations = ['1.9.4', '1.12.0'] as const
export type Generation = (typeof generations)[number]

/**
 * What a .NET process sends for its locks, as it was recorded (`lock.180-simple.monitor.txt`): one value for all of them, no
 * look at what it holds, and ever longer pauses while it waits.
 */
export class DotnetPeer implements Disposable {
  readonly owner: string = randomUUID()
  readonly redis: Redis
  readonly #generation: Generation
  readonly #prefix: string

  constructor(url: string, generation: Generation, prefix = '{hangfire}:') {
    this.redis = new Redis(url)
    this.#generation = generation
    this.#prefix = prefix
  }

  keyOf(resource: string): string {
    return `${this.#prefix}${resource}`
  }

  /** False: it throws its DistributedLockTimeoutException. */
  async acquire(resource: string, timeoutMs: number): Promise<boolean> {
    const giveUpAt = performance.now() + timeoutMs
    for (let attempt = 0; ; attempt += 1) {
      if ((await this.redis.set(this.keyOf(resource), this.owner, 'EX', 30, 'NX')) === 'OK') return true
      const leftMs = giveUpAt - performance.now()
      if (leftMs <= 0) return false
      await sleep(Math.min(leftMs, attempt ** 2 + Math.random() * (2 * attempt + 1)))
    }
  }

  /** What its timer does every 15 s. */
  extend(resource: string): Promise<boolean> {
    const key = this.keyOf(resource)
    return this.#ifMine(key, ['SET', key, this.owner, 'EX', '30', 'IFEQ', this.owner], ['expire', key, '30'])
  }

  release(resource: string): Promise<boolean> {
    const key = this.keyOf(resource)
    return this.#ifMine(key, ['DELEX', key, 'IFEQ', this.owner], ['unlink', key])
  }

  async #ifMine(
    key: string,
    comparing: [string, ...string[]],
    command: [string, ...string[]],
  ): Promise<boolean> {
    if (this.#generation === '1.12.0' && (await this.#has('delex'))) {
      const reply = await this.redis.call(...comparing)
      return reply === 'OK' || reply === 1
    }
    await this.redis.watch(key)
    if ((await this.redis.get(key)) !== this.owner) {
      await this.redis.unwatch()
      return false
    }
    return (await this.redis.multi([command]).exec()) !== null
  }

  async #has(command: string): Promise<boolean> {
    const [found] = (await this.redis.command('INFO', command)) as unknown[]
    return found !== null
  }

  [Symbol.dispose](): void {
    this.redis.disconnect()
  }
}
