import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IdempotencyEvent, StartOptions } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { type Process, createWorld, started, watched } from './world.ts'

const events: IdempotencyEvent[] = []
const listen = (event: unknown): void => void events.push(event as IdempotencyEvent)
beforeEach(() => subscribe('holdfast:idempotency', listen))
afterEach(() => {
  unsubscribe('holdfast:idempotency', listen)
  events.length = 0
})

const told = (): IdempotencyEvent[] => events.splice(0)

const setUp = async () => {
  const { runtime, join } = createWorld()
  const owner = join({ instance: 'owner' })
  const execution = await started(owner.idempotency, { leaseMs: 60_000 })
  const other = join({ instance: 'other' })
  const { executionId } = execution
  told()
  const startIn = ({ idempotency }: Process, options: StartOptions = {}) =>
    watched(idempotency.run('job', 'k', { onInProgress: 'wait', ...options }, () => 'ran here'))
  return { runtime, owner, other, execution, executionId, startIn }
}

describe('a start that waits', () => {
  it('publishes whom it waits for, and at the end that it has the result of another process', async () => {
    const { runtime, other, execution, executionId, startIn } = await setUp()
    const run = startIn(other)
    await settle()
    const about = { jobType: 'job', jobKey: 'k', executionId, instance: 'owner' }
    expect(told()).toEqual([{ ...about, at: runtime.wallNow(), type: 'waiting', leaseRemainingMs: 60_000 }])
    await runtime.advance(1_500)
    await execution.markSuccess('r')
    await settle()
    expect(run.value).toMatchObject({ status: 'replayed', result: 'r', replay: 'waited' })
    const at = runtime.wallNow()
    expect(told().filter(({ type }) => type !== 'completed')).toEqual([
      { ...about, at, type: 'waited', outcome: 'replayed', waitedMs: 1_500 },
      { ...about, at, type: 'replayed', replay: 'waited' },
    ])
  })

  it('says that it has joined an execution of this process', async () => {
    const { owner, execution, startIn } = await setUp()
    const run = startIn(owner)
    await settle()
    await execution.markSuccess('r')
    await settle()
    expect(run.value).toMatchObject({ status: 'replayed', replay: 'joined' })
    expect(told()).toMatchObject([
      { type: 'waiting' },
      { type: 'completed' },
      { type: 'waited', outcome: 'joined' },
      { type: 'replayed', replay: 'joined' },
    ])
  })

  it('says nothing of a wait when the result is there', async () => {
    const { other, execution, startIn } = await setUp()
    await execution.markSuccess('r')
    told()
    const run = startIn(other)
    await settle()
    expect(run.value).toMatchObject({ status: 'replayed', replay: 'stored' })
    const begun = await other.idempotency.begin('job', 'k')
    expect(begun).toMatchObject({ status: 'replayed', replay: 'stored' })
    expect(told()).toMatchObject([
      { type: 'replayed', replay: 'stored' },
      { type: 'replayed', replay: 'stored' },
    ])
  })

  it('publishes that it starts the job itself', async () => {
    const { other, execution, startIn } = await setUp()
    const run = startIn(other)
    await settle()
    await execution.release()
    await settle()
    expect(run.value).toMatchObject({ status: 'executed' })
    expect(run.value).not.toHaveProperty('replay')
    expect(told().map((event) => [event.type, 'outcome' in event && event.outcome])).toEqual([
      ['waiting', false],
      ['released', false],
      ['waited', 'started'],
      ['started', false],
      ['completed', false],
    ])
  })

  it.each([
    ['timedOut', 'EXECUTION_IN_PROGRESS'],
    ['aborted', 'WAIT_ABORTED'],
    ['storageUnavailable', 'STORAGE_UNAVAILABLE'],
    ['closed', 'CLOSED'],
  ])('says that its wait has ended as %s', async (outcome, code) => {
    const { runtime, other, startIn } = await setUp()
    const abort = new AbortController()
    const run = startIn(other, { waitMs: 1_000, signal: abort.signal })
    await settle()
    told()
    if (outcome === 'aborted') abort.abort()
    if (outcome === 'storageUnavailable') other.link.blackHole = true
    if (outcome === 'closed') await other.idempotency.close()
    else await runtime.advance(5_000)
    await settle()
    expect(run.error).toMatchObject({ code })
    const ends = told().filter(({ type }) => type === 'waited')
    expect(ends).toMatchObject([{ outcome, instance: 'owner' }])
    if (outcome === 'timedOut')
      expect((run.error as Error).message).toMatch(/is in progress on owner since .*longer waitMs\.$/)
    else expect(ends[0]).toMatchObject({ error: run.error })
  })
})

describe('tracing channels', () => {
  it.each(['run', 'waitForCompletion'] as const)('%s is traced from its call to its end', async (how) => {
    const { idempotency } = createWorld().join()
    const seen: unknown[] = []
    const channel = tracingChannel(`holdfast:idempotency.${how}`)
    const handlers = {
      start: (context: object) => void seen.push(['start', { ...context }]),
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: (context: object) => void seen.push(['asyncEnd', { ...context }]),
      error: () => undefined,
    }
    channel.subscribe(handlers)
    const run = await idempotency.run('job', 'k', () => 'r')
    const snapshot = await idempotency.waitForCompletion('job', 'k')
    channel.unsubscribe(handlers)
    const job = { jobType: 'job', jobKey: 'k' }
    expect(seen).toEqual([
      ['start', job],
      ['asyncEnd', { ...job, result: how === 'run' ? run : snapshot }],
    ])
  })
})
