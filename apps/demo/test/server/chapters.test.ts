import { describe, it } from 'vitest'
import type { PageNews } from '../../src/events/page-event.ts'
import type { WorldEvent } from '../../src/live/world.ts'
import { createChapters } from '../../src/server/chapters.ts'
import { storyOf } from '../../src/server/stories.ts'
import { openSmallWorld } from './small-world.ts'

const event = (news: PageNews, source = 'coordinator', at = 0): WorldEvent => ({ at, source, ...news })
const asked = (callId: string, jobKey = 'review-1', source = 'instance-1'): WorldEvent =>
  event(
    { type: 'call.asked', callId, jobType: 'ai-review', jobKey, policy: 'reject', parentExecutionId: null },
    source,
  )
const answered = (callId: string): WorldEvent =>
  event({
    type: 'call.answered',
    callId,
    outcome: 'ran',
    executionId: null,
    tookMs: 1,
    code: null,
    message: '',
  })
const gone = (
  type: 'instance.killed' | 'instance.started' | 'instance.thawed',
  instance = 'instance-1',
): WorldEvent => event(type === 'instance.started' ? { type, instance, pid: null } : { type, instance })

describe.concurrent('the story of an act', () => {
  it('is over when every start of the new work is answered', ({ expect }) => {
    const { title, isOver } = storyOf('fire', { times: 2, waiting: 0 }) ?? {}
    expect(title).toBe('2 at once')
    const seen = [
      asked('a'),
      asked('other', 'review-0'),
      asked('b'),
      answered('other'),
      answered('a'),
      answered('b'),
    ]
    expect(seen.map((each) => isOver?.(each))).toEqual([false, false, false, false, false, true])
  })

  it('waits for no answer of a process that was killed', ({ expect }) => {
    const { isOver } = storyOf('fire', { times: 2, waiting: 0 }) ?? {}
    const seen = [
      asked('a'),
      asked('b', 'review-1', 'instance-2'),
      answered('a'),
      gone('instance.killed', 'instance-2'),
    ]
    expect(seen.map((each) => isOver?.(each))).toEqual([false, false, false, true])
  })

  it('of a freeze is over when that instance wakes up, or is killed', ({ expect }) => {
    const { isOver } = storyOf('freeze', { instance: 'instance-1' }) ?? {}
    expect(isOver?.(gone('instance.thawed', 'instance-2'))).toBe(false)
    expect(isOver?.(gone('instance.thawed'))).toBe(true)
    expect(isOver?.(gone('instance.killed'))).toBe(true)
  })

  it('of a kill is over when the next of that name is there', ({ expect }) => {
    const { isOver } = storyOf('kill', { instance: 'instance-1' }) ?? {}
    expect(isOver?.(gone('instance.killed'))).toBe(false)
    expect(isOver?.(gone('instance.started'))).toBe(true)
  })
})

describe.concurrent('the chapters of visitors', () => {
  it('begin with the act and end with its effect', async ({ expect, onTestFinished }) => {
    const world = openSmallWorld()
    onTestFinished(() => world.close())
    const told: WorldEvent[] = []
    const { act } = createChapters(world, (each) => told.push(each))
    expect(await act('freeze', { instance: 'instance-1' })).toMatchObject({ ok: true })
    const began = { type: 'chapter.began', chapterId: 'visitor-1', title: 'instance-1 is frozen', step: null }
    expect(told).toMatchObject([began])
    world.tell({ ...gone('instance.thawed'), at: 7 })
    expect(told).toMatchObject([began, { type: 'chapter.ended', chapterId: 'visitor-1', at: 7 }])
    world.tell(gone('instance.thawed'))
    expect(told).toHaveLength(2)
  })

  it('do not name what was refused, or has no story', async ({ expect, onTestFinished }) => {
    const world = openSmallWorld()
    onTestFinished(() => world.close())
    const told: WorldEvent[] = []
    const { act } = createChapters(world, (each) => told.push(each))
    expect(await act('kill', { instance: 'instance-1' })).toMatchObject({ ok: false })
    await act('thaw', { instance: 'instance-1' })
    world.tell(gone('instance.started'))
    expect(told).toEqual([])
  })
})
