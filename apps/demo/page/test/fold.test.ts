import { describe, expect, it } from 'vitest'
import type { PageEvent, PageNews } from '../../src/events/page-event.ts'
import { fold, foldAll, modelOf } from '../src/model/fold.ts'
import { type Model, rankOf } from '../src/model/model.ts'
import { eventMaker, snapshotOf } from './event-maker.ts'

const REVIEW = { jobType: 'ai-review', jobKey: 'r142' } as const
const KEY = 'ai-review:r142'

const asked = (callId: string, policy: 'reject' | 'wait' = 'reject'): PageNews => ({
  type: 'call.asked',
  ...REVIEW,
  callId,
  policy,
  parentExecutionId: null,
})

const started = (executionId: string, fence: number, from: string | null = null): PageNews => ({
  type: 'attempt.started',
  ...REVIEW,
  executionId,
  callId: null,
  attempt: from === null ? 1 : 2,
  fencingToken: fence,
  leaseMs: 5_000,
  parentExecutionId: null,
  takenOverFrom: from,
  takenOverFromInstance: from === null ? null : 'instance-1',
  fromPercent: from === null ? 0 : 50,
})

const ended = (executionId: string, outcome: 'completed' | 'lost'): PageNews => ({
  type: 'attempt.ended',
  executionId,
  outcome,
  reason: null,
  message: null,
  ranMs: 1_000,
})

const answered = (callId: string): PageNews => ({
  type: 'call.answered',
  callId,
  outcome: 'ran',
  executionId: null,
  tookMs: 1,
  code: null,
  message: '',
})

function story(tell: (say: (at: number, source: string, news: PageNews) => void) => void): Model {
  const make = eventMaker()
  const events: PageEvent[] = []
  tell((at, source, news) => events.push(make(at, source, news)))
  return foldAll(modelOf(snapshotOf([])), events)
}

