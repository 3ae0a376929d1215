import { type History, mayBeForgotten, type Ownership } from '../history.ts'
import { milliseconds, type Violation } from './violation.ts'

/**
 * Exactly once in the window: no start follows an accepted completion sooner than the window, and a start that follows
 * a crash or a failure is counted as a further attempt.
 */
export function checkStarts(history: History, windowMsOf: (key: string) => number): Violation[] {
  return [...history.ownerships.entries()].flatMap(([key, ownerships]) => {
    // A greater fence means a later start, after every accepted write of the smaller one.
    const byFence = ownerships.toSorted((a, b) => a.fence - b.fence)
    return byFence.flatMap((start, index) => {
      const before = byFence[index - 1]
      if (before === undefined) return []
      // If the storage forgot the start, the execution before it may still end.
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
  // The storage recorded the end no earlier than its request, and the start no later than its answer.
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
  // A refused end may have been recorded at its first sending. Then a release does not count as an attempt, and the count
  // restarts after the window of a success.
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
