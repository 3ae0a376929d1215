import { HoldfastError } from '@holdfast/core'
import { clock, type Witness } from '@holdfast/test-support/chaos'

/** The code of an error that Holdfast documents; any other error is witnessed as a surprise. */
export function codeOf(witness: Witness, error: unknown): string {
  if (HoldfastError.isInstance(error)) return error.code === 'STORAGE_REFUSED' ? refusal(error) : error.code
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  witness.record({ type: 'surprise', at: clock(), what })
  return 'SURPRISE'
}

/** What the answer to an owner's write means: refused, or not known. */
export function refusedOrUnknown(code: string): false | null {
  return code === 'LEASE_LOST' ? false : null
}

/** The server says why: in the first word, unless that says nothing. */
function refusal({ code, cause }: HoldfastError): string {
  const message = cause instanceof Error ? cause.message : ''
  return `${code} ${message.startsWith('ERR ') ? message : message.split(' ')[0]}`
}
