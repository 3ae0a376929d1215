import type { ScanStep } from '@holdfast/redis-protocol'
import { createLogUpdate } from 'log-update'
import { count, counted } from './text.ts'

export interface Scanned<T> {
  readonly found: readonly T[]
  readonly scanned: number
  readonly keys: number | undefined
  /** False: it was ended before it had seen all keys. */
  readonly complete: boolean
}

/** Collects what a scan finds, and shows on a terminal how far it is. `enough`: where to end it. */
export async function scanned<T>(
  steps: AsyncIterable<ScanStep<T>>,
  enough: (scanned: number, found: readonly T[]) => boolean = () => false,
): Promise<Scanned<T>> {
  const progress = process.stderr.isTTY ? createLogUpdate(process.stderr) : undefined
  const found: T[] = []
  let last: Pick<ScanStep<T>, 'scanned' | 'keys'> = { scanned: 0, keys: undefined }
  try {
    for await (const step of steps) {
      found.push(...step.found)
      last = { scanned: step.scanned, keys: step.keys }
      progress?.(`${lookedAt(step)} …`)
      if (enough(step.scanned, found)) return { found, ...last, complete: false }
    }
  } finally {
    progress?.clear()
    progress?.done()
  }
  // SCAN says how far it is only about.
  return { found, scanned: last.keys ?? last.scanned, keys: last.keys, complete: true }
}

/** `looked at 1,200 of 5,000 keys`, in the end `looked at all 5,000 keys`. */
export function lookedAt({
  scanned: seen,
  keys,
  complete = false,
}: Pick<ScanStep<unknown>, 'scanned' | 'keys'> & { readonly complete?: boolean }): string {
  if (complete) return `looked at all ${keys === undefined ? 'keys' : counted(keys, 'key')}`
  return `looked at ${count(seen)}${keys === undefined ? '' : ` of ${count(keys)}`} keys`
}
