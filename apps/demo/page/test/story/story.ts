import type { LockNews, PageEvent, Work } from '../../../src/events/page-event.ts'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { type Teller, teller } from './teller.ts'

/** How long it is, in seconds. */
export const STORY_SECONDS = 46

const work = (jobType: Work['jobType'], jobKey: string): Work => ({ jobType, jobKey })
const ALL = ['instance-1', 'instance-2', 'instance-3'] as const

/** A made-up story with every sign of the picture: one start of fifteen runs, a kill, a freeze, an outage, shared work. */
export function story(begin: number): readonly PageEvent[] {
  const tell = teller(begin)
  reviews(tell)
  fifteenAtOnce(tell)
  oneIsKilled(tell)
  oneIsFrozen(tell)
  redisStops(tell)
  sharedWork(tell)
  surroundings(tell)
  return tell.events()
}

function chapter({ say }: Teller, step: number, title: string, from: number, to: number | null): void {
  say(from, 'coordinator', { type: 'chapter.began', chapterId: `chapter-${step}`, title, step })
  if (to !== null) say(to, 'coordinator', { type: 'chapter.ended', chapterId: `chapter-${step}` })
}

function fifteenAtOnce(tell: Teller): void {
  chapter(tell, 1, '15 at once', 0.8, 6.6)
  const job = work('risk-assessment', 'r141')
  const id = 'risk-141-a'
  const got = { at: 5.6, outcome: 'waited', executionId: id } as const
  const call = tell.start(1, 'instance-2', job, { answer: { at: 5.6, outcome: 'ran', executionId: id } })
  tell.attempt(1.02, 'instance-2', job, { id, fence: 17_959_003, call, to: 5.6 })
  for (const instance of ALL) {
    if (instance !== 'instance-2')
      tell.start(1.01, instance, job, { waitsFor: { executionId: id, behind: 'instance-2' }, answer: got })
    for (let n = 0; n < 4; n += 1) {
      tell.start(1.01 + n / 200, instance, job, {
        answer: { at: 1.06 + n / 100, outcome: 'turnedAway', executionId: id },
      })
    }
  }
}

function oneIsKilled(tell: Teller): void {
  chapter(tell, 2, 'One is killed', 6.8, 20.6)
  const job = work('ai-review', 'r142')
  const [first, second] = ['8fK2wqQm1c', '8fK2wqyT3A']
  const behind = { executionId: first, behind: 'instance-1' }
  const call = tell.start(6.9, 'instance-1', job, {
    answer: { at: 11.11, outcome: 'failed', code: 'CONNECTION_LOST' },
  })
  tell.attempt(6.9, 'instance-1', job, { id: first, fence: 17_959_014, call, seenUntil: 11.1, percent: 50 })
  tell.start(6.95, 'instance-2', job, {
    waitsFor: behind,
    answer: { at: 20.3, outcome: 'waited', executionId: second },
  })
  const heir = tell.start(6.95, 'instance-3', job, {
    waitsFor: behind,
    answer: { at: 20.25, outcome: 'ran', executionId: second },
  })
  tell.say(11.1, 'coordinator', { type: 'instance.killed', instance: 'instance-1' })
  tell.say(16.9, 'coordinator', { type: 'instance.started', instance: 'instance-1', pid: 4_711 })
  tell.attempt(15.7, 'instance-3', job, {
    id: second,
    fence: 17_959_023,
    call: heir,
    to: 20.2,
    takesOver: { executionId: first, instance: 'instance-1', percent: 50 },
  })
}

function oneIsFrozen(tell: Teller): void {
  chapter(tell, 3, 'One is frozen, then wakes', 20.8, 31.5)
  const job = work('pull-request-summary', 'r142')
  const [first, second] = ['summary-142-a', 'summary-142-b']
  const call = tell.start(21.1, 'instance-2', job, {
    answer: { at: 31.1, outcome: 'tooLate', executionId: first },
  })
  tell.attempt(21.1, 'instance-2', job, {
    id: first,
    fence: 17_959_031,
    call,
    to: 31.1,
    outcome: 'lost',
    seenUntil: 22.6,
    percent: 30,
  })
  const heir = tell.start(21.2, 'instance-1', job, {
    waitsFor: { executionId: first, behind: 'instance-2' },
    answer: { at: 29.5, outcome: 'ran', executionId: second },
  })
  tell.say(22.7, 'coordinator', { type: 'instance.frozen', instance: 'instance-2' })
  tell.attempt(26.7, 'instance-1', job, {
    id: second,
    fence: 17_959_044,
    call: heir,
    to: 29.5,
    takesOver: { executionId: first, instance: 'instance-2', percent: 30 },
  })
  tell.start(30.4, 'instance-3', job, { answer: { at: 30.42, outcome: 'stored', executionId: second } })
  tell.say(30.5, 'coordinator', { type: 'instance.thawed', instance: 'instance-2' })
  tell.say(31, 'database', {
    type: 'effect.refused',
    ...job,
    effect: 'comments',
    instance: 'instance-2',
    fencingToken: 17_959_031,
    newestToken: 17_959_044,
  })
}

