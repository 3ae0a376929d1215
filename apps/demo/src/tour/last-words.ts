import { counted } from '../counted.ts'
import type { TourState, Verdict } from '../events/page-event.ts'

/** What the tour comes to, by all rows since the start. */
export function lastWords(verdict: Verdict | undefined): Pick<TourState, 'after' | 'counted'> {
  const { ended = 0, parts = 0, twice = 0, refusedWrites = 0 } = verdict ?? {}
  const claim =
    twice === 0
      ? 'Nothing here can run twice.'
      : `${twice} ran twice, which must not be: please report it, with the log.`
  return {
    after: `Now you: kill one, cut one off, stop Redis. ${claim}`,
    counted: `rows of all work: ${counted(ended, 'result')} · ${counted(parts, 'part')} of them · ${twice} twice · ${counted(refusedWrites, 'late write')} refused`,
  }
}
