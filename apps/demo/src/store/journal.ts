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

/** Rows that were inserted since the last look. */
export interface JournalPage {
  readonly runs: readonly JobRun[]
  readonly saved: readonly EffectRow[]
  readonly refused: readonly RefusalRow[]
}

/** What all processes have written into the tables that only grow, in the order of insertion. */
export interface Journal {
  /** Undefined: nothing was written since the last call. */
  next(): JournalPage | undefined
  count(): Pick<Verdict, 'twice' | 'refusedWrites'>
}

const EFFECT = 'at, job_type AS jobType, review_id AS jobKey, effect, instance, fence'

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
  const counted = database.prepare(
    `SELECT (SELECT count(*) FROM (SELECT 1 FROM job_runs WHERE event = 'end' GROUP BY job_type, job_key
                                   HAVING count(*) > 1))
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
      }
    },
    count: () => counted.get() as unknown as ReturnType<Journal['count']>,
  }
}
