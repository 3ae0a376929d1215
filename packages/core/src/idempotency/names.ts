import { checkName } from '../support/checks.ts'
import type { RecordKey } from '../storage/records.ts'

/** One job and one key of it. */
export interface ExecutionName {
  readonly jobType: string
  readonly jobKey: string
  readonly key: RecordKey
  /** Stands for the key in this process. */
  readonly text: string
}

/** Where the executions of an app are kept. */
export interface Names {
  /** Checks both. */
  of(jobType: string, jobKey: string): ExecutionName
  /** What the executions of a job type are listed under. */
  collection(jobType: string): string
  /** What the job types are listed under. */
  readonly jobTypes: string
}

/** Different apps, job types and keys never share a record. */
export function namesWith(app: string): Names {
  let lastType: string | undefined
  let lastCollection = ''
  const collection = (jobType: string): string => {
    // A process starts many jobs of few types.
    if (jobType !== lastType) {
      lastCollection = `${app}:${checkName('jobType', jobType)}`
      lastType = jobType
    }
    return lastCollection
  }
  return {
    of(jobType, jobKey) {
      const key = { collection: collection(jobType), id: checkName('jobKey', jobKey) }
      return { jobType, jobKey, key, text: keyText(key) }
    },
    collection,
    jobTypes: app,
  }
}

export function keyText(key: RecordKey): string {
  return `${key.collection}\n${key.id}`
}