function redisStops(tell: Teller): void {
  chapter(tell, 4, 'Redis stops', 31.7, 38.7)
  const job = work('improvement-suggestions', 'r142')
  const id = 'suggestions-142-a'
  const call = tell.start(32, 'instance-3', job, { answer: { at: 38.2, outcome: 'ran', executionId: id } })
  tell.attempt(32.05, 'instance-3', job, { id, fence: 17_959_052, call, to: 38.2 })
  tell.say(33.1, 'coordinator', { type: 'redis.stopped' })
  tell.say(36.1, 'coordinator', { type: 'redis.started' })
  for (const instance of ['instance-1', 'instance-2']) {
    tell.start(33.6, instance, job, { answer: { at: 35.5, outcome: 'noRedis' } })
    tell.start(36.6, instance, job, {
      waitsFor: { executionId: id, behind: 'instance-3' },
      answer: { at: 38.3, outcome: 'waited', executionId: id },
    })
  }
}

function sharedWork(tell: Teller): void {
  chapter(tell, 5, 'Shared work', 38.9, 46.4)
  const report = work('comprehensive-analysis', 'r143')
  const summary = work('pull-request-summary', 'r143')
  const id = 'report-143-a'
  const call = tell.start(39, 'instance-2', report, { answer: { at: 45, outcome: 'ran', executionId: id } })
  tell.attempt(39.05, 'instance-2', report, { id, fence: 17_959_060, call, to: 45 })
  const first = tell.start(39.3, 'instance-1', summary, {
    answer: { at: 43.1, outcome: 'ran', executionId: 'summary-143-a' },
  })
  tell.attempt(39.35, 'instance-1', summary, {
    id: 'summary-143-a',
    fence: 17_959_061,
    call: first,
    to: 43.1,
  })
  const risk = tell.start(39.8, 'instance-2', work('risk-assessment', 'r143'), {
    parent: id,
    answer: { at: 42, outcome: 'ran', executionId: 'risk-143-a' },
  })
  tell.attempt(39.85, 'instance-2', work('risk-assessment', 'r143'), {
    id: 'risk-143-a',
    fence: 17_959_062,
    call: risk,
    to: 42,
    parent: id,
  })
  tell.start(39.8, 'instance-2', work('improvement-suggestions', 'r142'), {
    parent: id,
    answer: { at: 39.82, outcome: 'stored', executionId: 'suggestions-142-a' },
  })
  tell.start(40.7, 'instance-2', summary, {
    parent: id,
    waitsFor: { executionId: 'summary-143-a', behind: 'instance-1' },
    answer: { at: 43.15, outcome: 'waited', executionId: 'summary-143-a' },
  })
  const review = work('ai-review', 'r144')
  const running = 'review-144-a'
  const open = tell.start(40.2, 'instance-3', review)
  tell.attempt(40.25, 'instance-3', review, {
    id: running,
    fence: 17_959_071,
    call: open,
    seenUntil: 45.8,
    percent: 40,
  })
  tell.start(44, 'instance-1', review, { waitsFor: { executionId: running, behind: 'instance-3' } })
}

const REVIEWS: readonly ReviewSummary[] = [
  summaryOf(140, 'Move the archive', {
    state: 'Rejected',
    hasFailed: true,
    percent: 40,
    stage: 'Build the diff',
    reason: 'There is no commit called "v0.9".',
    risk: null,
  }),
  summaryOf(141, 'Rename order states', {
    state: 'Merged',
    version: 5,
    tookMs: 4_600,
    instance: 'instance-2',
  }),
  summaryOf(142, 'Discount codes at checkout', {
    tookMs: 13_000,
    instance: 'instance-3',
    errors: 1,
    warnings: 2,
    risk: 72,
    attempt: 2,
  }),
  summaryOf(143, 'Retry the payment call', {
    state: 'Approved',
    version: 4,
    tookMs: 6_000,
    instance: 'instance-2',
    infos: 1,
    risk: 31,
  }),
  summaryOf(144, 'Cache the tax table', {
    state: 'AIReviewing',
    version: 2,
    percent: 40,
    stage: 'Analyse',
    instance: 'instance-3',
    risk: null,
  }),
]

