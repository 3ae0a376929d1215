import type { StoredValue } from '../storage/values.ts'

const PLACEHOLDER = /^(L[\w-]{22}\.\d{16};)\+?$/

/** What the mark of a load is made of; the storage adds its clock. */
export function placeholderMark(id: string): string {
  return `L${id}.`
}

/** The placeholder that is stored, without the sign that a process waits; undefined when it is something else. */
export function placeholderOf(stored: StoredValue): string | undefined {
  if (stored.length > 64) return undefined
  return PLACEHOLDER.exec(typeof stored === 'string' ? stored : Buffer.from(stored).toString())?.[1]
}
