import type { FindingCode } from '@holdfast/redis-protocol'
import { type Explanations, explained } from './explanation.ts'

/** Of a separate storage of the cache: that it is away, and what stops it, behind `CACHE_`. */
export type CacheFindingCode =
  | 'CACHE_UNAVAILABLE'
  | `CACHE_${Extract<FindingCode, 'REPLICA' | 'COMMANDS_REFUSED'>}`

/** What `verify()` finds on a Redis. */
export const REDIS_FINDINGS: Explanations<FindingCode> = explained(
  { kind: 'finding', from: '@holdfast/redis-protocol' },
  {
    COMMANDS_REFUSED: [
      'Redis refuses what a feature does all the time: rights are missing, memory is full, replicas or slots are away. No lock can be had and no job can start; for the cache alone, every load runs.',
      'Do what the fix of the finding says. For missing rights run the line that holdfast acl prints; for OOM raise maxmemory or free memory.',
    ],
    REPLICA: [
      'The server is a replica: it refuses writes, and shows what is older than the truth.',
      'Connect to the primary, through Sentinel or a cluster client.',
    ],
    EVICTION_POLICY: [
      'Redis deletes keys when its memory is full. A deleted record is a job that runs twice, a deleted lease a lock with two holders.',
      'CONFIG SET maxmemory-policy noeviction, then CONFIG REWRITE. Give a cache that must be evictable a separate Redis (cacheStorage).',
    ],
    KEYS_EVICTED: [
      'Redis evicts no keys now, but has evicted some since it started. Where records or leases were among them, jobs ran twice and locks had two holders.',
      'See what may have run twice. The warning ends with CONFIG RESETSTAT, or with a restart of Redis.',
    ],
    SERVER_TOO_OLD: [
      'The server is older than Redis 6.2, and lacks commands that Holdfast needs.',
      'Upgrade to Redis 6.2 or newer, or to Valkey.',
    ],
    MASTERS_CLOCK_DIFFERENCE: [
      "The clocks of the cluster's masters differ by more than half a second, so claims may be refused as too late.",
      'Synchronise all masters with NTP.',
    ],
    CLOCK_DIFFERENCE: [
      'The clocks of Redis and of this machine differ by more than five seconds. Nothing depends on that, but the times of Holdfast will not match your logs.',
      'Synchronise both with NTP.',
    ],
    NO_PERSISTENCE: [
      'Redis writes nothing to disk: after a restart every job may run again, and every lock is free.',
      'CONFIG SET appendonly yes, with appendfsync everysec or always, then CONFIG REWRITE.',
    ],
    SNAPSHOTS_ONLY: [
      'Redis saves snapshots only: a restart forgets what was written since the last one.',
      'CONFIG SET appendonly yes, with appendfsync everysec or always, then CONFIG REWRITE.',
    ],
    PERSISTENCE_NOT_SHOWN: [
      'Redis keeps no append-only file, and CONFIG GET is refused, so it is not known whether it saves snapshots.',
      'Make sure by other means that it survives a restart, or permit CONFIG GET (holdfast acl with the feature health).',
    ],
    SERVER_NOT_SHOWN: [
      'INFO is refused, so the version, the eviction policy and the persistence are not known.',
      'Permit INFO, or make sure by other means: Redis 6.2 or newer, maxmemory-policy noeviction, appendonly yes.',
    ],
    SUBSCRIBE_REFUSED: [
      'Subscribing is refused. Everything works, but those who wait for a lock, a result or a value ask from time to time instead of receiving pushes.',
      'Give the user the channels in the line that holdfast acl prints; a proxy in between must permit SUBSCRIBE.',
    ],
    PUBLISH_REFUSED: [
      'A published message did not arrive within a second. Everything works, but those who wait ask from time to time instead of receiving pushes.',
      'Permit PUBLISH (the line that holdfast acl prints); a proxy in between must pass messages on.',
    ],
    COUNT_REFUSED: [
      'Redis does not let listeners be counted, so a release does not pass over a waiter that has died: the next one gets the lock one claimMs later.',
      'Permit PUBSUB (the line that holdfast acl prints).',
    ],
    TRACKING_REFUSED: [
      'Redis refuses to report changes to a cache with near: rights to CLIENT TRACKING are missing, or the service does not offer it. Everything works, and every read goes to Redis.',
      'Run the line that holdfast acl prints; where the service does not offer it, leave near out.',
    ],
    TRACKING_CHANNEL: [
      'The user has no right to the channel on which Redis reports changes to a cache with near. Everything works, and every read goes to Redis.',
      'Give the user the channel &__redis__:invalidate (the line that holdfast acl prints).',
    ],
    TRACKING_UNPROVEN: [
      'A write was not reported to a cache with near: reads and reports come from two servers, or a proxy in between drops the reports. Everything works, and every read goes to Redis.',
      'Connect to the primary itself; a proxy in between must pass on what the server sends by itself.',
    ],
  },
)

/** What `health()` adds about a separate `cacheStorage`. */
export const CACHE_FINDINGS: Explanations<CacheFindingCode> = explained(
  { kind: 'finding', from: '@holdfast/core' },
  {
    CACHE_UNAVAILABLE: [
      'The separate Redis of the cache (cacheStorage) does not answer. Every load runs.',
      'Bring it back; nothing else need be done.',
    ],
    CACHE_REPLICA: [
      'The separate Redis of the cache (cacheStorage) is a replica. It stores nothing, and every load runs.',
      'Connect cacheStorage to the primary.',
    ],
    CACHE_COMMANDS_REFUSED: [
      'The separate Redis of the cache (cacheStorage) refuses what the cache does. Every load runs.',
      'Run holdfast doctor --features cache with the URL of that Redis: it names the rights or the memory that is missing.',
    ],
  },
)
