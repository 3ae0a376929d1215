import { type History, mayBeForgotten, type Ownership } from '../history.ts'
import { milliseconds, type Violation } from './violation.ts'

/**
 * Exactly once in the window: no start follows an accepted completion sooner than the window, and a start that follows
 * a crash or a failure is counted as a further attempt.
 */
export function checkStarts(history: History, windowMsOf: (key: string) => number): Violation[] {
  return [...history.ownerships.entries()].flatMap(([key, ownerships]) => {
    // A greater fence means: started later, and then after every write of the smaller one that was accepted.
    const byFence = ownerships.toSorted((a, b) => a.fence - b.fence)
    return byFence.flatMap((start, index) => {
      const before = byFence[index - 1]
      if (before === undefined) return []
      // When the start itself is forgotten, the one before it may still end.
      const until = Math.max(start.at, before.ended?.at ?? start.at)
      if (mayBeForgotten(history, before.askedAt, until)) return []
      const windowMs = windowMsOf(key)
      return [tooEarly(start, before, windowMs), uncounted(start, before, windowMs)].filter(
        (each) => each !== undefined,
      )
    })
  })
}

function tooEarly(start: Ownership, before: Ownership, windowMs: number): Violation | undefined {
  const { ending, ended, owner } = before
  if (ending?.how !== 'success' || ended?.accepted !== true) return undefined
  // The storage recorded it no earlier than it was sent, and the start no later than it was seen.
  const apart = start.at - ending.at
  if (apart >= windowMs * 1_000) return undefined
  return {
    rule: 'once in the window',
    key: start.key,
    at: start.at,
    what: `${start.owner} started ${milliseconds(apart)} after ${owner} had completed; the window is ${windowMs} ms`,
  }
}

function uncounted(start: Ownership, before: Ownership, windowMs: number): Violation | undefined {
  if (start.attempt === undefined || before.attempt === undefined) return undefined
  // What was refused may have been recorded at its first sending: a release does not count then, and a success is over
  // with its window, after which the count begins anew.
  const { ending } = before
  const mayBeOver = ending?.how === 'success' && start.at - ending.at >= windowMs * 1_000
  const refused = before.ended?.accepted === false && ending?.how !== 'release' && !mayBeOver
  const crashed = before.ending === undefined || refused
  const failed = before.ending?.how === 'failure' && before.ended?.accepted === true
  if (!(crashed || failed) || start.attempt > before.attempt) return undefined
  return {
    rule: 'attempts are counted',
    key: start.key,
    at: start.at,
    what: `${start.owner} is attempt ${start.attempt} after ${before.owner}, attempt ${before.attempt}, had ${crashed ? 'crashed' : 'failed'}`,
  }
}
