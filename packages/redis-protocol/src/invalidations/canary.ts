import { keyInSlot } from '../slot.ts'

/** No key that callers give has a control character. */
const MARK = '\nnear-'

/**
 * A key under `prefix`, which a link has to report before it counts. `slot`: of a cluster, where all keys of the prefix may lie
 * in another one; then there is none.
 */
export function canaryKey(prefix: string, id: string, slot: number | undefined): string | undefined {
  return slot === undefined ? `${prefix}${MARK}${id}` : keyInSlot(slot, prefix, `${MARK}${id}`)
}

/** Whether a process has made the key for that, this one or another. */
export function isCanary(key: string): boolean {
  return key.includes(MARK)
}
