import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../src/store/database.ts'
import { type Store, openStore } from '../src/store/store.ts'
import { temporaryFolder } from './repository.ts'

function open(path = ':memory:', options: Parameters<typeof openStore>[1] = {}): Store {
  const store = openStore(path, options)
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

const ownerOf = (kind: string, fencingToken: number | undefined) => ({
  jobType: 'ai-review' as const,
  reviewId: 'r1',
  kind,
  instance: `with ${fencingToken}`,
  fencingToken,
})

const finding = (message: string) => ({
  file: 'a',
  severity: 'info' as const,
  category: 'style' as const,
  rule: 'r',
  message,
  suggestion: 's',
})

it('has an effect once however often it is written, and refuses an older execution', () => {
  const store = open()
  addReview(store)
  const owner = (fencingToken: number) => ownerOf('ai-review', fencingToken)
  store.effects.saveFindings(owner(10), [finding('one'), finding('two')])
  store.effects.saveFindings(owner(20), [finding('three')])
  expect(() => store.effects.saveFindings(owner(10), [finding('late')])).toThrow('A newer execution')
  expect(store.effects.count('findings', 'r1')).toBe(1)
  // Another effect of the same review has its own order.
  store.effects.saveComments(ownerOf('risk', 1), ['low'])
  expect(store.effects.comments('r1', 'risk')).toEqual(['low'])
})

it('refuses the charge of an attempt that has a successor, and keeps the refusal', () => {
  const store = open()
  const [first, second] = [ownerOf('ai-review', 10), ownerOf('ai-review', 20)]
  store.effects.claimCharge(first)
  store.effects.claimCharge(second)
  // Also before the successor has charged.
  expect(() => store.effects.charge(first, 500)).toThrow('A newer execution')
  store.effects.charge(second, 500)
  expect(store.effects.charges('r1')).toEqual([{ cents: 500, instance: 'with 20' }])
  expect(store.effects.refusedWrites('r1')).toEqual([{ effect: 'charge', instance: 'with 10' }])
})

it('charges a review once, also when an attempt dies between its charge and its checkpoint', () => {
  const store = open()
  const [first, second] = [ownerOf('ai-review', 10), ownerOf('ai-review', 20)]
  store.effects.charge(first, 500)
  store.effects.claimCharge(second)
  store.effects.charge(second, 500)
  expect(store.effects.charges('r1')).toEqual([{ cents: 500, instance: 'with 10' }])
  expect(store.effects.refusedWrites('r1')).toEqual([])
  // The older one has a successor, which counts although it had nothing left to charge.
  expect(() => store.effects.charge(first, 500)).toThrow('A newer execution')
})

it('counts every charge of the control run', () => {
  const store = open()
  for (const owner of [ownerOf('ai-review', undefined), ownerOf('ai-review', undefined)]) {
    store.effects.claimCharge(owner)
    store.effects.charge(owner, 500)
  }
  expect(store.effects.charges('r1')).toHaveLength(2)
  expect(store.effects.refusedWrites('r1')).toEqual([])
})

it('is at rest unless a process writes', () => {
  const path = join(temporaryFolder(), 'shared.sqlite')
  const store = open(path)
  const writer = openDatabase(path)
  onTestFinished(() => writer.close())
  expect(store.isAtRest()).toBe(true)
  writer.exec('BEGIN IMMEDIATE')
  expect(store.isAtRest()).toBe(false)
  writer.exec('ROLLBACK')
  expect(store.isAtRest()).toBe(true)
})

it('leaves everything as it was when a write fails midway', () => {
  const store = open()
  addReview(store)
  const owner = ownerOf('ai-review', 10)
  store.effects.saveFindings(owner, [finding('kept')])
  const broken = { ...finding('bad'), severity: 'fatal' as 'error' }
  expect(() => store.effects.saveFindings({ ...owner, fencingToken: 20 }, [finding('new'), broken])).toThrow()
  expect(store.effects.count('findings', 'r1')).toBe(1)
  store.effects.saveFindings({ ...owner, fencingToken: 15 }, [])
  expect(store.effects.count('findings', 'r1')).toBe(0)
})

it('is one database for all who open the file', () => {
  const path = join(temporaryFolder(), 'shared.sqlite')
  const [one, two] = [open(path), open(path)]
  addReview(one)
  expect(two.reviews.find('r1')?.state).toBe('Pending')
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

it('charges again for a later attempt in the control of the soak, which looks for no earlier charge, and only there', () => {
  const charged: number[] = []
  for (const withKeys of [true, false]) {
    const store = open(':memory:', {
      withKeys,
      onCharged: () => charged.push(store.effects.charges('r1').length),
    })
    store.effects.charge(ownerOf('ai-review', 10), 500)
    store.effects.charge(ownerOf('ai-review', 20), 500)
    // Its fences are there.
    expect(() => store.effects.charge(ownerOf('ai-review', 10), 500)).toThrow('A newer execution')
  }
  expect(charged).toEqual([1, 1, 1, 2])
})