const CLEAN_UPS = [
  [0.2, 'instance-3', 0],
  [12, 'instance-1', 2],
] as const

function summaryOf(number: number, title: string, more: Partial<ReviewSummary>): ReviewSummary {
  return {
    id: `r${number}`,
    number,
    title,
    state: 'HumanReview',
    version: 3,
    hasFailed: false,
    percent: 100,
    stage: null,
    reason: null,
    errors: 0,
    warnings: 0,
    infos: 0,
    risk: 12,
    instance: null,
    attempt: 1,
    tookMs: null,
    ...more,
  }
}

function reviews({ say }: Teller): void {
  for (const [at, instance, removed] of CLEAN_UPS) {
    const reviews = Array.from({ length: removed }, (_, index) => `old-${index}`)
    const lines = removed * 31
    say(at, 'database', {
      type: 'clean-up',
      slot: 1_795_900_380_000 + at * 1_000,
      instance,
      fencingToken: 1,
      reviews,
      lines,
    })
  }
  for (const review of REVIEWS) say(0.1, 'database', { type: 'review', ...review })
}

const lock = (
  name: string,
  permits: number,
  holders: readonly string[],
  waiting: readonly string[],
): LockNews => ({
  type: 'lock',
  name,
  permits,
  holders: holders.map((instance, index) => ({
    instance,
    token: `token-${index}`,
    fencingToken: 100 + index,
    heldMs: 900 + index * 1_300,
    leaseRemainingMs: 24_000 - index * 5_000,
    leaseMs: 30_000,
  })),
  waiting: waiting.map((instance, index) => ({ instance, waitedMs: 1_800 - index * 1_400 })),
  last: { instance: 'instance-1', at: 0 },
})

function surroundings({ say, events }: Teller): void {
  say(45, 'observer', lock('checkout of sample-shop', 1, ['instance-2'], ['instance-3', 'instance-1']))
  say(45, 'observer', lock('model calls', 2, ['instance-1'], []))
  say(45, 'observer', {
    ...lock('nightly clean-up', 1, [], []),
    last: { instance: 'instance-1', at: Date.now() - 120_000 },
  })
  for (let second = 1; second < STORY_SECONDS; second += 1) {
    const isDown = second >= 33 && second < 36
    for (const [index, namespace] of ['analysis', 'git', 'languages'].entries()) {
      say(second + index / 10, 'instance-1', {
        type: 'cache.sample',
        instance: 'instance-1',
        namespace,
        fromMemory: isDown ? 2 : 1 + ((second * 3 + index) % 3),
        fromRedis: isDown ? 0 : 2 + ((second * 7 + index) % 4),
        shared: second % 6 === 0 ? 2 : 0,
        loaded: isDown ? 4 : second % 5 === index ? 1 : 0,
        refusedFills: second === 31 ? 1 : 0,
        bypassed: isDown ? 4 : 0,
      })
    }
  }
  const lines = [
    [6.95, 'instance-1', 'info', 'begin · attempt 1', '8fK2wqQm1c'],
    [6.96, 'instance-2', 'info', 'waits: runs on instance-1', '8fK2wqQm1c'],
    [11, 'instance-1', 'info', '50 % · step saved · Read the context', '8fK2wqQm1c'],
    [15.8, 'instance-3', 'info', 'begin · attempt 2', '8fK2wqyT3A'],
    [18.4, 'instance-3', 'info', '80 % · Save findings · 3 rows, one transaction', '8fK2wqyT3A'],
    [33.2, 'instance-1', 'error', 'Redis: connection lost', null],
  ] as const
  for (const [at, instance, level, message, executionId] of lines) {
    say(at, instance, {
      type: 'log',
      instance,
      level,
      message,
      executionId,
      jobType: 'ai-review',
      jobKey: 'r142',
    })
  }
  say(44.6, 'coordinator', { type: 'reviewer', mode: 'slow' })
  say(45.5, 'coordinator', { type: 'redis.answered', roundTripMs: 0.4 })
  const asked = events().flatMap((event) =>
    event.type === 'call.asked' && event.parentExecutionId === null ? [event.callId] : [],
  )
  say(45.6, 'database', {
    type: 'control.ran',
    // The last two have not been tried.
    starts: asked.slice(0, -2).map((callId, index) => ({
      callId,
      outcome: [0, 15, 18, 22, 27].includes(index) ? 'saved' : index === 16 ? 'failed' : 'tooMany',
    })),
  })
  say(45.7, 'database', {
    type: 'verdict',
    ended: 6,
    parts: 1,
    twice: 0,
    refusedWrites: 1,
    controlTooMany: 23,
  })
}
