import { type Invariant, broken, count } from './invariant.ts'

/**
 * A failover that loses writes can grant a lock again that is held, until the first holder's next renewal, at most a lease later:
 * docs/guarantees.md. So long after it, two valid holders are no surprise; two with one fence always are.
 */
const AFTER_LOSS_MS = 6_000

/** By the fences that were written under it, in the order of the database. */
export const noLockTwice: Invariant = (database) => ({
  invariant: 'no lock was held twice',
  of: `${count(database, 'soak_lock_rows')} rows with fences`,
  broken: [
    ...broken<{ lock: string; fence: number; holders: string }>(
      database,
      `SELECT lock, fence, group_concat(DISTINCT instance || ' ' || holder) AS holders FROM soak_lock_rows
       GROUP BY lock, fence HAVING count(DISTINCT holder) > 1`,
      ({ lock, fence, holders }) => `${lock}: one fence, ${fence}, for two holders: ${holders}`,
    ),
    ...broken<{ lock: string; fence: number; newest: number; instance: string }>(
      database,
      `WITH ordered AS (
         SELECT *, max(fence) OVER (PARTITION BY lock ORDER BY rowid) AS newest FROM soak_lock_rows)
       SELECT lock, fence, newest, instance FROM ordered
       WHERE valid = 1 AND fence < newest AND NOT EXISTS (
         SELECT 1 FROM soak_faults WHERE kind = 'lossy-failover'
           AND ordered.at BETWEEN began_at AND ended_at + ${AFTER_LOSS_MS})`,
      ({ lock, fence, newest, instance }) =>
        `${lock}: ${instance} held it with ${fence} after a holder with ${newest}`,
    ),
    ...broken<{ lock: string; fence: number }>(
      database,
      `WITH ordered AS (
         SELECT *, max(fence) OVER (PARTITION BY lock ORDER BY rowid) AS newest FROM soak_lock_rows)
       SELECT lock, fence FROM ordered WHERE accepted = 1 AND fence < newest`,
      ({ lock, fence }) => `${lock}: the database took the fence ${fence} after a greater one`,
    ),
  ],
})
