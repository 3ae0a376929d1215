import { type History, mayBeForgotten, type Ownership } from '../history.ts'
import { milliseconds, type Violation } from './violation.ts'

/**
 * The storage accepts nothing from an owner that has a successor: neither its end nor a checkpoint. Exceptions: the
 * storage forgot the successor before it answered, or, for a release, it forgot the owner.
 */
export function checkZombies(history: History): Violation[] {
  const violations: Violation[] = []
  for (const ownerships of history.ownerships.values()) {
    const byFence = ownerships
      .filter(({ permits = 1 }) => permits === 1)
      .toSorted((a, b) => a.fence - b.fence)
    const earliestAfter = earliestGrantsAfter(byFence)
    for (const [index, owner] of byFence.entries()) {
      const successor = earliestAfter[index]
      if (successor === undefined) continue
      const late = acceptedWrites(owner).find(
        ({ sentAt, answeredAt, forgiven }) =>
          sentAt > successor.at &&
          !mayBeForgotten(history, successor.askedAt, answeredAt) &&
          !(forgiven && mayBeForgotten(history, owner.askedAt, answeredAt)),
      )
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

interface Write {
  readonly sentAt: number
  readonly answeredAt: number
  readonly what: string
  /** The answer proves nothing when the storage has forgotten the owner. */
  readonly forgiven: boolean
}

function acceptedWrites({ saves, ending, ended }: Ownership): Write[] {
  const writes = saves
    .filter(({ accepted }) => accepted)
    .map(({ sentAt, at }) => ({ sentAt, answeredAt: at, what: 'a checkpoint', forgiven: false }))
  if (ending === undefined || ended?.accepted !== true) return writes
  const { at: sentAt, how } = ending
  return [...writes, { sentAt, answeredAt: ended.at, what: `the ${how}`, forgiven: how === 'release' }]
}

/** For each ownership, the first one seen with a greater fence. */
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
