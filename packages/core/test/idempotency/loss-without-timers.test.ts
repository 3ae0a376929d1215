import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

describe('a process that takes over from itself', () => {
  it('aborts the signal of the body that lost the key before another body starts', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ leaseMs: 1_000 })
    const first = await idempotency.begin('job', 'k')
    if (first.status !== 'started') throw new Error(`not started: ${first.status}`)
    const { signal } = first.execution
    // The machine slept: no timer has fired since, and the lease is over.
    runtime.freeze(2_000)
    const second = await idempotency.begin('job', 'k')
    await settle()
    expect(second).toMatchObject({ status: 'started', execution: { attempt: 2 } })
    expect(signal.reason).toMatchObject({ code: 'LEASE_LOST' })
  })
})

describe('a body that blocked the event loop for longer than its lease', () => {
  it('reads in its signal that the lease is over, before any timer has fired', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ leaseMs: 1_000 })
    const begun = await idempotency.begin('job', 'k')
    if (begun.status !== 'started') throw new Error(`not started: ${begun.status}`)
    expect(begun.execution.signal.aborted).toBe(false)
    runtime.freeze(2_000)
    expect(begun.execution.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
  })
})
