import fc from 'fast-check'
import type { CallOutcome, PageEvent, PageNews, Work } from '../../../src/events/page-event.ts'
import type { Snapshot } from '../../../src/events/snapshot.ts'
import { modelOf } from '../../src/model/fold.ts'
import type { Model } from '../../src/model/model.ts'
import { eventMaker, WORLD } from '../event-maker.ts'

export interface History {
  readonly model: Model
  readonly now: number
}

const TYPES = ['ai-review', 'risk-assessment', 'pull-request-summary', 'comprehensive-analysis'] as const
const OUTCOMES = ['ran', 'stored', 'waited', 'turnedAway', 'noRedis', 'failed', null] as const
const ENDS = ['completed', 'failed', 'released', 'lost', null] as const

const start = fc.record({
  kind: fc.constant('start' as const),
  at: fc.integer({ min: 0, max: 60_000 }),
  instance: fc.nat(19),
  type: fc.constantFrom(...TYPES),
  key: fc.integer({ min: 1, max: 4 }),
  outcome: fc.constantFrom(...OUTCOMES),
  took: fc.integer({ min: 1, max: 12_000 }),
  waits: fc.boolean(),
  /** What became of its run, if it ran: also that another took over. */
  end: fc.constantFrom(...ENDS),
  isTakenOver: fc.boolean(),
})

const act = fc.record({
  kind: fc.constant('act' as const),
  at: fc.integer({ min: 0, max: 60_000 }),
  instance: fc.nat(19),
  what: fc.constantFrom('kill', 'freeze', 'cut', 'redis', 'reviewer', 'refused' as const),
  lasts: fc.integer({ min: 100, max: 20_000 }),
})

/** Histories that no world would have, too: the picture has to stand them. */
export function histories(): fc.Arbitrary<History> {
  return fc
    .record({
      instances: fc.integer({ min: 1, max: 20 }),
      things: fc.array(fc.oneof({ weight: 4, arbitrary: start }, act), { maxLength: 60 }),
    })
    .map(({ instances, things }) => historyOf(instances, things))
}

type Thing =
  | (typeof start extends fc.Arbitrary<infer S> ? S : never)
  | (typeof act extends fc.Arbitrary<infer A> ? A : never)

function historyOf(count: number, things: readonly Thing[]): History {
  const begin = 1_700_000_000_000
  const names = Array.from({ length: count }, (_, index) => `instance-${index + 1}`)
  const told: { readonly at: number; readonly source: string; readonly news: PageNews }[] = []
  for (const [index, thing] of things.entries()) {
    const instance = names[thing.instance % count] ?? 'instance-1'
    const say = (at: number, source: string, news: PageNews): void =>
      void told.push({ at: begin + at, source, news })
    if (thing.kind === 'start')
      tellStart(say, thing, instance, names[(thing.instance + 1) % count] ?? instance, index)
    else tellAct(say, thing, instance)
  }
  const make = eventMaker()
  const events: readonly PageEvent[] = told
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, source, news }) => make(at, source, news))
  const now = begin + 61_000
  const [template] = WORLD.instances
  if (template === undefined) throw new Error('The world has no instance.')
  const snapshot: Snapshot = {
    run: 'random',
    seq: events.length,
    now,
    world: { ...WORLD, instances: names.map((name) => ({ ...template, name })) },
    events,
  }
  return { model: modelOf(snapshot), now }
}

type Say = (at: number, source: string, news: PageNews) => void

function tellStart(
  say: Say,
  thing: Thing & { readonly kind: 'start' },
  instance: string,
  other: string,
  index: number,
): void {
  const work: Work = { jobType: thing.type, jobKey: `r${thing.key}` }
  const callId = `call-${index}`
  const executionId = `execution-${index}`
  const answer = (outcome: CallOutcome): void =>
    say(thing.at + thing.took, instance, {
      type: 'call.answered',
      callId,
      outcome,
      executionId,
      tookMs: thing.took,
      code: null,
      message: 'for a reason that takes some words',
    })
  say(thing.at, instance, { type: 'call.asked', ...work, callId, policy: 'wait', parentExecutionId: null })
  if (thing.waits) say(thing.at + 1, instance, { type: 'call.waiting', callId, executionId, behind: other })
  if (thing.outcome === 'ran') {
    const attempt = {
      ...work,
      type: 'attempt.started',
      callId,
      attempt: 1,
      fencingToken: 100 + index * 2,
      leaseMs: 5_000,
      parentExecutionId: null,
      takenOverFrom: null,
      takenOverFromInstance: null,
      fromPercent: 0,
    } as const
    say(thing.at + 2, instance, { ...attempt, executionId })
    say(thing.at + 2 + thing.took / 2, 'observer', {
      type: 'attempt.seen',
      executionId,
      percent: 50,
      message: null,
      leaseEndsAt: 1_700_000_000_000 + thing.at + 3_000,
      stalled: thing.isTakenOver,
    })
    if (thing.isTakenOver) {
      say(thing.at + 4_000, other, {
        ...attempt,
        callId: null,
        executionId: `heir-${index}`,
        attempt: 2,
        fencingToken: 101 + index * 2,
        takenOverFrom: executionId,
        takenOverFromInstance: instance,
        fromPercent: 50,
      })
    }
    if (thing.end !== null) {
      say(thing.at + 2 + thing.took, instance, {
        type: 'attempt.ended',
        executionId,
        outcome: thing.end,
        reason: null,
        message: 'it did not work',
        ranMs: thing.took,
      })
      say(thing.at + 1 + thing.took, 'database', {
        type: 'effect.saved',
        ...work,
        effect: 'findings',
        instance,
        fencingToken: 100 + index * 2,
      })
    }
  }
  if (thing.outcome !== null) answer(thing.outcome)
}

function tellAct(say: Say, { at, what, lasts }: Thing & { readonly kind: 'act' }, instance: string): void {
  const over = at + lasts
  switch (what) {
    case 'kill':
      say(at, 'coordinator', { type: 'instance.killed', instance })
      say(over, 'coordinator', { type: 'instance.started', instance, pid: 1 })
      return
    case 'freeze':
      say(at, 'coordinator', { type: 'instance.frozen', instance })
      say(over, 'coordinator', { type: 'instance.thawed', instance })
      return
    case 'cut':
      say(at, 'coordinator', { type: 'instance.cut', instance })
      say(over, 'coordinator', { type: 'instance.restored', instance })
      return
    case 'redis':
      say(at, 'coordinator', { type: 'redis.stopped' })
      say(over, 'coordinator', { type: 'redis.started' })
      return
    case 'reviewer':
      say(at, 'coordinator', { type: 'reviewer', mode: 'slow' })
      say(over, 'coordinator', { type: 'reviewer', mode: 'normal' })
      return
    case 'refused':
      say(at, 'database', {
        type: 'effect.refused',
        jobType: 'ai-review',
        jobKey: 'r1',
        effect: 'charge',
        instance,
        fencingToken: 1,
        newestToken: 2,
      })
  }
}
