import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IdempotencyEvent } from '@holdfast/core'
import { createWorld, started } from './world.ts'

const events: IdempotencyEvent[] = []
const listen = (event: unknown): void => void events.push(event as IdempotencyEvent)
beforeEach(() => subscribe('holdfast:idempotency', listen))
afterEach(() => {
  unsubscribe('holdfast:idempotency', listen)
  events.length = 0
})

const told = (): IdempotencyEvent[] => events.splice(0)
const name = { jobType: 'job', jobKey: 'k' }

describe('the channel holdfast:idempotency', () => {
  it('publishes a start and its end, and every start that was not executed', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ instance: 'one' })
    const other = join({ instance: 'two' }).idempotency
    const execution = await started(idempotency, { fingerprint: 1 })
    const { executionId } = execution
    await idempotency.begin('job', 'k')
    await idempotency.begin('job', 'k', { fingerprint: 2 })
    const { fencingToken } = execution
    const common = { ...name, executionId, instance: 'one', at: runtime.wallNow() }
    expect(told()).toEqual([
      { ...common, type: 'started', attempt: 1, fencingToken },
      { ...common, type: 'inProgress' },
      { ...common, type: 'mismatch' },
    ])
    await runtime.advance(700)
    await execution.markSuccess(1)
    await other.run('job', 'k', () => 2)
    const later = { ...common, at: runtime.wallNow() }
    expect(told()).toEqual([
      { ...later, type: 'completed', attempt: 1, fencingToken, ranMs: 700 },
      { ...later, type: 'replayed', replay: 'stored' },
    ])
  })

  it('publishes a result that was not stored, and why', async () => {
    const { join } = createWorld()
    const { idempotency } = join({ maxResultBytes: 50 })
    await idempotency.run('job', 'k', () => ({ site: new URL('http://localhost') }))
    await idempotency.run('job', 'large', () => 'x'.repeat(100))
    const execution = await started(idempotency, {}, 'streamed')
    await execution.markSuccess(undefined, { omitted: 'stream' })
    const why = expect.stringContaining('result.site is an instance of URL') as string
    expect(told().filter(({ type }) => type === 'completed')).toMatchObject([
      { ...name, resultOmitted: 'unserializable', resultProblem: why },
      { jobKey: 'large', resultOmitted: 'too-large', resultProblem: 'it takes 102 bytes.' },
      { jobKey: 'streamed', resultOmitted: 'stream', resultProblem: null },
    ])
  })

  it('publishes failures with their errors, and releases', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const error = new Error('no')
    await idempotency.run('job', 'k', () => Promise.reject(error)).catch(() => undefined)
    await idempotency.begin('job', 'k', { onFailed: 'replay' })
    expect(told()).toMatchObject([
      { ...name, type: 'started', attempt: 1 },
      { ...name, type: 'failed', error },
      { ...name, type: 'failedBefore', error: { message: 'no' } },
    ])
    const second = await started(idempotency)
    await second.release()
    expect(told()).toMatchObject([
      { type: 'started', attempt: 2, executionId: second.executionId },
      { type: 'released', executionId: second.executionId, attempt: 2, fencingToken: second.fencingToken },
    ])
  })

  it('publishes failed renewals, a lost lease, once, and a takeover with its former owner', async () => {
    const { runtime, join } = createWorld()
    const dead = join({ instance: 'dead' })
    const first = await started(dead.idempotency, { leaseMs: 1_000 })
    dead.link.blackHole = true
    told()
    await runtime.advance(1_000)
    const second = await started(join({ instance: 'heir' }).idempotency)
    await first.updateProgress(1).catch(() => undefined)
    const { executionId, fencingToken } = first
    const events = told()
    const failures = events.filter(({ type }) => type === 'renewalFailed')
    expect(failures.length).toBeGreaterThan(0)
    for (const failure of failures)
      expect(failure).toMatchObject({
        executionId,
        fencingToken,
        attempt: 1,
        instance: 'dead',
        error: { code: 'STORAGE_UNAVAILABLE' },
        remainingMs: expect.any(Number) as number,
      })
    expect(events.filter(({ type }) => type !== 'renewalFailed')).toMatchObject([
      {
        ...name,
        type: 'lost',
        executionId,
        fencingToken,
        attempt: 1,
        instance: 'dead',
        reason: 'outage',
        ranMs: 949,
        error: { code: 'LEASE_LOST', reason: 'outage', cause: { code: 'STORAGE_UNAVAILABLE' } },
      },
      {
        ...name,
        type: 'started',
        executionId: second.executionId,
        fencingToken: second.fencingToken,
        attempt: 2,
        instance: 'heir',
        takenOverFrom: executionId,
        takenOverFromInstance: 'dead',
      },
    ])
  })

  it('publishes an unconfirmed success, with its error', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    link.once('replace', 'refused')
    const run = idempotency.run('job', 'k', () => ({ paid: true }))
    await expect(run).rejects.toMatchObject({ code: 'COMPLETION_UNCONFIRMED' })
    expect(told()).toMatchObject([
      { type: 'started' },
      { type: 'unconfirmed', error: { code: 'COMPLETION_UNCONFIRMED', result: { paid: true } } },
    ])
  })
})
