import { modelOf } from '../src/model/fold.ts'
import type { Model } from '../src/model/model.ts'
import { snapshotOf } from './event-maker.ts'
import { STORY_SECONDS, story } from './story/story.ts'

export const STORY_END = 1_700_000_046_000

/** What the page knows when the made-up story is over. */
export function storyModel(): Model {
  return modelOf(snapshotOf(story(STORY_END - STORY_SECONDS * 1_000), STORY_END))
}
