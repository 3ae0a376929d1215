import { countSums } from '../../src/server/sums.ts'
import { foldAll, modelOf } from '../src/model/fold.ts'
import type { Model } from '../src/model/model.ts'
import { snapshotOf } from './event-maker.ts'
import { STORY_SECONDS, story } from './story/story.ts'

export const STORY_END = 1_700_000_046_000

/** What the page knows when the made-up story is over, with the sums that the server makes of it. */
export function storyModel(): Model {
  const events = story(STORY_END - STORY_SECONDS * 1_000)
  const counter = countSums()
  for (const event of events) counter.note(event)
  const model = modelOf(snapshotOf(events, STORY_END))
  const sums = { ...counter.read(), type: 'sums', seq: model.seq + 1 } as const
  return foldAll(model, [{ at: STORY_END, source: 'coordinator', ...sums }])
}
