import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../clock.ts'

/** Who has created a job of Hangfire. */
export type JobCreator = 'page' | 'Hangfire'

/** A job of Hangfire, and the review that it is for. */
export interface HangfireJobRow {
  readonly jobId: string
  readonly reviewId: string
  readonly creator: JobCreator
  /** As it was seen last. Null: not yet, or Hangfire has no such job any more. */
  readonly state: string | null
}

/** Which job of Hangfire is for which review. Only the coordinator writes it. */
export interface HangfireJobs {
  /** A job of a review that is gone becomes one of this review. */
  add(job: HangfireJobRow): void
  find(jobId: string): HangfireJobRow | undefined
  /** Newest first. */
  of(reviewId: string): readonly HangfireJobRow[]
  /** Those whose state may change by itself, or by a button of Hangfire's: newest first. */
  open(most: number): readonly HangfireJobRow[]
  /** True: it is another one than before. */
  saw(jobId: string, state: string | null): boolean
}

export const HANGFIRE_SCHEMA = `
CREATE TABLE IF NOT EXISTS hangfire_jobs (
  job_id    TEXT PRIMARY KEY,
  review_id TEXT NOT NULL,
  creator   TEXT NOT NULL CHECK (creator IN ('page', 'Hangfire')),
  state     TEXT,
  at        REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS hangfire_jobs_of ON hangfire_jobs (review_id);
`

const COLUMNS = 'job_id AS jobId, review_id AS reviewId, creator, state'

export function createHangfireJobs(database: DatabaseSync): HangfireJobs {
  const insert = database.prepare('INSERT OR REPLACE INTO hangfire_jobs VALUES (?, ?, ?, ?, ?)')
  const select = database.prepare(`SELECT ${COLUMNS} FROM hangfire_jobs WHERE job_id = ?`)
  const selectOf = database.prepare(
    `SELECT ${COLUMNS} FROM hangfire_jobs WHERE review_id = ? ORDER BY at DESC, rowid DESC`,
  )
  const selectOpen = database.prepare(
    `SELECT ${COLUMNS} FROM hangfire_jobs WHERE state IS NOT NULL AND state NOT IN ('Succeeded', 'Deleted')
     ORDER BY state = 'Failed', at DESC, rowid DESC LIMIT ?`,
  )
  const update = database.prepare('UPDATE hangfire_jobs SET state = ? WHERE job_id = ? AND state IS NOT ?')
  const rows = (found: unknown): readonly HangfireJobRow[] => found as readonly HangfireJobRow[]
  return {
    add: ({ jobId, reviewId, creator, state }) => void insert.run(jobId, reviewId, creator, state, hostNow()),
    find: (jobId) => select.get(jobId) as unknown as HangfireJobRow | undefined,
    of: (reviewId) => rows(selectOf.all(reviewId)),
    open: (most) => rows(selectOpen.all(most)),
    saw: (jobId, state) => update.run(state, jobId, state).changes > 0,
  }
}
