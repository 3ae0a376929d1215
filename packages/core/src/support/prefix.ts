import { checkName } from '../check.ts'

/** The app's part of a storage key. Apps never share a key: the first `:` of a key ends the prefix. */
export function appOf(prefix: string): string {
  return checkName('prefix', prefix).replace(/[%:]/g, encodeURIComponent)
}
