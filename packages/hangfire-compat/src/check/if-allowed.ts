import { HoldfastError } from '@holdfast/core'
import { asStorageError } from '@holdfast/redis-protocol'
import type { Findings } from './findings.ts'

/** What a command shows beyond the rest; undefined after noting that Redis refused it, as managed servers may. */
export async function ifAllowed<T>(
  findings: Findings,
  command: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read()
  } catch (thrown) {
    const error = asStorageError(thrown, command)
    if (!HoldfastError.isInstance(error) || error.code !== 'STORAGE_REFUSED') throw error
    findings.add('NOT_ALLOWED', command)
    return undefined
  }
}
