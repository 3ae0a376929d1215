import type { World, WorldEvent } from '../live/world.ts'
import { hostNow } from '../clock.ts'
import { type Story, storyOf } from './stories.ts'

/** Names what visitors do on the axis of time: a chapter begins with the act, and ends when its effect is over. */
export interface Chapters {
  readonly act: World['act']
  readonly close: () => void
}

interface Chapter extends Story {
  readonly chapterId: string
  readonly beganAt: number
  /** The page hears of it when the act has been done: one that is refused is no chapter. */
  isTold: boolean
  endedAt: number | undefined
}

export function createChapters(world: World, publish: (event: WorldEvent) => void): Chapters {
  const source = 'coordinator'
  const open = new Set<Chapter>()
  let count = 0

  const tellEnd = (chapter: Chapter): void => {
    const { chapterId, isTold, endedAt } = chapter
    if (!isTold || endedAt === undefined) return
    open.delete(chapter)
    publish({ at: endedAt, source, type: 'chapter.ended', chapterId })
  }
  const unsubscribe = world.subscribe((event) => {
    for (const chapter of open) {
      if (chapter.endedAt !== undefined || !chapter.isOver(event)) continue
      chapter.endedAt = event.at
      tellEnd(chapter)
    }
  })

  return {
    close: unsubscribe,
    async act(name, input) {
      const story = storyOf(name, input)
      if (story === undefined) return await world.act(name, input)
      count += 1
      const chapter: Chapter = {
        ...story,
        chapterId: `visitor-${count}`,
        beganAt: hostNow(),
        isTold: false,
        endedAt: undefined,
      }
      open.add(chapter)
      const answer = await world.act(name, input)
      if (!answer.ok) {
        open.delete(chapter)
        return answer
      }
      const { chapterId, title, beganAt } = chapter
      publish({ at: beganAt, source, type: 'chapter.began', chapterId, title, step: null })
      chapter.isTold = true
      tellEnd(chapter)
      return answer
    },
  }
}
