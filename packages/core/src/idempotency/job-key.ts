import { checkName } from '../support/checks.ts'
import type { RecordKey } from '../storage/records.ts'

/** One job and one key of it. */
export interface JobKey {
  readonly jobType: string
  readonly jobKey: string
  readonly key: RecordKey
  /** Identifies the key in the maps of this process. */
  readonly mapKey: string
}

/** The keys of an app's executions. */
export interface JobKeys {
  /** Checks both. */
  of(jobType: string, jobKey: string): JobKey
  /** The collection that lists the executions of a job type. */
  collection(jobType: string): string
  /** The collection that lists the job types. */
  readonly jobTypes: string
}

/** Different apps, job types and keys never share a record. */
export function jobKeysWith(app: string): JobKeys {
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
      return { jobType, jobKey, key, mapKey: mapKeyOf(key) }
    },
    collection,
    jobTypes: app,
  }
}

function mapKeyOf(key: RecordKey): string {
  return `${key.collection}\n${key.id}`
}
