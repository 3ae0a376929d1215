import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Store, openStore } from '../src/store/store.ts'
import { temporaryFolder } from './repository.ts'

function open(path = ':memory:'): Store {
  const store = openStore(path)
  onTestFinished(() => store.close())
  return store
}

function addReview(store: Store): void {
  const review = {
    id: 'r1',
    repository: '/r',
    baseCommit: 'b',
    headCommit: 'h',
    title: 't',
    reviewer: 'local',
  }
  store.reviews.add(review)
}

const finding = (message: string) => ({ file: 'a', severity: 'info' as const, rule: 'r', message })

it('has an effect once however often it is written, and refuses an older execution', () => {
  const store = open()
  addReview(store)
  const owner = (fencingToken: number) => ({ reviewId: 'r1', kind: 'ai-review', fencingToken })
  store.effects.saveFindings(owner(10), [finding('one'), finding('two')])
  store.effects.saveFindings(owner(20), [finding('three')])
  store.effects.notify(owner(20), 'newer')
  expect(() => store.effects.saveFindings(owner(10), [finding('late')])).toThrow('A newer execution')
  expect(() => store.effects.notify(owner(10), 'late')).toThrow('A newer execution')
  expect(store.effects.count('findings', 'r1')).toBe(1)
  expect(store.effects.notifications('r1')).toEqual([{ kind: 'ai-review', message: 'newer' }])
  // Another effect of the same review has its own order.
  store.effects.saveComments({ reviewId: 'r1', kind: 'risk', fencingToken: 1 }, ['low'])
  expect(store.effects.comments('r1', 'risk')).toEqual(['low'])
})

it('leaves everything as it was when a write fails midway', () => {
  const store = open()
  addReview(store)
  const owner = { reviewId: 'r1', kind: 'ai-review', fencingToken: 10 }
  store.effects.saveFindings(owner, [finding('kept')])
  const broken = { ...finding('bad'), severity: 'fatal' as 'error' }
  expect(() => store.effects.saveFindings({ ...owner, fencingToken: 20 }, [finding('new'), broken])).toThrow()
  expect(store.effects.count('findings', 'r1')).toBe(1)
  store.effects.saveFindings({ ...owner, fencingToken: 15 }, [])
  expect(store.effects.count('findings', 'r1')).toBe(0)
})

it('gives a review to one execution, and to a newer one when that is gone', () => {
  const store = open()
  addReview(store)
  expect(store.reviews.markReviewed('r1', 5)).toBe(false)
  expect(store.reviews.markReviewing('r1', 10)).toBe(true)
  expect(store.reviews.markReviewing('r1', 20)).toBe(true)
  expect(store.reviews.markReviewing('r1', 10)).toBe(false)
  expect(store.reviews.markReviewed('r1', 10)).toBe(false)
  expect(store.reviews.markReviewed('r1', 20)).toBe(true)
  expect(store.reviews.markReviewing('r1', 30)).toBe(false)
})

it('is one database for all who open the file', () => {
  const path = join(temporaryFolder(), 'shared.sqlite')
  const [one, two] = [open(path), open(path)]
  addReview(one)
  expect(two.reviews.find('r1')?.status).toBe('pending')
  const run = {
    jobType: 'ai-review',
    jobKey: 'r1',
    executionId: 'e',
    attempt: 1,
    instance: 'i',
    client: 'c',
    detail: '',
  }
  one.witness.record({ ...run, event: 'begin' })
  two.witness.record({ ...run, event: 'begin' })
  expect(one.witness.all()).toHaveLength(2)
})
