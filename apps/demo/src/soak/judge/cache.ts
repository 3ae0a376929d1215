import { PRICE_TTL_MS } from '../instance/settings.ts'
import { type Invariant, broken, count } from './invariant.ts'

/** What a process keeps for itself while its storage does not answer, it keeps for 5 s; the rest is for a machine that is slow. */
const DEGRADED_MS = 6_000

/** So long after a failover that loses writes, the value before a lost invalidation may be there. */
const AFTER_LOSS_MS = PRICE_TTL_MS + 1_000

/**
 * A read that began after an acknowledged invalidation sees no older value. docs/guarantees.md names two exceptions: what a process
 * that does not reach the storage has in its memory, for 5 s, and invalidations that a failover has lost.
 */
export const nothingStale: Invariant = (database) => ({
  invariant: 'no cached price was older than its invalidation',
  of: `${count(database, 'soak_price_reads')} reads, ${count(database, 'soak_invalidations')} invalidations`,
  broken: broken<{ instance: string; version: number; owed: number; how: string }>(
    database,
    `SELECT instance, version, owed, how FROM soak_price_reads AS r
     WHERE version < owed
       AND NOT (how LIKE '%memoryHit%' AND r.at < ${DEGRADED_MS} + (
         SELECT min(at) FROM soak_invalidations WHERE version > r.version))
       AND NOT EXISTS (
         SELECT 1 FROM soak_faults AS f WHERE kind = 'lossy-failover'
           AND r.at BETWEEN f.began_at AND f.ended_at + ${AFTER_LOSS_MS}
           AND r.version >= coalesce((SELECT max(version) FROM soak_invalidations WHERE at < f.began_at), 0))`,
    ({ instance, version, owed, how }) =>
      `${instance} read version ${version} after that before ${owed} was invalidated (${how})`,
  ),
})
