import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../clock.ts'
import type { JobType } from '../jobs/job.ts'

/** One line of testimony by a job body: it began, entered a stage, ended, or failed. */
export interface JobRun {
  /** Milliseconds since the epoch on the clock of the machine, which all instances share here. */
  readonly at: number
  readonly jobType: string
  readonly jobKey: string
  readonly executionId: string
  readonly attempt: number
  readonly instance: string
  readonly client: string
  readonly event: 'begin' | 'stage' | 'end' | 'failed'
  readonly detail: string
}

/** What the job bodies say about themselves: the judge of a run, independent of every counter of ours. */
export interface Witness {
  record(run: Omit<JobRun, 'at'>): void
  /** In the order of insertion. */
  all(): readonly JobRun[]
  /** Of one piece of work. */
  of(jobType: JobType, jobKey: string): readonly JobRun[]
}

export function createWitness(database: DatabaseSync): Witness {
  const insert = database.prepare('INSERT INTO job_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const columns = `at, job_type AS jobType, job_key AS jobKey, execution_id AS executionId, attempt, instance, client,
            event, detail`
  const select = database.prepare(`SELECT ${columns} FROM job_runs ORDER BY rowid`)
  const selectOf = database.prepare(
    `SELECT ${columns} FROM job_runs WHERE job_key = ? AND job_type = ? ORDER BY rowid`,
  )
  return {
    record({ jobType, jobKey, executionId, attempt, instance, client, event, detail }) {
      insert.run(hostNow(), jobType, jobKey, executionId, attempt, instance, client, event, detail)
    },
    all: () => select.all() as unknown as readonly JobRun[],
    of: (jobType, jobKey) => selectOf.all(jobKey, jobType) as unknown as readonly JobRun[],
  }
}
