import { counted } from '../counted.ts'
import type { ManyOutcome } from '../events/snapshot.ts'
import type { ActTable } from './acts.ts'
import { reviewStarter } from './review-starter.ts'
import { type Scene, refuse } from './scene.ts'
import type { Starting } from './starting.ts'

/** More at once say no more, and a laptop feels them. */
const MOST_REVIEWS = 30

/**
 * Has many ranges reviewed, by one guarded job each. It can be asked for again at any time: what is reviewed already, or just now, is
 * left alone, and what was left undone is started. So nothing is lost when a part of it fails.
 */
export function manyReviews(scene: Scene, starting: Starting): Pick<ActTable, 'review-many'> {
  const { read, start } = reviewStarter(scene, starting)
  return {
    async 'review-many'({ ranges, each = false }) {
      const asked = each
        ? (
            await Promise.all(
              ranges.map(async (range) => await scene.source.commitsIn(range).catch(() => [range])),
            )
          ).flat()
        : ranges
      if (asked.length > MOST_REVIEWS)
        refuse(`These are ${asked.length} reviews. At most ${MOST_REVIEWS} are started at once.`)
      const up = starting.startersOf()
      const outcomes: ManyOutcome[] = []
      for (const [index, range] of [...new Set(asked)].entries()) {
        // Each begins on another instance.
        const turn = index % up.length
        try {
          outcomes.push(await start(await read(range), [...up.slice(turn), ...up.slice(0, turn)]))
        } catch (error) {
          // What was started before is said all the same.
          const reason = error instanceof Error ? error.message : String(error)
          outcomes.push({ range, review: null, what: 'failed', reason })
        }
      }
      return { message: inWords(outcomes), reviews: outcomes }
    },
  }
}

const WORDS: Readonly<Record<ManyOutcome['what'], string>> = {
  started: 'started',
  running: 'running already',
  done: 'done already',
  refused: 'cannot be reviewed',
  failed: 'failed',
}

/** `5 reviews: 3 started, 1 running already, 1 done already` */
function inWords(outcomes: readonly ManyOutcome[]): string {
  const counts = Object.entries(WORDS).flatMap(([what, words]) => {
    const count = outcomes.filter((outcome) => outcome.what === what).length
    return count === 0 ? [] : [`${count} ${words}`]
  })
  return `${counted(outcomes.length, 'review')}: ${counts.join(', ')}.`
}
