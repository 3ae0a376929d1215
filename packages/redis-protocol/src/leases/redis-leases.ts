import {
  type AcquireReply,
  type Durability,
  ENDED_KEPT_MS,
  type LeaseRequest,
  type LeaseStorage,
  RETENTION_MS,
} from '@holdfast/core/storage'
import type { RedisClient } from '../client.ts'
import { clampedDigits } from '../digits.ts'
import type { Keys } from '../keys.ts'
import type { PubSub } from '../pub-sub.ts'
import type { RunScript } from '../script.ts'
import { acquireLease } from './acquire.ts'
import { countListeners } from './count-listeners.ts'
import {
  decodeAcquire,
  decodeCount,
  decodeExtend,
  decodePush,
  decodeRelease,
  decodeRevoke,
  decodeReap,
  decodeView,
} from './decode.ts'
import { extendLease } from './extend.ts'
import { inspectLease } from './inspect.ts'
import { releaseLease } from './release.ts'
import { createReplication } from './replication.ts'
import { revokeLease } from './revoke.ts'
import { createShardedWaits } from './sharded-waits.ts'
import { reapLease } from './reap.ts'

/** How a waiter hears of its turn, and whether others may pass it over: the first letter of a policy, see `HAND_OVER`. */
const [UNCOUNTED, COUNTED, COUNTED_IN_SHARD] = ['0', '1', '2'] as const
/** Whether an acquire joins the queue: one letter of its request, see `acquire.ts`. */
const [DOES_NOT_WAIT, WAITS] = ['0', '1'] as const

export interface RedisLeases extends LeaseStorage {
  /** Ends the connections that were opened to wait for replicas. */
  close(): void
}

/**
 * The leases facet on Redis: a string and a sorted set a key, one script a step. Classic pub/sub notifies a process
 * on its channel.
 *
 * What its guarantees rest on beyond the port's: a fence grows over the loss of the key (60 seconds after its last
 * lease, eviction, a failover that lost writes) as long as the clock of the server that grants next is not behind the
 * moment of the last grant. In a cluster PUBLISH does not count receivers on other nodes: where client and server have
 * no sharded pub/sub, a waiter that is not connected is not passed over but stops the queue for one claim time, after
 * which its process has left the queue.
 */
export function redisLeases(client: RedisClient, run: RunScript, keys: Keys, pubSub: PubSub): RedisLeases {
  const exact = pubSub.receiverCount === 'exact'
  const sharded = createShardedWaits(pubSub)
  const replication = createReplication(client)
  const stateOf = (key: string): string => `${keys.leaseTag(key)}:s`
  const keysOf = (key: string): [state: string, queue: string] => {
    const tag = keys.leaseTag(key)
    return [`${tag}:s`, `${tag}:q`]
  }
  const keyOf = (state: string): string => keys.leaseName(state.slice(0, -2))
  const { leaseChannel: channel } = keys
  /** How hand-offs go, as the scripts take it: see `HAND_OVER` in `state.ts`. */
  const policy = (claimMs: number, uncounted = false): string => {
    const counted = exact ? COUNTED : sharded.usable ? COUNTED_IN_SHARD : UNCOUNTED
    return (uncounted ? UNCOUNTED : counted) + clampedDigits(claimMs, 5) + channel
  }

  const through = <R extends object>(
    key: string,
    durability: Durability | undefined,
    send: (run: RunScript) => Promise<R>,
  ): Promise<R> =>
    durability === undefined ? send(run) : replication.confirmed(stateOf(key), durability, send)

  const acquire = (key: string, request: LeaseRequest): Promise<AcquireReply> => {
    const { token, leaseMs, permits, wait, claimMs, notAfter, durability, uncounted } = request
    return through(key, durability, (on) =>
      on(
        acquireLease,
        keysOf(key),
        [
          token,
          String(leaseMs),
          String(leaseMs + RETENTION_MS),
          clampedDigits(notAfter, 13),
          clampedDigits(permits, 4) + (wait ? WAITS : DOES_NOT_WAIT) + policy(claimMs, uncounted),
        ],
        decodeAcquire,
      ),
    )
  }

  return {
    acquire: (key, request) =>
      sharded.usable && request.wait
        ? sharded.acquire(stateOf(key), request.token, () => acquire(key, request))
        : acquire(key, request),

    release(key, { token, claimMs, notAfter }) {
      if (!exact) sharded.done(stateOf(key), token)
      return run(
        releaseLease,
        keysOf(key),
        [token, clampedDigits(notAfter - ENDED_KEPT_MS, 13), policy(claimMs)],
        decodeRelease,
      )
    },

    extend: (key, { token, leaseMs, durability }) =>
      through(key, durability, (on) =>
        on(extendLease, [stateOf(key)], [token, String(leaseMs)], decodeExtend),
      ),

    reapExpired: (key, claimMs) => run(reapLease, keysOf(key), [policy(claimMs)], decodeReap),

    revoke: (key, { token = '', claimMs }) =>
      run(revokeLease, keysOf(key), [token, policy(claimMs)], decodeRevoke),

    inspect: (key) => run(inspectLease, keysOf(key), [], decodeView),

    async listen(process, onPush) {
      const listener = {
        message(payload: string) {
          const push = decodePush(payload, keyOf)
          if (push !== undefined) onPush(push)
        },
        restored: () => onPush({ kind: 'gap' }),
      }
      const stops = [await pubSub.subscribe(`${channel}${process}}`, listener)]
      if (sharded.usable) stops.push(await sharded.listen(process, listener))
      return async () => {
        for (const stop of stops) await stop()
        // Who stops to listen is done: nothing shall keep the process alive then.
        pubSub.closeIfIdle()
      }
    },

    async countListeners(process) {
      const count = (state: string, how: '' | '*'): Promise<number | undefined> =>
        run(countListeners, [state], [how, channel, process], decodeCount)
      if (exact) return await count(stateOf(process), '')
      // Classic pub/sub of a cluster: other nodes' receivers are not counted.
      const counts = await Promise.all(sharded.statesOf(process).map((state) => count(state, '*')))
      const known = counts.filter((one) => one !== undefined)
      return known.length === 0 ? undefined : Math.min(...known)
    },

    listenAnew: (process) => (exact ? pubSub.renew() : sharded.listenAnew(process)),

    onReconnected: (listener) => client.onReconnected?.(listener) ?? (() => {}),

    close() {
      replication.close()
      sharded.close()
    },
  }
}
