import { type History, mayBeForgotten, type Ownership } from '../history.ts'
import { milliseconds, type Violation } from './violation.ts'

/**
 * Mutual exclusion of valid ownerships: at no instant do more than `permits` processes rightly believe that they own a
 * key. A body that continues after it noticed the loss is no overlap; the fence has to stop its writes.
 */
export function checkExclusion(history: History): Violation[] {
  return [...history.ownerships.values()].flatMap((ownerships) => overlapsIn(history, ownerships))
}

type Held = Ownership & { readonly validUntil: number }

function overlapsIn(history: History, ownerships: readonly Ownership[]): Violation[] {
  const violations: Violation[] = []
  let holders: Held[] = []
  // They are ordered by start: a sweep only has to drop the ended ones.
  for (const next of ownerships.filter(isHeld)) {
    holders = holders.filter(({ validUntil }) => validUntil > next.at)
    const others = holders.filter((holder) => !isExcused(history, holder, next))
    if (others.length >= (next.permits ?? 1)) {
      const until = Math.min(next.validUntil, ...others.map(({ validUntil }) => validUntil))
      const names = others.map(({ owner, fence }) => `${owner} (fence ${fence})`).join(', ')
      violations.push({
        rule: 'mutual exclusion',
        key: next.key,
        at: next.at,
        what: `${next.owner} (fence ${next.fence}) and ${names} owned it at once, for ${milliseconds(until - next.at)}`,
      })
    }
    holders.push(next)
  }
  return violations
}

function isHeld(ownership: Ownership): ownership is Held {
  return ownership.validUntil !== undefined && ownership.validUntil > ownership.at
}

/** The nemesis made the storage forget one before it granted the other. Fences show which of them was first. */
function isExcused(history: History, one: Held, other: Held): boolean {
  const { askedAt, validUntil, durable } = one.fence < other.fence ? one : other
  return mayBeForgotten(history, askedAt, validUntil, durable)
}
