import type { ExecutionContext } from '@holdfast/core'

// #region helper
/** Once for each database. PostgreSQL and SQLite take it as it is. */
export const JOB_EFFECTS = `
  create table if not exists job_effects (
    job_type text not null,
    job_key  text not null,
    effect   text not null,
    fence    bigint not null,
    primary key (job_type, job_key, effect)
  )`

/** Runs a statement with $1, $2, … in the transaction that is open, and says how many rows it changed. */
export type Execute = (sql: string, params: readonly (string | number)[]) => number | Promise<number>

type Owner = Pick<ExecutionContext, 'jobType' | 'jobKey' | 'fencingToken'>

/**
 * True for the first attempt of this job that commits, and for no other: write the effect in the same transaction.
 * False: it has been written.
 */
export async function isFirst(execute: Execute, owner: Owner, effect: string): Promise<boolean> {
  const { jobType, jobKey, fencingToken } = owner
  const insert = `insert into job_effects values ($1, $2, $3, $4) on conflict do nothing`
  return (await execute(insert, [jobType, jobKey, effect, fencingToken])) === 1
}

/**
 * True unless a later attempt of this job has written the effect: replace it in the same transaction. False: this
 * attempt was only thought to be the owner; roll back.
 */
export async function isNewest(execute: Execute, owner: Owner, effect: string): Promise<boolean> {
  const { jobType, jobKey, fencingToken } = owner
  const upsert = `insert into job_effects values ($1, $2, $3, $4)
    on conflict (job_type, job_key, effect) do update set fence = excluded.fence
    where job_effects.fence <= excluded.fence`
  return (await execute(upsert, [jobType, jobKey, effect, fencingToken])) === 1
}
// #endregion
