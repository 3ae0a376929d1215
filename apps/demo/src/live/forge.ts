import type { Holdfast } from '@holdfast/core'
import type { WorldOptions } from './options.ts'
import type { Change } from './review-desk.ts'
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
   * Has what `head` has changed since it left `base` reviewed, and says what became of it. An empty base: the last commits.
   *
   * @throws NothingDone when nobody can start it now, or its commits are not there yet
   */
  review(base: string, head: string): Promise<Started>
}

export { NothingDone }

export function createForge(
  { secret, repository }: NonNullable<WorldOptions['webhook']>,
  scene: Scene,
  starting: Starting,
): Forge {
  const { reviews } = scene.store
  const { read, start } = reviewStarter(scene, starting)
  /** The review of these commits was done, and clean-up has removed it. A person can still ask for it again. */
  const removedOf = (change: Change): string | undefined =>
    reviews.findOf(change) === undefined ? reviews.removedOf(change) : undefined
  return {
    secret,
    repository,
    holdfast: scene.ground.observer,
    async review(base, head) {
      const starters = starting.startersOf()
      // The base may have gone on, or have been rewritten: what is reviewed is what `head` adds.
      const asked = await read(base === '' ? `..${head}` : `${base}...${head}`)
      if ('isUnknown' in asked && asked.isUnknown)
        refuse(`${asked.problem} Deliver it again when it is there.`)
      const removed = 'change' in asked ? removedOf(asked.change) : undefined
      if (removed !== undefined) return { range: asked.range, review: removed, what: 'done', reason: null }
      const outcome = await start(asked, starters)
      scene.news.log(
        'info',
        `${repository} asks for review ${scene.reviews.nameOf(outcome.review)}: ${outcome.what}.`,
      )
      return outcome
    },
  }
}
