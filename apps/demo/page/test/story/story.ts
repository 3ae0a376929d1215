import type { ReviewSummary, Work } from '../../../src/events/page-event.ts'
import type { WorldEvent } from '../../../src/live/world.ts'
import { type Telling, telling } from './telling.ts'

/** The story ends now; so many seconds ago it began. */
export const SECONDS = 46

const work = (jobType: Work['jobType'], number: number): Work => ({ jobType, jobKey: `review-${number}` })
const fence = (rank: number): number => 1_795_900_392_690_300 + rank

/** The five steps of a tour, as a page hears them: once, killed, frozen, without Redis, shared. */
export function story(now: number): readonly WorldEvent[] {
  const told = telling(now - SECONDS * 1_000)
  reviews(told)
  fifteenAtOnce(told)
  killed(told)
  frozen(told)
  withoutRedis(told)
  shared(told)
  locks(told)
  cache(told)
  return told.events()
}

function reviews({ tell }: Telling): void {
  const review = (number: number, second: number, title: string, more: Partial<ReviewSummary>): void =>
    tell(second, 'coordinator', {
      type: 'review',
      id: `review-${number}`,
      number,
      title,
      status: 'reviewed',
      percent: 100,
      stage: null,
      errors: 0,
      warnings: 0,
      infos: 0,
      risk: 12,
      instance: 'instance-2',
      attempt: 1,
      tookMs: 4_500,
      ...more,
    })
  review(141, 7.7, 'Rename order states', {})
  review(142, 21.3, 'Discount codes at checkout', {
    errors: 1,
    warnings: 2,
    risk: 72,
    instance: 'instance-3',
    attempt: 2,
    tookMs: 13_000,
  })
  review(143, 44.2, 'Retry the payment call', { infos: 1, risk: 41, tookMs: 6_000 })
  review(144, 45, 'Cache the tax table', {
    status: 'reviewing',
    stage: 'Analyse',
    percent: 40,
    risk: null,
    instance: 'instance-3',
    tookMs: null,
  })
}

function chapter({ tell }: Telling, step: number, title: string, from: number, to: number): void {
  tell(from, 'coordinator', { type: 'chapter.began', chapterId: `tour-${step}`, title, step })
  tell(to, 'coordinator', { type: 'chapter.ended', chapterId: `tour-${step}` })
}

function fifteenAtOnce(told: Telling): void {
  const job = work('risk-assessment', 141)
  chapter(told, 1, 'Fifteen at once', 3, 9)
  for (let call = 0; call < 15; call += 1) {
    const instance = `instance-${(call % 3) + 1}`
    told.ask(4, instance, `once-${call}`, job)
    if (call === 1) continue
    const waits = call === 3 || call === 5
    if (waits) {
      const behind = { executionId: 'risk-141', behind: 'instance-2' }
      told.tell(4.02, instance, { type: 'call.waiting', callId: `once-${call}`, ...behind })
    }
    told.answer(
      waits ? 7.6 : 4.05,
      instance,
      `once-${call}`,
      waits ? 'waited' : 'turnedAway',
      waits ? 3_600 : 50,
    )
  }
  told.attempt({
    id: 'risk-141',
    instance: 'instance-2',
    work: job,
    fence: fence(1),
    from: 4.02,
    to: 7.6,
    callId: 'once-1',
  })
  told.answer(7.6, 'instance-2', 'once-1', 'ran', 3_600)
}

