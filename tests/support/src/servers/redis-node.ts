import type { RedisServerBinary } from '../redis/server-binary.ts'
import { type RunningRedis, startRedis } from '../redis/start-redis.ts'
import type { Address } from '../resp/address.ts'
import { ask } from '../resp/connection.ts'
import type { RespValue } from '../resp/reply-parser.ts'
import { temporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts'
import { until } from './until.ts'

export interface RedisNodeOptions {
  readonly binary?: RedisServerBinary
  readonly args?: readonly string[]
  /** Every acknowledged write survives a kill (an append-only file, synced before the reply). Default: false. */
  readonly durable?: boolean
}

/** One server process that can be killed, frozen and started again at the same address. */
export class RedisNode {
  readonly #options: RedisNodeOptions
  readonly #directory: TemporaryDirectory
  #running: RunningRedis

  private constructor(options: RedisNodeOptions, directory: TemporaryDirectory, running: RunningRedis) {
    this.#options = options
    this.#directory = directory
    this.#running = running
  }

  static async start(options: RedisNodeOptions = {}): Promise<RedisNode> {
    const directory = temporaryDirectory()
    try {
      return new RedisNode(options, directory, await launch(options, directory.path))
    } catch (error) {
      await directory.remove()
      throw error
    }
  }

  get url(): string {
    return this.#running.url
  }

  get port(): number {
    return this.#running.port
  }

  get pid(): number {
    return this.#running.pid
  }

  get address(): Address {
    return { port: this.port }
  }

  async ask(...words: readonly (string | number)[]): Promise<RespValue> {
    return await ask(this.address, ...words)
  }

  /** One section of INFO. */
  async info(section: string): Promise<Readonly<Record<string, string>>> {
    const text = String(await this.ask('INFO', section))
    return Object.fromEntries(
      text.split('\r\n').flatMap((line) => {
        const colon = line.indexOf(':')
        return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]]
      }),
    )
  }

  /** SIGKILL. Settles when the process has ended; its address refuses connections until `restart()`. */
  async kill(): Promise<void> {
    await this.#running.stop()
  }

  /** Kills it if it runs, and starts it at the same address: empty, unless it is `durable`. */
  async restart(): Promise<void> {
    await this.kill()
    this.#running = await launch(this.#options, this.#directory.path, this.port)
    await until('the data is loaded', async () => (await this.ask('PING')) === 'PONG')
  }

  /** SIGSTOP: connections stay open and new ones are accepted, but nothing is answered until `resume()`. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  /** `CLIENT PAUSE`: commands (or only writes) wait at the server and are executed late. */
  async pauseClients(ms: number, mode: 'ALL' | 'WRITE' = 'ALL'): Promise<void> {
    await this.ask('CLIENT', 'PAUSE', ms, mode)
  }

  async unpauseClients(): Promise<void> {
    await this.ask('CLIENT', 'UNPAUSE')
  }

  /** From now on commands that need memory are refused (`OOM`), until `giveMemory()`. Nothing is evicted. */
  async takeMemory(): Promise<void> {
    await this.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await this.ask('CONFIG', 'SET', 'maxmemory', 1)
  }

  async giveMemory(): Promise<void> {
    await this.ask('CONFIG', 'SET', 'maxmemory', 0)
  }

  async stop(): Promise<void> {
    await this.kill()
    await this.#directory.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

async function launch(options: RedisNodeOptions, dir: string, port?: number): Promise<RunningRedis> {
  const { binary, args = [], durable = false } = options
  const durability = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []
  return await startRedis({
    dir,
    args: [...durability, ...args],
    ...(binary === undefined ? {} : { binary }),
    ...(port === undefined ? {} : { port }),
  })
}