describe('fold', () => {
  it('knows a start, that it waited and for whom, and what it was answered', () => {
    const model = story((say) => {
      say(100, 'instance-2', asked('c1', 'wait'))
      say(105, 'instance-2', { type: 'call.waiting', callId: 'c1', executionId: 'e1', behind: 'instance-1' })
      say(900, 'instance-2', {
        type: 'call.answered',
        callId: 'c1',
        outcome: 'waited',
        executionId: 'e1',
        tookMs: 800,
        code: null,
        message: 'done',
      })
    })
    expect(model.calls.get('c1')).toMatchObject({
      instance: 'instance-2',
      askedAt: 100,
      waitingSince: 105,
      behind: 'instance-1',
      outcome: 'waited',
      answeredAt: 900,
    })
    expect(model.works.get(KEY)).toMatchObject({ calls: ['c1'], firstAt: 100, lastAt: 900 })
  })

  it('ends what ran and waited in a process that was killed, once', () => {
    const model = story((say) => {
      say(100, 'instance-1', asked('c1'))
      say(101, 'instance-1', started('e1', 7_000))
      say(500, 'coordinator', { type: 'instance.killed', instance: 'instance-1' })
      say(510, 'coordinator', { type: 'instance.exited', instance: 'instance-1', reason: 'SIGKILL' })
    })
    expect(model.attempts.get('e1')).toMatchObject({ outcome: 'cutShort', endedAt: 500 })
    expect(model.calls.get('c1')).toMatchObject({ outcome: 'cutShort', answeredAt: 500 })
    expect(model.instances.get('instance-1')?.gone).toEqual([{ from: 500, to: null, reason: null }])
  })

  it('does not take it for a failure that the process of a start is gone', () => {
    const model = story((say) => {
      say(100, 'instance-1', asked('c1', 'wait'))
      say(500, 'coordinator', { type: 'instance.killed', instance: 'instance-1' })
      say(505, 'coordinator', {
        type: 'call.answered',
        callId: 'c1',
        outcome: 'failed',
        executionId: null,
        tookMs: 405,
        code: 'CONNECTION_LOST',
        message: 'instance-1 is gone, and with it the connection to it.',
      })
    })
    expect(model.calls.get('c1')).toMatchObject({ outcome: 'cutShort', tookMs: 405 })
  })

  it('ends what a process started before it was killed, although it is heard of later', () => {
    const model = story((say) => {
      say(500, 'coordinator', { type: 'instance.killed', instance: 'instance-1' })
      say(900, 'coordinator', { type: 'instance.started', instance: 'instance-1', pid: 7 })
      say(480, 'instance-1', started('e1', 7_000))
      say(950, 'instance-1', started('e2', 7_001))
    })
    expect(model.attempts.get('e1')).toMatchObject({ outcome: 'cutShort', endedAt: 500 })
    expect(model.attempts.get('e2')).toMatchObject({ outcome: null, endedAt: null })
  })

  it.each(['in order', 'the late one last'])('ranks the fences of one piece of work, told %s', (order) => {
    const model = story((say) => {
      const first = (): void => say(100, 'instance-1', started('e1', 17_950_003))
      if (order === 'in order') first()
      say(600, 'instance-2', started('e2', 17_950_019, 'e1'))
      if (order !== 'in order') first()
    })
    const work = model.works.get(KEY)
    expect(work?.attempts).toEqual(['e1', 'e2'])
    expect([17_950_003, 17_950_019, 5].map((fence) => rankOf(work, fence))).toEqual([1, 2, 0])
    expect(model.attempts.get('e1')).toMatchObject({ takenOverBy: 'e2', takenOverAt: 600 })
  })

  it('lets the process that woke up late tell what it lost', () => {
    const model = story((say) => {
      say(100, 'instance-1', started('e1', 1))
      say(300, 'coordinator', { type: 'instance.frozen', instance: 'instance-1' })
      say(600, 'instance-2', started('e2', 2, 'e1'))
      say(900, 'coordinator', { type: 'instance.thawed', instance: 'instance-1' })
      say(910, 'instance-1', {
        type: 'effect.refused',
        ...REVIEW,
        effect: 'charge',
        instance: 'instance-1',
        fencingToken: 1,
        newestToken: 2,
      })
      say(915, 'instance-1', ended('e1', 'lost'))
    })
    expect(model.instances.get('instance-1')).toMatchObject({ state: 'up', frozen: [{ from: 300, to: 900 }] })
    expect(model.attempts.get('e1')).toMatchObject({ outcome: 'lost', endedAt: 915 })
    expect(model.effects).toMatchObject([{ fencingToken: 1, newestToken: 2 }])
  })

  it('keeps the steps of the progress, and the end of the lease', () => {
    const seen = (percent: number, leaseEndsAt: number): PageNews => ({
      type: 'attempt.seen',
      executionId: 'e1',
      percent,
      message: 'Analyse',
      leaseEndsAt,
      stalled: false,
    })
    const model = story((say) => {
      say(100, 'instance-1', started('e1', 1))
      say(200, 'observer', seen(10, 5_200))
      say(400, 'observer', seen(10, 5_400))
      say(600, 'observer', seen(20, 5_600))
    })
    expect(model.attempts.get('e1')).toMatchObject({
      percent: 20,
      leaseEndsAt: 5_600,
      steps: [
        { at: 200, percent: 10 },
        { at: 600, percent: 20 },
      ],
    })
  })

  it('changes nothing for an event that it knows, and leaves other parts the same objects', () => {
    const make = eventMaker()
    const first = make(100, 'instance-1', asked('c1'))
    const model = fold(modelOf(snapshotOf([])), first)
    expect(fold(model, first)).toBe(model)
    const next = fold(model, make(200, 'coordinator', { type: 'redis.answered', roundTripMs: 3 }))
    expect(next.redis.roundTripMs).toBe(3)
    expect(next.calls).toBe(model.calls)
    expect(next.works).toBe(model.works)
    expect(model.redis.roundTripMs).toBe(0.4)
  })

  it('counts what the cache did in 2 s, and in each namespace', () => {
    const sample = (namespace: string, fromRedis: number): PageNews => ({
      type: 'cache.sample',
      instance: 'instance-1',
      namespace,
      fromMemory: 0,
      fromRedis,
      shared: 0,
      loaded: 1,
      refusedFills: 0,
      bypassed: 0,
    })
    const model = story((say) => {
      say(4_100, 'instance-1', sample('git', 2))
      say(5_900, 'instance-2', sample('analysis', 3))
      say(6_000, 'instance-2', sample('git', 5))
    })
    expect([...model.cache.bins].map(([start, { fromRedis }]) => [start, fromRedis])).toEqual([
      [4_000, 5],
      [6_000, 5],
    ])
    expect(model.cache.namespaces.get('git')).toMatchObject({ fromRedis: 7, loaded: 2 })
  })

  it('keeps the newest lines of the log, and says how many are gone', () => {
    const line: PageNews = {
      type: 'log',
      instance: 'instance-1',
      level: 'info',
      message: 'x',
      executionId: null,
      jobType: null,
      jobKey: null,
    }
    const model = story((say) => {
      for (let at = 1; at <= 2_010; at += 1) say(at, 'instance-1', line)
    })
    expect(model.log).toHaveLength(2_000)
    expect(model.log[0]?.at).toBe(11)
    expect(model.logDropped).toBe(10)
  })

  it('removes reviews that were cleaned up, and keeps who has won the last ticks', () => {
    const review = (id: string): PageNews => ({
      type: 'review',
      id,
      number: 1,
      title: id,
      state: 'Merged',
      version: 5,
      hasFailed: false,
      percent: 100,
      stage: null,
      reason: null,
      errors: 0,
      warnings: 0,
      infos: 0,
      risk: null,
      instance: null,
      attempt: 1,
      tookMs: null,
    })
    const model = story((say) => {
      for (const id of ['r1', 'r2']) say(1, 'database', review(id))
      for (let slot = 1; slot <= 6; slot += 1) {
        const reviews = slot === 6 ? ['r1'] : []
        say(slot, 'database', {
          type: 'clean-up',
          slot,
          instance: `instance-${slot}`,
          fencingToken: slot,
          reviews,
          lines: 2,
        })
      }
    })
    expect([...model.reviews.keys()]).toEqual(['r2'])
    expect(model.cleanUps.map(({ slot }) => slot)).toEqual([3, 4, 5, 6])
    expect(model.cleanUps.at(-1)).toEqual({ slot: 6, instance: 'instance-6', reviews: 1, lines: 2 })
  })

  it('drops work that is long over, and keeps what still runs', () => {
    const model = story((say) => {
      say(1_000, 'instance-1', asked('c1'))
      say(1_001, 'instance-1', {
        type: 'call.answered',
        callId: 'c1',
        outcome: 'turnedAway',
        executionId: null,
        tookMs: 1,
        code: null,
        message: '',
      })
      say(1_002, 'instance-2', { ...started('e9', 1), jobKey: 'r9' } as PageNews)
      say(800_000, 'instance-1', { ...asked('c2'), jobKey: 'r3' } as PageNews)
    })
    expect([...model.calls.keys()]).toEqual(['c2'])
    expect([...model.works.keys()]).toEqual(['ai-review:r9', 'ai-review:r3'])
  })

  it('keeps no more than some thousand starts, however fast they come', () => {
    const count = 10_000
    const model = story((say) => {
      for (let index = 0; index < count; index += 1) {
        const [callId, executionId] = [`c${index}`, `e${index}`]
        const work = { jobType: 'ai-review', jobKey: `r${index}` } as const
        say(index, 'instance-1', { ...asked(callId), ...work } as PageNews)
        say(index, 'instance-1', { ...started(executionId, index), ...work, callId } as PageNews)
        say(index, 'instance-1', ended(executionId, 'completed'))
        say(index, 'database', {
          type: 'row',
          ...work,
          event: 'end',
          executionId,
          instance: 'instance-1',
        } as PageNews)
        say(index, 'instance-1', answered(callId))
      }
    })
    expect(model.calls.size).toBeLessThan(10_000)
    expect(model.attempts.size).toBe(model.calls.size)
    expect(model.works.size).toBe(model.calls.size)
    expect(model.rows.length).toBe(model.calls.size)
    expect(model.calls.has(`c${count - 1}`)).toBe(true)
    expect(model.since).toBeGreaterThan(0)
  })
})

describe('a snapshot', () => {
  it('says what is now, and its events how it came to it', () => {
    const make = eventMaker()
    const model = modelOf(
      snapshotOf([
        make(10, 'coordinator', { type: 'redis.stopped' }),
        make(50, 'coordinator', { type: 'redis.started' }),
      ]),
    )
    expect(model.redis).toMatchObject({ state: 'up', version: '7.4.1', stopped: [{ from: 10, to: 50 }] })
    expect([...model.instances.keys()]).toEqual(['instance-1', 'instance-2', 'instance-3'])
  })

  it('has a gap where the server kept no events since the page last heard of it', () => {
    const make = eventMaker()
    const events = Array.from({ length: 9 }, (_, index) =>
      make(index * 1_000, 'coordinator', { type: 'redis.answered', roundTripMs: 1 }),
    )
    const before = modelOf(snapshotOf(events.slice(0, 3)))
    expect(modelOf(snapshotOf(events.slice(6)), before).gaps).toEqual([{ from: 2_000, to: 6_000, missed: 3 }])
    expect(modelOf(snapshotOf(events.slice(3)), before).gaps).toEqual([])
    expect(modelOf(snapshotOf(events.slice(6), 9_000, 'another run'), before).gaps).toEqual([])
  })
})
