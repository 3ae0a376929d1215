import { describe, it } from 'vitest'
import type { CallOutcome, PageNews } from '../../src/events/page-event.ts'
import type { Snapshot } from '../../src/events/snapshot.ts'
import type { WorldEvent } from '../../src/live/world.ts'
import { countSums } from '../../src/server/sums.ts'
import { openSource } from './event-source.ts'
import { serve } from './serving.ts'

const told = (news: PageNews): WorldEvent => ({ at: 0, source: 'instance-1', ...news })
const asked = (callId: string, jobKey = 'one', parentExecutionId: string | null = null): PageNews => ({
  type: 'call.asked',
  jobType: 'ai-review',
  jobKey,
  callId,
  policy: 'reject',
  parentExecutionId,
})
const answered = (callId: string, outcome: CallOutcome, code: string | null = null): PageNews => ({
  type: 'call.answered',
  callId,
  outcome,
  executionId: null,
  tookMs: 1,
  code,
  message: '',
})
const started = (callId: string, takenOverFrom: string | null): PageNews => ({
  type: 'attempt.started',
  jobType: 'ai-review',
  jobKey: 'one',
  executionId: `execution of ${callId}`,
  callId,
  attempt: 1,
  fencingToken: 1,
  leaseMs: 1,
  parentExecutionId: null,
  takenOverFrom,
  takenOverFromInstance: null,
  fromPercent: 0,
})

describe.concurrent('the sums of all starts', () => {
  it('say what became of each, once, and leave out what jobs start', ({ expect }) => {
    const { note, read } = countSums()
    const news = [
      asked('a'),
      started('a', null),
      asked('b'),
      started('b', 'execution of a'),
      asked('c', 'two'),
      asked('part', 'three', 'execution of a'),
      answered('part', 'ran'),
      answered('a', 'failed', 'CONNECTION_LOST'),
      // Its process had sent it before it was gone.
      answered('a', 'ran'),
      answered('b', 'ran'),
    ]
    for (const each of news) note(told(each))
    expect(read()).toMatchObject({ starts: 3, works: 2, kinds: { cutShort: 1, tookOver: 1, waiting: 1 } })
    note(told({ type: 'control.ran', starts: [{ callId: 'a', outcome: 'tooMany' }] }))
    expect(read().control).toEqual({ saved: 0, tooMany: 1, failed: 0 })
    expect(note(told(answered('unknown', 'ran')))).toBe(false)
  })

  it('are in a snapshot after more has happened than it can hold', async ({ expect, onTestFinished }) => {
    const { origin, world } = await serve(onTestFinished)
    const first = await openSource(`${origin}/api/events`, onTestFinished)
    await first.next()
    const count = 3_000
    for (let index = 0; index < count; index += 1) {
      world.tell(told(asked(`call-${index}`, `job-${index % 100}`)))
      world.tell(told(answered(`call-${index}`, 'turnedAway')))
    }
    const isTold = (data: unknown): boolean => JSON.stringify(data).includes(`"starts":${count}`)
    await first.until(({ data }) => isTold(data))
    const second = await openSource(`${origin}/api/events`, onTestFinished)
    const { events } = (await second.next()).data as Snapshot
    expect(events.filter(({ type }) => type === 'call.asked').length).toBeLessThan(count)
    expect(events.filter(({ type }) => type === 'sums')).toMatchObject([
      { starts: count, works: 100, kinds: { away: count } },
    ])
  })
})
