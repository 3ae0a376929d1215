import { type History, mayBeForgotten, type Ownership } from '../history.ts'
import { milliseconds, type Violation } from './violation.ts'

/** Nothing is accepted from an owner that has a successor: neither its end nor a checkpoint. */
export function checkZombies(history: History): Violation[] {
  const violations: Violation[] = []
  for (const ownerships of history.ownerships.values()) {
    const byFence = ownerships
      .filter(({ permits = 1 }) => permits === 1)
      .toSorted((a, b) => a.fence - b.fence)
    const earliestAfter = earliestGrantsAfter(byFence)
    for (const [index, owner] of byFence.entries()) {
      const successor = earliestAfter[index]
      if (successor === undefined || mayBeForgotten(history, successor.askedAt, successor.at)) continue
      const late = acceptedWrites(owner).find(({ sentAt }) => sentAt > successor.at)
      if (late === undefined) continue
      violations.push({
        rule: 'zombie writes',
        key: owner.key,
        at: late.sentAt,
        what:
          `${late.what} of ${owner.owner} was accepted, sent ${milliseconds(late.sentAt - successor.at)} ` +
          `after ${successor.owner} had the key`,
      })
    }
  }
  return violations
}

function acceptedWrites(owner: Ownership): { readonly sentAt: number; readonly what: string }[] {
  const saves = owner.saves.filter(({ accepted }) => accepted)
  const writes = saves.map(({ sentAt }) => ({ sentAt, what: 'a checkpoint' }))
  if (owner.ending && owner.ended?.accepted)
    writes.push({ sentAt: owner.ending.at, what: `the ${owner.ending.how}` })
  return writes
}

/** For each, the one with a greater fence that was seen first. */
function earliestGrantsAfter(byFence: readonly Ownership[]): (Ownership | undefined)[] {
  let earliest: Ownership | undefined
  return byFence
    .toReversed()
    .map((owner) => {
      const after = earliest
      if (earliest === undefined || owner.at < earliest.at) earliest = owner
      return after
    })
    .toReversed()
}
