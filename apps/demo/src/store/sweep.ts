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

/** Undefined: this tick has been done. */
export type Sweep = (order: SweepOrder) => Swept | undefined

/**
 * Removes finished reviews and log lines of jobs that are old, once for each tick: its row is looked up, and written, in the same
 * transaction. Begins, ends and charges stay: they are what is counted. So does the newest row of a table that is read from where the
 * last reader stopped, since SQLite would give its place to the next one.
 */
export function createSweep(database: DatabaseSync): Sweep {
  const done = database.prepare('SELECT 1 FROM clean_ups WHERE slot = ?')
  const insert = database.prepare('INSERT INTO clean_ups VALUES (?, ?, ?, ?, ?, ?)')
  const old = database.prepare(
    `SELECT id FROM reviews WHERE state IN ('Merged', 'Rejected')
       AND (SELECT max(at) FROM review_moves WHERE review_id = id) < ?`,
  )
  const removals = ['findings', 'comments', 'notifications', 'second_opinions'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE review_id = ?`),
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
      const reviews = old.all(now - keepMs).map(({ id }) => String(id))
      for (const id of reviews) for (const removal of [...removals, removeReview]) removal.run(id)
      removeMoves.run()
      const lines = Number(removeLines.run(now - keepMs).changes)
      insert.run(now, slot, instance, fencingToken, JSON.stringify(reviews), lines)
      return { reviews, lines }
    })
}
