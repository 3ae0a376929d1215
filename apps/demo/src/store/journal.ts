import type { DatabaseSync } from 'node:sqlite'
import type { Verdict } from '../events/page-event.ts'
import type { JobType } from '../jobs/job.ts'
import type { JobRun } from './witness.ts'

/** An effect that was written, or refused, and when. */
export interface EffectRow {
  readonly at: number
  readonly jobType: JobType
  readonly jobKey: string
  readonly effect: string
  readonly instance: string
  readonly fence: number
}

export interface RefusalRow extends EffectRow {
  /** The larger one that the effect has seen. */
  readonly newest: number
}

/** Who cleaned up at a tick. */
export interface CleanUpRow {
  readonly at: number
  readonly slot: number
  readonly instance: string
  readonly fence: number
  /** Ids of those that were removed. */
  readonly reviews: readonly string[]
  readonly lines: number
}

/** Rows that were inserted since the last look. */
export interface JournalPage {
  readonly runs: readonly JobRun[]
  readonly saved: readonly EffectRow[]
  readonly refused: readonly RefusalRow[]
  readonly cleanUps: readonly CleanUpRow[]
  /** How many states of reviews have changed. */
  readonly moves: number
}

/** What all processes have written into the tables that only grow, in the order of insertion. */
export interface Journal {
  /** Undefined: nothing was written since the last call. */
  next(): JournalPage | undefined
  /** `twice`: work that has ended again although it began within the window of an earlier end. */
  count(windowMs: number): Pick<Verdict, 'twice' | 'refusedWrites'>
}

const EFFECT = 'at, job_type AS jobType, review_id AS jobKey, effect, instance, fence'

type StoredCleanUp = Omit<CleanUpRow, 'reviews'> & { readonly reviews: string }

export function createJournal(database: DatabaseSync): Journal {
  const version = database.prepare('PRAGMA data_version')
  const runs = database.prepare(
    `SELECT rowid, at, job_type AS jobType, job_key AS jobKey, execution_id AS executionId, attempt, instance, client,
            event, detail FROM job_runs WHERE rowid > ? ORDER BY rowid`,
  )
  const saved = database.prepare(`SELECT rowid, ${EFFECT} FROM saved_effects WHERE rowid > ? ORDER BY rowid`)
  const refused = database.prepare(
    `SELECT rowid, ${EFFECT}, newest FROM refused_writes WHERE rowid > ? ORDER BY rowid`,
  )
  const moves = database.prepare('SELECT rowid FROM review_moves WHERE rowid > ? ORDER BY rowid')
  const cleanUps = database.prepare('SELECT rowid, * FROM clean_ups WHERE rowid > ? ORDER BY rowid')
  const counted = database.prepare(
    `SELECT (SELECT count(*) FROM (SELECT 1 FROM job_runs AS one
               JOIN job_runs AS other USING (job_key, job_type)
               JOIN job_runs AS start ON start.job_key = other.job_key AND start.job_type = other.job_type
                AND start.execution_id = other.execution_id AND start.event = 'begin'
              WHERE one.event = 'end' AND other.event = 'end' AND other.rowid > one.rowid
                AND start.at < one.at + ?
              GROUP BY one.job_type, one.job_key))
          + (SELECT count(*) FROM (SELECT 1 FROM charges GROUP BY review_id HAVING count(*) > 1)) AS twice,
            (SELECT count(*) FROM refused_writes) AS refusedWrites`,
  )
  let seenVersion: unknown
  const places = new Map<typeof runs, number>()
  const after = <Row>(statement: typeof runs): readonly Row[] => {
    const found = statement.all(places.get(statement) ?? 0) as unknown as readonly (Row & { rowid: number })[]
    return found.map(({ rowid, ...row }) => {
      places.set(statement, rowid)
      return row as Row
    })
  }
  return {
    next() {
      const now = (version.get() as { data_version: unknown }).data_version
      if (now === seenVersion) return undefined
      seenVersion = now
      return {
        runs: after<JobRun>(runs),
        saved: after<EffectRow>(saved),
        refused: after<RefusalRow>(refused),
        moves: after(moves).length,
        cleanUps: after<StoredCleanUp>(cleanUps).map((row) => ({
          ...row,
          reviews: JSON.parse(row.reviews) as readonly string[],
        })),
      }
    },
    count: (windowMs) => counted.get(windowMs) as unknown as ReturnType<Journal['count']>,
  }
}