function killed(told: Telling): void {
  const job = work('ai-review', 142)
  const log = (second: number, instance: string, message: string, attempt = 1): void =>
    told.log(second, instance, message, `review-142-${attempt}`)
  chapter(told, 2, 'One is killed', 9.5, 22)
  for (const instance of ['instance-1', 'instance-2', 'instance-3']) {
    told.ask(9.9, instance, `killed-${instance}`, job)
    if (instance === 'instance-1') continue
    const behind = { executionId: 'review-142-1', behind: 'instance-1' }
    told.tell(9.95, instance, { type: 'call.waiting', callId: `killed-${instance}`, ...behind })
    log(9.96, instance, 'waits: runs on instance-1')
  }
  log(9.92, 'instance-1', 'begin · attempt 1')
  log(13.8, 'instance-1', '50 % · step saved · Read the context')
  told.attempt({
    id: 'review-142-1',
    instance: 'instance-1',
    work: job,
    fence: fence(2),
    from: 9.92,
    to: 13.9,
    percent: 50,
    silent: true,
    callId: 'killed-instance-1',
  })
  told.tell(14, 'coordinator', { type: 'instance.killed', instance: 'instance-1' })
  told.tell(19.5, 'coordinator', { type: 'instance.started', instance: 'instance-1', pid: 4_242 })
  const after = { id: 'review-142-1', instance: 'instance-1', percent: 50 }
  log(18.85, 'instance-3', 'begin · attempt 2', 2)
  told.attempt({
    id: 'review-142-2',
    instance: 'instance-3',
    work: job,
    fence: fence(3),
    from: 18.8,
    to: 21.2,
    attempt: 2,
    after,
    callId: 'killed-instance-3',
  })
  log(20.4, 'instance-3', '80 % · Save findings · 3 rows, one transaction', 2)
  log(21.25, 'instance-2', 'got the result of attempt 2 after 13.0 s')
  told.answer(21.2, 'instance-3', 'killed-instance-3', 'ran', 11_300)
  told.answer(21.25, 'instance-2', 'killed-instance-2', 'waited', 11_300)
}

function frozen(told: Telling): void {
  const job = work('pull-request-summary', 142)
  chapter(told, 3, 'One is frozen, then wakes', 22.5, 32)
  for (const instance of ['instance-2', 'instance-1']) told.ask(22.9, instance, `frozen-${instance}`, job)
  told.attempt({
    id: 'summary-142-1',
    instance: 'instance-2',
    work: job,
    fence: fence(4),
    from: 23,
    to: 30.8,
    percent: 40,
    outcome: 'lost',
    callId: 'frozen-instance-2',
  })
  told.tell(24, 'coordinator', { type: 'instance.frozen', instance: 'instance-2' })
  const after = { id: 'summary-142-1', instance: 'instance-2', percent: 40 }
  told.attempt({
    id: 'summary-142-2',
    instance: 'instance-1',
    work: job,
    fence: fence(5),
    from: 28.6,
    to: 30,
    attempt: 2,
    after,
    callId: 'frozen-instance-1',
  })
  told.answer(30, 'instance-1', 'frozen-instance-1', 'ran', 7_100)
  told.tell(30.6, 'coordinator', { type: 'instance.thawed', instance: 'instance-2' })
  told.tell(30.75, 'database', {
    type: 'effect.refused',
    ...job,
    effect: 'comments',
    instance: 'instance-2',
    fencingToken: fence(4),
    newestToken: fence(5),
  })
  told.answer(30.8, 'instance-2', 'frozen-instance-2', 'tooLate', 7_900)
}

function withoutRedis(told: Telling): void {
  const job = work('improvement-suggestions', 142)
  chapter(told, 4, 'Redis stops', 32.5, 38.5)
  told.ask(32.8, 'instance-3', 'out-1', job)
  told.attempt({
    id: 'suggest-142',
    instance: 'instance-3',
    work: job,
    fence: fence(6),
    from: 32.8,
    to: 38,
    callId: 'out-1',
  })
  told.tell(33, 'coordinator', { type: 'redis.stopped' })
  for (const instance of ['instance-1', 'instance-2']) {
    told.tell(33.1, instance, { type: 'breaker', instance, state: 'open' })
    told.ask(33.3, instance, `out-${instance}`, job)
    told.answer(35.3, instance, `out-${instance}`, 'noRedis', 2_000)
    told.tell(36.4, instance, { type: 'breaker', instance, state: 'closed' })
  }
  told.tell(36, 'coordinator', { type: 'redis.started' })
  told.answer(38, 'instance-3', 'out-1', 'ran', 5_200)
}

