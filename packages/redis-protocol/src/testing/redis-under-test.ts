import type { Storage } from '@holdfast/core'
import type { RedisClient } from '../client.ts'

/** An adapted client to hold against the kit, connected to a server whose data may be thrown away. */
export interface RedisUnderTest {
  readonly client: RedisClient
  /**
   * One with all rights, for what the kit does to the server, where `client` is a user with only those that Holdfast
   * needs (`aclRules({ namespace: 'kit' })`). Default: `client`.
   */
  readonly admin?: RedisClient
  /** Ends the connections of both. */
  close(): Promise<void>
}

/** One of the kit's groups, with its storage and the client below it. */
export interface OpenRedis {
  readonly client: RedisClient
  readonly admin: RedisClient
  readonly storage: Storage
}
