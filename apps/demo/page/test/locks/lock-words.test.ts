import { expect, it } from 'vitest'
import { freeWords, heldWords, leaseLeft, placesOf } from '../../src/locks/lock-words.ts'
import type { Lock } from '../../src/model/model.ts'

const holder = {
  instance: 'instance-1',
  token: 't',
  fencingToken: 7,
  heldMs: 900,
  leaseRemainingMs: 4_000,
  leaseMs: 5_000,
}

const lock = (more: Partial<Lock>): Lock => ({
  at: 10_000,
  name: 'model calls',
  permits: 2,
  holders: [holder],
  waiting: [],
  last: null,
  ...more,
})

it('shows every permit of a semaphore as a place', () => {
  expect(placesOf(lock({}))).toEqual({ places: [holder, null], moreEmpty: 0 })
  expect(placesOf(lock({ permits: 40 }))).toMatchObject({ moreEmpty: 32 })
  expect(placesOf(lock({ permits: 40 })).places).toHaveLength(8)
  expect(placesOf(lock({ permits: 1, holders: [] })).places).toEqual([])
})

it('counts on from what was last heard: the time held grows, the lease runs out', () => {
  expect(heldWords(lock({}), holder, 10_000)).toBe('held 0.9 s')
  expect(heldWords(lock({}), holder, 12_000)).toBe('held 2.9 s')
  expect(leaseLeft(lock({}), holder, 10_000)).toBe(0.8)
  expect(leaseLeft(lock({}), holder, 12_000)).toBe(0.4)
  expect(leaseLeft(lock({}), holder, 99_000)).toBe(0)
})

it('does not count backwards when this clock is behind', () => {
  expect(heldWords(lock({}), holder, 9_000)).toBe('held 0.9 s')
  expect(leaseLeft(lock({}), holder, 9_000)).toBe(0.8)
})

it('says who had a free lock last', () => {
  const last = { instance: 'instance-2', at: 10_000 }
  expect(freeWords(lock({}), 10_000)).toBe('free · never held so far')
  expect(freeWords(lock({ last }), 10_400)).toBe('free · last held by instance-2, just now')
  expect(freeWords(lock({ last }), 22_000)).toBe('free · last held by instance-2, 12 s ago')
  expect(freeWords(lock({ last }), 150_000)).toBe('free · last held by instance-2, 2 min ago')
})