function shared(told: Telling): void {
  const report = work('comprehensive-analysis', 143)
  chapter(told, 5, 'Shared work', 39, 45)
  told.ask(39.2, 'instance-2', 'report', report)
  told.attempt({
    id: 'report-143',
    instance: 'instance-2',
    work: report,
    fence: fence(7),
    from: 39.3,
    to: 45,
    callId: 'report',
  })
  const part = (
    id: string,
    jobType: Work['jobType'],
    instance: string,
    rank: number,
    from: number,
    to: number,
  ): void => {
    told.ask(from, instance, `part-${id}`, work(jobType, 143), 'report-143')
    told.attempt({
      id,
      instance,
      work: work(jobType, 143),
      fence: fence(rank),
      from,
      to,
      parent: 'report-143',
      callId: `part-${id}`,
    })
    told.answer(to, instance, `part-${id}`, 'ran', (to - from) * 1_000)
  }
  part('risk-143', 'risk-assessment', 'instance-2', 8, 40.2, 42.3)
  part('summary-143', 'pull-request-summary', 'instance-2', 9, 42.4, 44)
  told.ask(44.1, 'instance-2', 'part-stored', work('improvement-suggestions', 143), 'report-143')
  told.answer(44.15, 'instance-2', 'part-stored', 'stored', 40)
  told.answer(45, 'instance-2', 'report', 'ran', 5_700)
  const running = work('ai-review', 144)
  told.ask(41, 'instance-3', 'running', running)
  told.attempt({
    id: 'review-144',
    instance: 'instance-3',
    work: running,
    fence: fence(10),
    from: 41,
    percent: 40,
    callId: 'running',
  })
  for (let line = 0; line < 60; line += 1) {
    told.log(39 + line / 10, `instance-${(line % 3) + 1}`, `cache · analysis · found, ${line} of 60`)
  }
}

function locks({ tell }: Telling): void {
  const holder = (instance: string, heldMs: number, leaseRemainingMs: number) => ({
    instance,
    token: `token-of-${instance}`,
    fencingToken: 7,
    heldMs,
    leaseRemainingMs,
    leaseMs: 30_000,
  })
  tell(45.9, 'observer', {
    type: 'lock',
    name: 'checkout of sample-shop',
    permits: 1,
    holders: [holder('instance-2', 3_100, 24_000)],
    waiting: [
      { instance: 'instance-3', waitedMs: 1_800 },
      { instance: 'instance-1', waitedMs: 400 },
    ],
    last: null,
  })
  tell(45.9, 'observer', {
    type: 'lock',
    name: 'model calls',
    permits: 2,
    holders: [holder('instance-1', 900, 27_000)],
    waiting: [],
    last: null,
  })
  tell(45.9, 'observer', {
    type: 'lock',
    name: 'nightly clean-up',
    permits: 1,
    holders: [],
    waiting: [],
    last: { instance: 'instance-1', at: Date.now() - 125_000 },
  })
}

function cache({ tell }: Telling): void {
  const namespaces = ['analysis', 'git', 'languages']
  for (let second = 3; second < 45; second += 1) {
    const isDown = second >= 33 && second < 36
    for (const [index, namespace] of namespaces.entries()) {
      const busy = 2 + ((second * (index + 3)) % 5)
      tell(second, `instance-${index + 1}`, {
        type: 'cache.sample',
        instance: `instance-${index + 1}`,
        namespace,
        fromMemory: isDown ? 1 : busy,
        fromRedis: isDown ? 0 : 2 + (second % 3),
        shared: second > 38 ? 2 : 0,
        loaded: second % 7 === 0 ? 1 : 0,
        refusedFills: second === 37 && index === 0 ? 1 : 0,
        bypassed: isDown ? 2 : 0,
      })
    }
  }
}
