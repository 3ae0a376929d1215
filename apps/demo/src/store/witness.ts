import type { DatabaseSync } from 'node:sqlite'

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
}

export function createWitness(database: DatabaseSync): Witness {
  const insert = database.prepare('INSERT INTO job_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const select = database.prepare(
    `SELECT at, job_type AS jobType, job_key AS jobKey, execution_id AS executionId, attempt, instance, client,
            event, detail FROM job_runs ORDER BY rowid`,
  )
  return {
    record({ jobType, jobKey, executionId, attempt, instance, client, event, detail }) {
      insert.run(Date.now(), jobType, jobKey, executionId, attempt, instance, client, event, detail)
    },
    all: () => select.all() as unknown as readonly JobRun[],
  }
}
