import { setTimeout as sleep } from 'node:timers/promises'
import type { Command, DotnetProcess } from './dotnet-process.ts'

/** One value for all locks of a process, no look at what it holds, and ever longer pauses while it waits. */
export class DotnetLocks {
  readonly #process: DotnetProcess

  constructor(process: DotnetProcess) {
    this.#process = process
  }

  /** False: it throws its DistributedLockTimeoutException. */
  async acquire(resource: string, timeoutMs: number): Promise<boolean> {
    const giveUpAt = performance.now() + timeoutMs
    for (let attempt = 0; ; attempt += 1) {
      if (await this.tryAcquire(resource)) return true
      const leftMs = giveUpAt - performance.now()
      if (leftMs <= 0) return false
      await sleep(Math.min(leftMs, attempt ** 2 + Math.random() * (2 * attempt + 1)))
    }
  }

  async tryAcquire(resource: string): Promise<boolean> {
    const { owner } = this.#process
    return (await this.#process.send('SET', this.#process.key(resource), owner, 'EX', '30', 'NX')) === 'OK'
  }

  /** What its timer does every 15 s. */
  extend(resource: string): Promise<boolean> {
    const [key, { owner }] = [this.#process.key(resource), this.#process]
    return this.#ifMine(key, ['SET', key, owner, 'EX', '30', 'IFEQ', owner], ['EXPIRE', key, '30'])
  }

  release(resource: string): Promise<boolean> {
    const key = this.#process.key(resource)
    return this.#ifMine(key, ['DELEX', key, 'IFEQ', this.#process.owner], ['UNLINK', key])
  }

  /** @param body what it does while it holds the lock; it throws if it does not get it in time */
  async hold<T>(resource: string, timeoutMs: number, body: () => Promise<T>): Promise<T> {
    if (!(await this.acquire(resource, timeoutMs)))
      throw new Error(`DistributedLockTimeoutException: ${resource}`)
    const value = await body()
    await this.release(resource)
    return value
  }

  async #ifMine(key: string, comparing: Command, command: Command): Promise<boolean> {
    const { generation, owner } = this.#process
    if (generation === '1.12.0' && (await this.#process.has('delex'))) {
      const reply = await this.#process.send(...comparing)
      return reply === 'OK' || reply === 1
    }
    return await this.#process.ifEqual(key, owner, command)
  }
}
