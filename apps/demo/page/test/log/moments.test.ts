import { expect, it } from 'vitest'
import type { PageEvent, PageNews } from '../../../src/events/page-event.ts'
import { momentsOf } from '../../src/log/moments.ts'
import { modelOf } from '../../src/model/fold.ts'
import { EMPTY } from '../../src/model/model.ts'
import { eventMaker, snapshotOf } from '../event-maker.ts'

const JOB = { jobType: 'ai-review', jobKey: 'review-1' } as const

const started = (executionId: string, attempt: number): PageNews => ({
  type: 'attempt.started',
  ...JOB,
  executionId,
  callId: null,
  attempt,
  fencingToken: 100 + attempt,
  leaseMs: 5_000,
  parentExecutionId: null,
  takenOverFrom: attempt === 1 ? null : 'first',
  takenOverFromInstance: attempt === 1 ? null : 'instance-1',
  fromPercent: attempt === 1 ? 0 : 50,
})

const seen: PageNews = {
  type: 'attempt.seen',
  executionId: 'first',
  percent: 50,
  message: null,
  leaseEndsAt: 9_000,
  stalled: false,
}

const moments = (events: readonly PageEvent[]) =>
  momentsOf(modelOf(snapshotOf(events), EMPTY)).toSorted((a, b) => a.at - b.at)

it('tells what was done to a process, which writes nothing of it', () => {
  const make = eventMaker()
  const told = moments([
    make(1_000, 'instance-1', started('first', 1)),
    make(2_000, 'observer', seen),
    make(3_000, 'coordinator', { type: 'instance.killed', instance: 'instance-1' }),
    make(4_000, 'coordinator', { type: 'instance.started', instance: 'instance-1', pid: 7 }),
    make(5_000, 'coordinator', { type: 'instance.cut', instance: 'instance-2' }),
  ])
  expect(told).toMatchObject([
    { at: 3_000, turn: 'killed', message: 'killed at 50 %', executionIds: ['first'], ...JOB },
    { at: 4_000, message: 'started again' },
    { at: 5_000, instance: 'instance-2', message: 'network was cut' },
  ])
})

it('tells who took over from whom, what was completed, and what the database refused', () => {
  const make = eventMaker()
  const told = moments([
    make(1_000, 'instance-1', started('first', 1)),
    make(2_000, 'coordinator', { type: 'instance.frozen', instance: 'instance-1' }),
    make(3_000, 'instance-2', started('second', 2)),
    make(4_000, 'instance-2', {
      type: 'attempt.ended',
      executionId: 'second',
      outcome: 'completed',
      reason: null,
      message: null,
      ranMs: 1_000,
    }),
    make(5_000, 'coordinator', { type: 'instance.thawed', instance: 'instance-1' }),
    make(6_000, 'database', {
      type: 'effect.refused',
      ...JOB,
      effect: 'charge',
      instance: 'instance-1',
      fencingToken: 101,
      newestToken: 102,
    }),
  ])
  expect(told.map(({ message }) => message)).toEqual([
    'frozen',
    'took over from instance-1 at 50 % · attempt 2',
    'completed',
    'woke up',
    'late write refused by the database: fence 1 is older than 2',
  ])
})

it('tells when Redis was away', () => {
  const make = eventMaker()
  const told = moments([
    make(1_000, 'coordinator', { type: 'redis.stopped' }),
    make(2_000, 'coordinator', { type: 'redis.started' }),
  ])
  expect(told.map(({ message }) => message)).toEqual(['Redis was stopped', 'Redis is back'])
  expect(new Set(told.map(({ id }) => id)).size).toBe(2)
})
