import { expect, it } from 'vitest'
import { type Disturbance, KINDS, planDisturbances } from '../../src/soak/plan/plan.ts'

const MANY = 300

const planned = (seed: number, instances = 6): readonly Disturbance[] => {
  const plan = planDisturbances(seed, instances)
  return Array.from({ length: MANY }, () => plan.next().value)
}

it('is the same for a seed, and another for another', () => {
  expect(planned(42)).toEqual(planned(42))
  expect(planned(42)).not.toEqual(planned(43))
})

it('has each kind before any kind comes too often, and rests before each', () => {
  const plan = planned(1)
  const firsts = plan.slice(0, 15).map(({ kind }) => kind)
  expect(new Set(firsts)).toEqual(new Set(KINDS))
  for (const { restMs } of plan) expect(restMs).toBeGreaterThanOrEqual(1_000)
})

it('is about every instance, and about no other', () => {
  expect(new Set(planned(7, 3).map(({ instance }) => instance))).toEqual(new Set([0, 1, 2]))
})

it('lasts longer than a lease at times, and shorter at others', () => {
  const frozen = planned(3).flatMap(({ kind, lastsMs }) => (kind === 'freeze' ? [lastsMs] : []))
  expect(Math.max(...frozen)).toBeGreaterThan(5_000)
  expect(Math.min(...frozen)).toBeLessThan(5_000)
})
