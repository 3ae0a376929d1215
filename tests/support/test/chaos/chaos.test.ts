import { planFaults, serverFaults, chaos, workerFaults } from '@holdfast/test-support/chaos'
import { describe, expect, it } from 'vitest'

describe('planFaults', () => {
  it('plans the same for the same seed, and something else for another', () => {
    const options = { durationMs: 10_000, workers: 4 }
    expect(planFaults(7, options)).toEqual(planFaults(7, options))
    expect(planFaults(7, options)).not.toEqual(planFaults(8, options))
  })

  it('leaves no fault out, and keeps to the time', () => {
    const plan = planFaults(1, { durationMs: 10_000, workers: 4 })
    expect(new Set(plan.map(({ name }) => name))).toEqual(new Set([...workerFaults, ...serverFaults]))
    expect(plan.every(({ atMs, worker }) => atMs < 10_000 && worker < 4)).toBe(true)
  })
})

describe('chaos', () => {
  it('finds out the naive lock', async () => {
    const report = await chaos({
      workload: new URL('naive-lock.ts', import.meta.url),
      seed: 1,
      durationMs: 2_500,
      workers: 3,
      faults: ['freeze-worker', 'black-hole'],
      // A worker that the ledger refuses believed in a lock that another worker had.
      enough: ({ ledgerRefusals }) => ledgerRefusals > 0,
    })
    const rules = new Set(report.violations.map(({ rule }) => rule))
    expect(rules).toContain('mutual exclusion')
    expect(rules).toContain('zombie writes')
    expect(rules).not.toContain('no surprises')
    // Its fence is the one thing that works, and the ledger believes in nothing else.
    expect(rules).not.toContain('no lost update')
    expect(report.figures.ledgerRefusals).toBeGreaterThan(0)
    expect(report.figures.faults).not.toEqual({})
  })
})
