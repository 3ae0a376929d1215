/** The life of a review: who may change its state from where, with which guard, and who hears of it. */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import {
  type Act,
  type PersonAct,
  REVIEW_STATES,
  type ReviewState,
  TRANSITIONS,
  isAllowed,
} from '../src/store/review-states.ts'
import { type Store, openStore } from '../src/store/store.ts'
import { temporaryFolder } from './repository.ts'

function open(path = ':memory:'): Store {
  const store = openStore(path)
  onTestFinished(() => store.close())
  return store
}

function withReview(path?: string): Store {
  const store = open(path)
  store.reviews.add({
    id: 'r1',
    repository: '/repositories/shop',
    baseCommit: 'b',
    headCommit: 'h',
    title: 'Discounts',
    author: 'Ada',
    reviewer: 'local',
  })
  return store
}

const owner = (fencingToken: number) => ({
  jobType: 'ai-review' as const,
  reviewId: 'r1',
  kind: 'ai-review',
  instance: `instance-${fencingToken}`,
  fencingToken,
})

const stateOf = ({ reviews }: Store): ReviewState | undefined => reviews.find('r1')?.state
const versionOf = ({ reviews }: Store): number => reviews.find('r1')?.version ?? 0
const decide = (store: Store, act: PersonAct, seen = versionOf(store)) =>
  store.life.decide({ reviewId: 'r1', act, seen })

/** Brings a review there, in the ways that are allowed. */
const WAYS: Readonly<Record<ReviewState, (store: Store) => void>> = {
  Pending: () => undefined,
  AIReviewing: (store) => store.life.take(owner(10)),
  HumanReview(store) {
    store.life.take(owner(10))
    store.life.finish(owner(10), '3 findings')
  },
  Approved(store) {
    WAYS.HumanReview(store)
    decide(store, 'approve')
  },
  Rejected(store) {
    WAYS.HumanReview(store)
    decide(store, 'reject')
  },
  Merged(store) {
    WAYS.Approved(store)
    decide(store, 'merge')
  },
}

it.each(REVIEW_STATES)('is moved by a person from %s as the table says, and not otherwise', (state) => {
  const acts = (Object.keys(TRANSITIONS) as Act[]).filter(
    (act): act is PersonAct => TRANSITIONS[act].by === 'person',
  )
  expect(acts).toEqual(['approve', 'reject', 'merge', 'again'])
  for (const act of acts) {
    const store = withReview()
    WAYS[state](store)
    const before = versionOf(store)
    const decided = decide(store, act)
    if (isAllowed(act, state)) {
      expect(decided).toEqual({ ok: true, state: TRANSITIONS[act].to })
      expect([stateOf(store), versionOf(store)]).toEqual([TRANSITIONS[act].to, before + 1])
    } else {
      expect(decided).toEqual({ ok: false, why: 'notAllowed', state })
      expect([stateOf(store), versionOf(store)]).toEqual([state, before])
    }
  }
})

it.each(REVIEW_STATES)('is taken by a job from %s only where there is something to do', (state) => {
  const store = withReview()
  WAYS[state](store)
  expect(store.life.take(owner(20))).toBe(state === 'Pending' || state === 'AIReviewing')
})

it('belongs to the newest execution', () => {
  const store = withReview()
  expect(store.life.take(owner(10))).toBe(true)
  expect(store.life.take(owner(20))).toBe(true)
  expect(store.life.take(owner(10))).toBe(false)
  expect(() => store.life.finish(owner(10), 'late')).toThrow('A newer execution')
  expect(store.effects.refusedWrites('r1')).toEqual([{ effect: 'notifications', instance: 'instance-10' }])
  store.life.fail(owner(10), 'late')
  expect(stateOf(store)).toBe('AIReviewing')
  store.life.finish(owner(20), '3 findings')
  expect(stateOf(store)).toBe('HumanReview')
  expect(store.life.take(owner(30))).toBe(false)
  expect(store.life.moves('r1').map(({ to, actor, who }) => [to, actor, who])).toEqual([
    ['AIReviewing', 'job', 'instance-10'],
    ['AIReviewing', 'job', 'instance-20'],
    ['HumanReview', 'job', 'instance-20'],
  ])
})

it('tells the author and the project once, also when an attempt dies between the end and its record', () => {
  const store = withReview()
  WAYS.HumanReview(store)
  const told = store.life.notices('r1')
  expect(told).toMatchObject([
    {
      recipient: 'author',
      name: 'Ada',
      version: 3,
      message: 'Your change “Discounts” was reviewed: 3 findings. A person decides now.',
    },
    { recipient: 'project', name: 'shop', version: 3 },
  ])
  // Its successor, which goes on from the last checkpoint; and a person was faster.
  decide(store, 'approve')
  store.life.finish(owner(20), '3 findings')
  expect(stateOf(store)).toBe('Approved')
  expect(store.life.notices('r1').slice(2)).toMatchObject([
    { version: 4, message: 'Your change “Discounts” was approved by a visitor.' },
    { version: 4, recipient: 'project' },
  ])
  expect(store.life.notices('r1')).toHaveLength(4)
})

it('is rejected with the reason when its job fails, and can be taken again', () => {
  const store = withReview()
  store.life.take(owner(10))
  store.life.fail(owner(10), 'The analyser broke.')
  expect(store.reviews.find('r1')).toMatchObject({
    state: 'Rejected',
    hasFailed: true,
    reason: 'The analyser broke.',
  })
  expect(decide(store, 'again')).toMatchObject({ ok: false, why: 'notAllowed' })
  expect(store.life.take(owner(5))).toBe(false)
  expect(store.life.take(owner(20))).toBe(true)
  expect(store.reviews.find('r1')).toMatchObject({ state: 'AIReviewing', hasFailed: false, reason: null })
})

it('lets one of two persons decide who saw the same, and shows the other what is there now', () => {
  const path = join(temporaryFolder(), 'shared.sqlite')
  const [one, other] = [withReview(path), open(path)]
  WAYS.HumanReview(one)
  const seen = versionOf(other)
  expect(decide(one, 'approve', seen)).toEqual({ ok: true, state: 'Approved' })
  expect(decide(other, 'reject', seen)).toEqual({ ok: false, why: 'changed', state: 'Approved' })
  expect(stateOf(one)).toBe('Approved')
  expect(one.life.notices('r1')).toHaveLength(4)
  // What was reviewed again meanwhile is not what the person saw, though its state has the same name.
  decide(one, 'again')
  one.life.take(owner(20))
  one.life.finish(owner(20), 'nothing')
  expect(decide(other, 'approve', seen)).toEqual({ ok: false, why: 'changed', state: 'HumanReview' })
  expect(other.life.decide({ reviewId: 'none', act: 'approve', seen: 1 })).toEqual({
    ok: false,
    why: 'unknown',
  })
})

it('refuses an execution of before the review was to be done again', () => {
  const store = withReview()
  WAYS.HumanReview(store)
  decide(store, 'again')
  expect(store.life.take(owner(5))).toBe(false)
  store.life.finish(owner(10), 'again')
  expect(stateOf(store)).toBe('Pending')
  expect(store.life.take(owner(20))).toBe(true)
})

it('leaves everything as it was when a part of a change cannot be written', () => {
  const store = withReview()
  store.life.take(owner(10))
  // The driver takes no such value, and the row of the history comes after that of the review.
  expect(() => store.life.fail(owner(10), {} as string)).toThrow()
  expect(stateOf(store)).toBe('AIReviewing')
  expect(store.life.moves('r1')).toHaveLength(1)
  expect(store.life.notices('r1')).toEqual([])
})
