import { type History, mayBeForgotten, type Ownership } from '../history.ts'
import type { Violation } from './violation.ts'

/**
 * Fences grow in the order of the grants, also over expiry, restarts and failovers that lost writes, and no two
 * ownerships of a key have the same.
 */
export function checkFences(history: History): Violation[] {
  return [...history.ownerships.values()].flatMap((ownerships) => [
    ...repeatedIn(ownerships),
    ...lateIn(ownerships),
    ...outOfOrderIn(history, ownerships),
  ])
}

function repeatedIn(ownerships: readonly Ownership[]): Violation[] {
  const owners = Map.groupBy(ownerships, ({ fence }) => fence)
  return [...owners.values()].flatMap(([one, ...others]) =>
    others.map((other) => violation(other, `has the same fence ${other.fence} as ${one?.owner}`)),
  )
}

/** Requested after another was granted, so granted after it. This is certain, no matter what the storage forgot. */
function lateIn(ownerships: readonly Ownership[]): Violation[] {
  const violations: Violation[] = []
  let greatest: Ownership | undefined
  let granted = 0
  for (const next of ownerships.toSorted((a, b) => a.askedAt - b.askedAt)) {
    for (
      let before = ownerships[granted];
      before && before.at < next.askedAt;
      before = ownerships[++granted]
    ) {
      if (before.fence > (greatest?.fence ?? 0)) greatest = before
    }
    if (greatest && greatest.fence >= next.fence && greatest.owner !== next.owner) {
      violations.push(smaller(next, greatest))
    }
  }
  return violations
}

/** Two valid ownerships one after the other were granted in that order, even when both were requested long before. */
function outOfOrderIn(history: History, ownerships: readonly Ownership[]): Violation[] {
  const held = ownerships.filter(({ validUntil, permits = 1 }) => validUntil !== undefined && permits === 1)
  return held.flatMap((next, index) => {
    const before = held[index - 1]
    if (!before || before.fence <= next.fence) return []
    // The later one may have been granted first, and forgotten before its owner got the grant.
    const since = Math.min(before.askedAt, next.askedAt)
    if (mayBeForgotten(history, since, next.validUntil ?? next.at)) return []
    return [smaller(next, before)]
  })
}

function smaller(next: Ownership, before: Ownership): Violation {
  return violation(next, `has fence ${next.fence}, less than ${before.fence} of ${before.owner} before it`)
}

function violation({ key, at, owner }: Ownership, what: string): Violation {
  return { rule: 'fence order', key, at, what: `${owner} ${what}` }
}
