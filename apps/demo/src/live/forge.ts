import type { Holdfast } from '@holdfast/core'
import { lengthInWords } from '../length-in-words.ts'
import { standingOf } from '../store/review-states.ts'
import { awaitCommits } from './awaited-commits.ts'
import { inBackground } from './in-background.ts'
import type { WorldOptions } from './options.ts'
import type { Change } from './review-desk.ts'
import { type Asked, commitsNamed } from './asked-range.ts'
import { type Started, reviewStarter } from './review-starter.ts'
import { NothingDone, type Scene, refuse } from './scene.ts'
import type { Starting } from './starting.ts'

/** What a forge may ask for. */
export interface Forge {
  readonly secret: string
  /** As the forge calls it. */
  readonly repository: string
  /** What its deliveries are claimed with. */
  readonly holdfast: Holdfast
  /**
   * Has what `head` has changed since it left `base` reviewed, and says what became of it. An empty base: the last commits. Commits
   * that do not come within the patience are a review that is rejected, with the reason.
   *
   * @throws NothingDone when no instance can start it now, or its commits are not there yet
   */
  review(base: string, head: string): Promise<Started>
  /** Waits for no commits any more. */
  close(): void
}

export { NothingDone }

export function createForge(
  { secret, repository, patienceMs }: NonNullable<WorldOptions['webhook']>,
  scene: Scene,
  starting: Starting,
): Forge {
  const { news, source, store } = scene
  const { read, start } = reviewStarter(scene, starting)
  const patience = lengthInWords(patienceMs)

  /** The review of these commits was done, and clean-up has removed it. A person can still ask for it again. */
  const removedOf = (change: Change): string | undefined =>
    store.reviews.findOf(change) === undefined ? store.reviews.removedOf(change) : undefined
  /** These commits did not come in time, when they were asked for before. */
  const refusedOf = ({ range }: Asked): Started | undefined => {
    const review = store.reviews.findOf({ repository: source.path, ...commitsNamed(range) })
    if (review === undefined || standingOf(review) !== 'Failed') return undefined
    return { range, review: review.id, what: 'refused', reason: review.reason }
  }
  const begin = async (asked: Asked): Promise<Started> => {
    const starters = starting.startersOf()
    const removed = 'change' in asked ? removedOf(asked.change) : undefined
    if (removed !== undefined) return { range: asked.range, review: removed, what: 'done', reason: null }
    const outcome = await start(asked, starters)
    news.log(
      'info',
      `${repository} asks for review ${scene.reviews.nameOf(outcome.review)}: ${outcome.what}.`,
    )
    return outcome
  }
  const onOver = async (range: string): Promise<void> => {
    const asked = await read(range)
    if (!isUnknown(asked)) return void (await begin(asked))
    const problem = `${asked.problem} It did not come within ${patience} after ${repository} had asked for its review.`
    const { review } = await start({ ...asked, problem }, [])
    news.log('warn', `Review ${scene.reviews.nameOf(review)} is rejected: ${problem}`)
  }
  const awaited = awaitCommits(patienceMs, (range) =>
    inBackground(news, `What ${repository} has asked for was not started`, onOver(range)),
  )

  return {
    secret,
    repository,
    holdfast: scene.ground.observer,
    async review(base, head) {
      starting.startersOf()
      // The base may have gone on, or have been rewritten: what is reviewed is what `head` adds.
      const asked = await read(base === '' ? `..${head}` : `${base}...${head}`)
      if (!isUnknown(asked)) {
        awaited.arrived(asked.range)
        return await begin(asked)
      }
      const refused = refusedOf(asked)
      if (refused !== undefined) return refused
      awaited.miss(asked.range)
      return refuse(`${asked.problem} Deliver it again when it is there, or let it come within ${patience}.`)
    },
    close: awaited.close,
  }
}

type Unknown = Extract<Asked, { readonly problem: string }>

function isUnknown(asked: Asked): asked is Unknown {
  return 'problem' in asked && asked.isUnknown
}
