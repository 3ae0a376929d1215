import type { LockOptions } from '@holdfast/core'
import {
  type FeatureOptions,
  type LeaseLocks,
  type Lockable,
  type StorageLink,
  checkObject,
  leaseLocks,
} from '@holdfast/core/storage'
import { type RedisClient, createScriptRunner } from '@holdfast/redis-protocol'
import { checkClient, clientLink } from '../storage/client-link.ts'
import { checkPrefixOnCluster } from '../wire/keys.ts'
import { hangfireLeases } from './hangfire-leases.ts'

/**
 * The locks of .NET's Hangfire, by the names that .NET gives them: while either side holds one, the other is not granted it.
 *
 * - `leaseMs` is 30 s unless given, as .NET has it. The holder renews it every third of that, and its `signal` aborts before
 *   the key can expire. When another program deletes or replaces the key, the holder notices it at the next renewal; until
 *   then two may hold the lock.
 * - A waiter asks about every 100 ms, where .NET's waiters ask ever more rarely: waiters are not served in order.
 * - `fencingToken` is the instant of the grant by Redis's clock, in µs, and greater than that of every earlier holder in
 *   Node. .NET's holders have none. It is remembered for 60 s after the lease; after that it grows as long as the clock of
 *   Redis does.
 * - `inspect` shows a holder in .NET by the GUID of its process, and how long ago it renewed the lock; it knows nothing of those
 *   that wait. `revoke` takes the lock from Node's holders only: those of other processes notice it at their next renewal.
 * - There is no re-entrancy, and `durability` is refused.
 */
export interface HangfireLocks extends Lockable<[resource: string]> {
  /** As core's `Locks.close`. The client that you made stays open. */
  close: LeaseLocks['close']
}

export interface HangfireLocksOptions extends FeatureOptions<Omit<LockOptions, 'durability' | 'signal'>> {
  /**
   * What every key begins with, as the .NET application has it.
   * @default '{hangfire}:'
   */
  readonly prefix?: string | undefined
}

/**
 * Locks alone.
 *
 * @param client `ioredisClient(redis)` or `nodeRedisClient(redis)`
 */
export function createHangfireLocks(client: RedisClient, options: HangfireLocksOptions = {}): HangfireLocks {
  const given = checkObject('The options', options) as HangfireLocksOptions
  const link = clientLink(checkClient(client))
  const locks = locksOver(client, link, given)
  return {
    ...locks,
    async close(how) {
      await locks.close(how)
      await link.close()
    },
  }
}

/** Locks of a client that others use, too; `close` lets go of it. */
export function locksOver(
  client: RedisClient,
  link: StorageLink,
  { prefix = '{hangfire}:', ...given }: HangfireLocksOptions,
): LeaseLocks {
  const leases = hangfireLeases(prefix, createScriptRunner(client))
  if (client.cluster !== undefined) checkPrefixOnCluster(prefix)
  return leaseLocks({ ...link, leases }, prefix === '' ? given : { ...given, prefix })
}
