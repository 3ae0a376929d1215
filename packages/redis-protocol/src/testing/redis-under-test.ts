import type { Storage } from '@holdfast/core'
import type { RedisClient } from '../client.ts'

/** An adapted client to hold against the kit, connected to a server whose data may be thrown away. */
export interface RedisUnderTest {
  readonly client: RedisClient
  /** Ends the connections of the client. */
  close(): Promise<void>
}

/** One of the kit's groups, with its storage and the client below it. */
export interface OpenRedis {
  readonly client: RedisClient
  readonly storage: Storage
}
