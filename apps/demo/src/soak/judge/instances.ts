import { type Invariant, broken, count } from './invariant.ts'

/** Whatever was asked to end has ended by itself, in time. */
export const everythingCloses: Invariant = (database) => ({
  invariant: 'everything closed in time',
  of: `${count(database, 'soak_closings')} closings`,
  broken: broken<{ instance: string; ms: number; limit: number }>(
    database,
    'SELECT instance, took_ms AS ms, limit_ms AS "limit" FROM soak_closings WHERE took_ms >= limit_ms',
    ({ instance, ms, limit }) =>
      `${instance} had not closed after ${limit / 1_000} s (${(ms / 1_000).toFixed(1)} s in all)`,
  ),
})

/** None ended that was not ended. */
export const nothingCrashed: Invariant = (database) => ({
  invariant: 'no instance ended by itself',
  of: `${count(database, 'soak_faults')} disturbances`,
  broken: broken<{ instance: string; reason: string }>(
    database,
    'SELECT instance, reason FROM soak_crashes',
    ({ reason }) => reason,
  ),
})
