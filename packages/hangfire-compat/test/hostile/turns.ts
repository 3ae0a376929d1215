import { setImmediate } from 'node:timers/promises'
import type { RedisClient } from '@holdfast/redis-protocol'
import { between, type Random } from '@holdfast/test-support/chaos'
import type { Pace } from '../peer/dotnet-process.ts'

/**
 * Lets one round trip happen at a time, of all that wait for a turn by chance, and looks at the data after each. So the same
 * code meets in another order for each seed.
 */
export class Turns {
  readonly #random: Random
  readonly #look: (step: string) => Promise<void>
  readonly #waiting: (() => Promise<void>)[] = []
  #isRunning = false
  #isOver = false
  /** How many steps there were. */
  steps = 0

  constructor(random: Random, look: (step: string) => Promise<void>) {
    this.#random = random
    this.#look = look
  }

  take<T>(what: string, send: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(async () => {
        this.steps += 1
        await send().then(resolve, reject)
        if (!this.#isOver) await this.#look(what)
      })
      void this.#run()
    })
  }

  /** Steps go on after the last look. */
  end(): void {
    this.#isOver = true
  }

  /** For a .NET peer. */
  pace(who: string): Pace {
    return (commands, send) => this.take(`${who}: ${commands.map((each) => each.join(' ')).join('; ')}`, send)
  }

  /**
   * For a Node process: a client whose commands wait for their turn.
   *
   * @param repeats how many of a hundred scripts run twice, the second time a while later: after a lost reply, or as a copy that
   * was late
   */
  client(who: string, client: RedisClient, repeats: number = 0): RedisClient {
    return {
      ...client,
      get connection() {
        return client.connection
      },
      send: async (args, key) => {
        const what = `${who}: ${String(args[0])} ${String(args[1]).slice(0, 40)}`
        const send = (): Promise<unknown> => client.send(args, key)
        const isRepeated = args[0].startsWith('EVAL') && between(this.#random, 1, 100) <= repeats
        const first = await this.take(what, send)
        if (!isRepeated) return first
        const again = this.take(`${what}, again`, send)
        if (between(this.#random, 0, 1) === 0) return await again
        again.catch(() => {})
        return first
      },
    }
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    // Others come meanwhile.
    for (await setImmediate(); this.#waiting.length > 0; await setImmediate()) {
      const [step] = this.#waiting.splice(between(this.#random, 0, this.#waiting.length - 1), 1)
      await step?.()
    }
    this.#isRunning = false
  }
}
