import type { TourState } from '../../../src/events/page-event.ts'
import type { Sign } from './signs.tsx'

export interface LookAt {
  readonly sign: Sign
  readonly words: string
}

/** Four things to look at in each step, with the sign that they have in the picture. */
export const LOOK_AT: Readonly<Record<NonNullable<TourState['step']>, readonly LookAt[]>> = {
  1: [
    { sign: 'ran', words: 'One bar, on one instance: the start that ran.' },
    {
      sign: 'away',
      words: 'The job runs elsewhere, so these starts did nothing. One mark stands for several.',
    },
    { sign: 'waits', words: 'These waited. Their line ends in a dot when the result is there.' },
    { sign: 'saved', words: 'The bottom row is the database: the result is there once.' },
  ],
  2: [
    { sign: 'killed', words: 'The process ends without a word.' },
    { sign: 'lease', words: 'No instance may take over before its lease has run out.' },
    { sign: 'tookOver', words: 'Then the next one goes on from the last step that was saved.' },
    { sign: 'saved', words: 'The second attempt saved. The first never did.' },
  ],
  3: [
    { sign: 'frozen', words: 'The process stands still, and does not know it.' },
    { sign: 'lease', words: 'Its lease runs out as if it were dead.' },
    { sign: 'tookOver', words: 'Another took over, with a higher fence.' },
    { sign: 'refusedWrite', words: 'The late write is refused: its fence is older.' },
  ],
  4: [
    { sign: 'noRedis', words: 'New starts get a clear error, and nothing of theirs runs later.' },
    { sign: 'keptRunning', words: 'The job that ran keeps running: its lease is longer than the outage.' },
    {
      sign: 'stored',
      words: 'Redis is back: the same start gets the stored result, and what was refused runs once.',
    },
    { sign: 'saved', words: 'The result is there once.' },
  ],
  5: [
    { sign: 'computed', words: 'Three jobs need the same analysis. The cache lets one instance compute it.' },
    { sign: 'shared', words: 'The others get what that one computed.' },
    { sign: 'started', words: 'The full report starts its parts below it.' },
    { sign: 'stored', words: 'A part that was done already is not done again.' },
  ],
  6: [
    { sign: 'killed', words: 'Kill the instance that runs a job, and see who takes over.' },
    { sign: 'frozen', words: 'Freeze it, thaw it late, and see its write refused.' },
    { sign: 'noRedis', words: 'Stop Redis in the middle of a job.' },
    { sign: 'saved', words: 'The bottom row shows what counted, whatever you do.' },
  ],
}
