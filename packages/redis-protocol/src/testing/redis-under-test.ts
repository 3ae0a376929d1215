import type { Storage } from '@holdfast/core'
import type { Feature } from '@holdfast/core/storage'
import type { RedisClient } from '../client.ts'
import { aclRules } from '../rights.ts'

const namespace = 'kit'

/** The rules of users to run the kit as: `kit` for everything, and one for each feature. */
export const kitUsers: Readonly<Record<'kit' | Feature, readonly string[]>> = {
  kit: aclRules({ namespace }),
  locks: aclRules({ namespace, features: ['locks'] }),
  idempotency: aclRules({ namespace, features: ['idempotency'] }),
  cache: aclRules({ namespace, features: ['cache', 'near'] }),
}

/**
 * Opens clients of one of the {@link kitUsers}, `kit` by default. What the port promises of a feature is tested as the
 * user of that feature, everything else as `kit`. A server without users may ignore which one is asked for.
 */
export type OpenUser = (user?: keyof typeof kitUsers) => Promise<RedisUnderTest>

/** An adapted client to hold against the kit, connected to a server whose data may be thrown away. */
export interface RedisUnderTest {
  readonly client: RedisClient
  /**
   * One with all rights, for what the kit does to the server and to the connections of `client`. Default: `client`, which
   * does not end its own connection, so that what ends with that cannot be tested.
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
