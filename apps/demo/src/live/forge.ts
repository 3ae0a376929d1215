import type { Holdfast } from '@holdfast/core'
import type { ManyOutcome } from '../events/snapshot.ts'
import type { WorldOptions } from './options.ts'
import { reviewStarter } from './review-starter.ts'
import { NothingDone, type Scene } from './scene.ts'
import type { Starting } from './starting.ts'

/** What a forge may ask for. */
export interface Forge {
  readonly secret: string
  /** As the forge calls it. */
  readonly repository: string
  /** What its deliveries are claimed with. */
  readonly holdfast: Holdfast
  /**
   * Has a range reviewed, and says what became of it. An empty base: the last commits.
   *
   * @throws NothingDone when nobody can start it now
   */
  review(base: string, head: string): Promise<ManyOutcome>
}

export { NothingDone }

export function createForge(
  { secret, repository }: NonNullable<WorldOptions['webhook']>,
  scene: Scene,
  starting: Starting,
): Forge {
  const { read, start } = reviewStarter(scene, starting)
  return {
    secret,
    repository,
    holdfast: scene.ground.observer,
    async review(base, head) {
      const starters = starting.startersOf()
      const outcome = await start(await read(`${base}..${head}`), starters)
      scene.news.log(
        'info',
        `${repository} asks for review ${scene.reviews.nameOf(outcome.review)}: ${outcome.what}.`,
      )
      return outcome
    },
  }
}
