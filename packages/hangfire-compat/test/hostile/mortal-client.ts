import type { RedisClient } from '@holdfast/redis-protocol'

/** The client of a process that dies before one of its commands: from then on nothing leaves it, and nothing answers. */
export class MortalClient {
  readonly client: RedisClient
  readonly #lives: number
  #sent = 0

  /** @param lives how many commands it sends */
  constructor(client: RedisClient, lives: number) {
    this.#lives = lives
    this.client = {
      ...client,
      get connection() {
        return client.connection
      },
      send: async (args, key) => {
        this.#sent += 1
        if (this.isDead) return await new Promise(() => {})
        return await client.send(args, key)
      },
    }
  }

  get isDead(): boolean {
    return this.#sent > this.#lives
  }
}
