import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'

/** Of Hangfire.Redis.StackExchange. 1.12.0 comes with a client that compares on the server where that is Redis 8.4. */
export const generations = ['1.9.4', '1.12.0'] as const
export type Generation = (typeof generations)[number]

export type Command = readonly [name: string, ...args: string[]]

export type Pace = <T>(commands: readonly Command[], send: () => Promise<T>) => Promise<T>

export interface DotnetProcessOptions {
  /** Default: `{hangfire}:`. */
  readonly prefix?: string
  /** Sends what is one round trip: when its turn has come, or never, since the process has died. Default: at once. */
  readonly pace?: Pace
  /** What Hangfire waits a second for takes so long. Default: 1,000. */
  readonly secondMs?: number
}

/** What Hangfire does by itself and what it does under MULTI, each as one round trip. */
export class DotnetProcess {
  /** The value of all its locks. */
  readonly owner: string = randomUUID()
  readonly redis: Redis
  readonly generation: Generation
  readonly prefix: string
  readonly secondMs: number
  readonly #pace: Pace
  #turn: Promise<void> = Promise.resolve()

  constructor(url: string, generation: Generation, options: DotnetProcessOptions = {}) {
    const { prefix = '{hangfire}:', pace = (_commands, send) => send(), secondMs = 1_000 } = options
    this.redis = new Redis(url)
    this.generation = generation
    this.prefix = prefix
    this.secondMs = secondMs
    this.#pace = pace
  }

  /** A key, by what follows the prefix. */
  key(name: string): string {
    return `${this.prefix}${name}`
  }

  async send(...command: Command): Promise<unknown> {
    return await this.#pace([command], () => this.redis.call(...command))
  }

  async transaction(commands: readonly Command[]): Promise<void> {
    await this.#alone(() => this.#exec(commands))
  }

  /** Whether the key had the value, and no other client changed it before the command ran. */
  async ifEqual(key: string, value: string, command: Command): Promise<boolean> {
    return await this.#alone(async () => {
      await this.send('WATCH', key)
      if ((await this.send('GET', key)) === value) return await this.#exec([command])
      await this.send('UNWATCH')
      return false
    })
  }

  async hash(name: string): Promise<Record<string, string>> {
    const flat = (await this.send('HGETALL', this.key(name))) as string[]
    const pairs = flat.flatMap((field, at) => (at % 2 === 0 ? [[field, flat[at + 1] ?? '']] : []))
    return Object.fromEntries(pairs) as Record<string, string>
  }

  async #exec(commands: readonly Command[]): Promise<boolean> {
    const lowerCase = commands.map(([name, ...args]) => [name.toLowerCase(), ...args])
    const replies = await this.#pace(commands, () => this.redis.multi(lowerCase).exec())
    for (const [error] of replies ?? []) if (error !== null) throw error
    return replies !== null
  }

  /** All workers share the connection: between a WATCH and its EXEC there is no other EXEC. */
  async #alone<T>(body: () => Promise<T>): Promise<T> {
    const before = this.#turn
    let done = (): void => {}
    this.#turn = new Promise((resolve) => {
      done = resolve
    })
    await before
    try {
      return await body()
    } finally {
      done()
    }
  }

  async has(command: string): Promise<boolean> {
    const [found] = (await this.redis.command('INFO', command)) as unknown[]
    return found !== null
  }
}
