import { type Check, type OptionTable, checkOneOf, refuse } from '@holdfast/core/storage'

/** What a log line may say of the execution around it. */
export type JobField = 'executionId' | 'jobType' | 'jobKey' | 'attempt'

const FIELDS: readonly JobField[] = ['executionId', 'jobType', 'jobKey', 'attempt']

export interface PinoOptions {
  /**
   * Which fields a line gets. Leave `jobKey` out where keys hold what a log must not.
   * @default ['executionId', 'jobType', 'jobKey', 'attempt']
   */
  readonly fields?: readonly JobField[] | undefined
}

const checkFields: Check<readonly JobField[]> = (name, fields) => {
  if (!Array.isArray(fields)) return refuse(name, fields, `a list of ${FIELDS.join(', ')}`)
  return fields.map((field: JobField, index) => checkOneOf(`${name}[${index}]`, field, FIELDS))
}

export const PINO: OptionTable<PinoOptions> = { fields: [checkFields, FIELDS] }
