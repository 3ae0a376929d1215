import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../clock.ts'
import { transaction } from './database.ts'

export interface SweepOrder {
  /** The tick, in milliseconds since 1970: the key. */
  readonly slot: number
  readonly instance: string
  readonly fencingToken: number
  /** What is younger stays. */
  readonly keepMs: number
}

export interface Swept {
  /** Ids of the reviews that were removed. */
  readonly reviews: readonly string[]
  /** Log lines of jobs: their stages. */
  readonly lines: number
}

const DAY_MS = 86_400_000

/** A run that has not ended by then never will: its process is gone. */
const OPEN_MS = DAY_MS

/** Longer than a forge may deliver the same again. */
const REMEMBER_MS = 4 * DAY_MS

/** Undefined: this tick has been done. */
export type Sweep = (order: SweepOrder) => Swept | undefined

/**
 * Removes finished reviews that no job uses, and log lines of jobs, that are old, once for each tick: its row is looked up, and written, in the same
 * transaction. Begins, ends and charges stay: they are what is counted. So does the newest row of a table that is read from where the
 * last reader stopped, since SQLite would give its place to the next one.
 */
export function createSweep(database: DatabaseSync): Sweep {
  const done = database.prepare('SELECT 1 FROM clean_ups WHERE slot = ?')
  const insert = database.prepare('INSERT INTO clean_ups VALUES (?, ?, ?, ?, ?, ?)')
  const old = database.prepare(
    `SELECT id FROM reviews WHERE state IN ('Merged', 'Rejected')
       AND (SELECT max(at) FROM review_moves WHERE review_id = id) < :old
       AND NOT EXISTS (SELECT 1 FROM review_uses WHERE review_id = id AND at >= :old)
       AND NOT EXISTS (SELECT 1 FROM job_runs WHERE job_key = id AND at >= :old)
       AND NOT EXISTS (
         SELECT 1 FROM job_runs AS begun WHERE job_key = id AND event = 'begin' AND at >= :openSince
           AND NOT EXISTS (SELECT 1 FROM job_runs AS later WHERE later.job_key = begun.job_key
             AND later.job_type = begun.job_type AND later.rowid > begun.rowid AND later.event IN ('end', 'failed')))`,
  )
  // What was neither done nor paid for may be asked for again.
  const remember = database.prepare(
    `INSERT INTO removed_reviews SELECT ?, id, repository, base_commit, head_commit FROM reviews WHERE id = ?
       AND (has_failed = 0 OR EXISTS (SELECT 1 FROM charges WHERE review_id = id))`,
  )
  const forget = database.prepare('DELETE FROM removed_reviews WHERE at < ?')
  const removals = [
    'findings',
    'comments',
    'notifications',
    'second_opinions',
    'review_uses',
    'hangfire_jobs',
  ].map((table) => database.prepare(`DELETE FROM ${table} WHERE review_id = ?`))
  // A job that has ended late may have left one behind.
  const removeOrphans = database.prepare(
    'DELETE FROM second_opinions WHERE review_id NOT IN (SELECT id FROM reviews)',
  )
  const removeReview = database.prepare('DELETE FROM reviews WHERE id = ?')
  const removeMoves = database.prepare(
    `DELETE FROM review_moves WHERE review_id NOT IN (SELECT id FROM reviews)
       AND rowid < (SELECT max(rowid) FROM review_moves)`,
  )
  const removeLines = database.prepare(
    `DELETE FROM job_runs WHERE event = 'stage' AND at < ? AND rowid < (SELECT max(rowid) FROM job_runs)`,
  )
  return ({ slot, instance, fencingToken, keepMs }) =>
    transaction(database, () => {
      if (done.get(slot) !== undefined) return undefined
      const now = hostNow()
      const reviews = old.all({ old: now - keepMs, openSince: now - OPEN_MS }).map(({ id }) => String(id))
      for (const id of reviews) {
        remember.run(now, id)
        for (const removal of [...removals, removeReview]) removal.run(id)
      }
      forget.run(now - REMEMBER_MS)
      removeOrphans.run()
      removeMoves.run()
      const lines = Number(removeLines.run(now - keepMs).changes)
      insert.run(now, slot, instance, fencingToken, JSON.stringify(reviews), lines)
      return { reviews, lines }
    })
}
