import { checkString } from '../support/checks.ts'

/**
 * Text in a pattern of `removeByPattern`, where each of its characters stands for itself:
 * ``cache.removeByPattern(`user:${escapeGlob(name)}:*`)``. It holds within brackets as well.
 */
export function escapeGlob(text: string): string {
  return checkString('text', text).replace(/[*?[\]\\^-]/g, '\\$&')
}
