import type { History } from '../history.ts'
import type { Violation } from './violation.ts'

/**
 * No lost update: at a resource that compares fences, every accepted write was based on the current value. This holds no
 * matter what the storage forgot, because that is the purpose of a fence.
 */
export function checkUpdates(history: History): Violation[] {
  const violations: Violation[] = []
  const latest = new Map<string, number>()
  for (const { key, at, owner, fence, base, current, accepted } of history.writes) {
    const newest = latest.get(key) ?? 0
    if (accepted && fence < newest) {
      violations.push({
        rule: 'fenced writes',
        key,
        at,
        what: `fence ${fence} of ${owner} was let in after ${newest}`,
      })
    }
    if (accepted && base !== current) {
      const what = `${owner} (fence ${fence}) wrote over ${current}, having read ${base}`
      violations.push({ rule: 'no lost update', key, at, what })
    }
    latest.set(key, Math.max(newest, fence))
  }
  return violations
}
