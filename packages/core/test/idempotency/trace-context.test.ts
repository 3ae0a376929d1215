import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IdempotencyEvent, TraceContextHooks, TracedExecution } from '@holdfast/core'
import type { Execution } from '../../src/idempotency/execution.ts'
import type { ExecutionRecord } from '../../src/idempotency/record.ts'
import { createWorld, started } from './world.ts'

const dropped: unknown[] = []
const events: IdempotencyEvent[] = []
const listen = (event: unknown): void => {
  const { type, ...rest } = event as IdempotencyEvent
  events.push(event as IdempotencyEvent)
  if (type === 'traceContextDropped') dropped.push(rest)
}
beforeEach(() => subscribe('holdfast:idempotency', listen))
afterEach(() => {
  unsubscribe('holdfast:idempotency', listen)
  dropped.length = events.length = 0
})

/** Hooks that store `context`, and note what they were called with. */
function hooks(context: unknown) {
  const injected: TracedExecution[] = []
  const extracted: [stored: string, execution: TracedExecution][] = []
  const traceContext: TraceContextHooks = {
    inject(execution) {
      injected.push(execution)
      return (typeof context === 'function' ? (context as () => unknown)() : context) as string
    },
    extract: (stored, execution) => void extracted.push([stored, execution]),
  }
  return { traceContext, injected, extracted }
}

describe('the trace context', () => {
  it('is stored with an execution, and shown to the one that takes it over', async () => {
    const { runtime, join } = createWorld()
    const one = hooks('trace-1')
    const two = hooks('trace-2')
    const first = join({ leaseMs: 1_000, traceContext: one.traceContext })
    const execution = await started(first.idempotency)
    first.link.blackHole = true
    await runtime.advance(1_500)
    const next = await started(join({ traceContext: two.traceContext }).idempotency)
    const common = { jobType: 'job', jobKey: 'k' }
    expect(one.injected).toEqual([{ ...common, executionId: execution.executionId, attempt: 1 }])
    expect(one.extracted).toEqual([])
    expect(two.extracted).toEqual([['trace-1', { ...common, executionId: next.executionId, attempt: 2 }]])
    expect(two.injected.at(-1)).toEqual({ ...common, executionId: next.executionId, attempt: 2 })
  })

  it('outlives the failure of its execution, and ends with its success', async () => {
    const { join } = createWorld()
    const one = hooks('trace-1')
    const { idempotency } = join({ traceContext: one.traceContext })
    await idempotency.run('job', 'k', () => Promise.reject(new Error('as intended'))).catch(() => undefined)
    await idempotency.run('job', 'k', () => 1)
    expect(one.extracted.map(([stored, { attempt }]) => [stored, attempt])).toEqual([['trace-1', 2]])
    await idempotency.run('job', 'k', { onCompleted: 'rerun' }, () => 2)
    expect(one.extracted).toHaveLength(1)
  })

  it('is kept by every write of its execution', async () => {
    const { runtime, storage, join } = createWorld()
    const { idempotency } = join({ traceContext: hooks('trace-1').traceContext })
    const execution = await started(idempotency)
    await execution.updateProgress(50, 'half')
    await execution.saveCheckpoint({ page: 2 })
    await runtime.advance(11_000)
    await execution.markSuccess(1)
    const { entry } = await storage.records.read((execution as Execution).owner.job.key)
    const stored = JSON.parse(entry?.value ?? '') as ExecutionRecord
    expect(stored).toMatchObject({ status: 'completed', traceContext: 'trace-1' })
  })

  it.each([
    ['is too long', 'x'.repeat(513), 'tooLong'],
    ['is too long in UTF-8', 'ä'.repeat(257), 'tooLong'],
    ['is no text', { traceparent: '00' }, 'notText'],
    ['is a promise', Promise.resolve('trace-1'), 'notText'],
  ])('that %s is dropped, and the job runs', async (_, context, reason) => {
    const { join } = createWorld()
    const given = hooks(context)
    const { idempotency } = join({ traceContext: given.traceContext })
    await expect(idempotency.run('job', 'k', () => 1)).resolves.toMatchObject({
      status: 'executed',
      result: 1,
    })
    const [{ executionId }] = given.injected as [TracedExecution]
    expect(dropped).toMatchObject([{ jobType: 'job', jobKey: 'k', executionId, reason }])
    await idempotency.run('job', 'k', { onCompleted: 'rerun' }, () => 1)
    expect(given.extracted).toEqual([])
  })

  it('of a hook that throws is dropped, and the job runs', async () => {
    const { join } = createWorld()
    const error = new Error('no tracer')
    const throwing = (): never => {
      throw error
    }
    const { idempotency } = join({ traceContext: { inject: throwing, extract: throwing } })
    await join({ traceContext: hooks('trace-1').traceContext })
      .idempotency.run('job', 'k', () => Promise.reject(new Error('as intended')))
      .catch(() => undefined)
    await expect(idempotency.run('job', 'k', () => 1)).resolves.toMatchObject({ result: 1, attempt: 2 })
    // The claim that finds out, the claim of the next attempt, and what is shown to it.
    expect(dropped).toMatchObject([
      { reason: 'failed', error },
      { reason: 'failed', error },
      { reason: 'failed', error },
    ])
  })

  it('is not asked of a call that shares the claim of another', async () => {
    const { join } = createWorld()
    const given = hooks('x'.repeat(513))
    const { idempotency } = join({ traceContext: given.traceContext })
    const all = [1, 2, 3].map(() => idempotency.run('job', 'k', { onInProgress: 'wait' }, () => 1))
    const ids = new Set((await Promise.all(all)).map(({ executionId }) => executionId))
    expect(given.injected.map(({ executionId }) => executionId)).toEqual([...ids])
    expect(dropped).toHaveLength(1)
  })

  it('of 512 bytes fits', async () => {
    const { join } = createWorld()
    const given = hooks('ä'.repeat(256))
    const { idempotency } = join({ traceContext: given.traceContext })
    await idempotency.run('job', 'k', () => Promise.reject(new Error('as intended'))).catch(() => undefined)
    await idempotency.run('job', 'k', () => 1)
    expect(given.extracted.map(([stored]) => stored)).toEqual(['ä'.repeat(256)])
    expect(dropped).toEqual([])
  })

  it('is no part of records without hooks, and records without it are taken over', async () => {
    const { runtime, storage, join } = createWorld()
    const execution = await started(join({ leaseMs: 1_000 }).idempotency)
    const entry = await storage.records.read((execution as Execution).owner.job.key)
    expect(entry.entry?.value).not.toContain('traceContext')
    await runtime.advance(0)
    await execution.markFailure(new Error('as intended'))
    const later = hooks('trace-2')
    await expect(
      join({ traceContext: later.traceContext }).idempotency.run('job', 'k', () => 1),
    ).resolves.toMatchObject({
      attempt: 2,
    })
    expect(later.extracted).toEqual([])
  })

  it.each([[{}], [{ inject: () => 'x' }], ['hooks']])('hooks like %o are refused', async (traceContext) => {
    const { join } = createWorld()
    expect(() => join({ traceContext } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})

describe('an execution', () => {
  it('says of each renewal how late it was, and when it is left to its lease', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ leaseMs: 3_000 })
    const execution = await started(idempotency)
    await runtime.advance(1_100)
    expect(events.filter(({ type }) => type === 'renewed')).toMatchObject([
      { executionId: execution.executionId, attempt: 1, lagMs: expect.any(Number) as number },
    ])
    const closed = idempotency.close()
    await runtime.advance(100)
    await closed
    expect(events.at(-1)).toMatchObject({ type: 'abandoned', executionId: execution.executionId })
  })
})

describe('the tracing channels of a job', () => {
  it('have begin, and the body with its execution', async () => {
    const told: unknown[] = []
    const store = new AsyncLocalStorage<TracedExecution>()
    const body = tracingChannel<unknown, TracedExecution>('holdfast:idempotency.body')
    const begin = tracingChannel<unknown, object>('holdfast:idempotency.begin')
    const ended = { asyncEnd: (trace: object) => void told.push({ ...trace }) }
    body.start.bindStore(store)
    begin.asyncEnd.subscribe(ended.asyncEnd as never)
    const { idempotency } = createWorld().join()
    const { result, executionId } = await idempotency.run('job', 'k', async () => {
      await Promise.resolve()
      return store.getStore()
    })
    await idempotency.tryStartExecution('job', 'k')
    body.start.unbindStore(store)
    begin.asyncEnd.unsubscribe(ended.asyncEnd as never)
    expect(result).toMatchObject({ jobType: 'job', jobKey: 'k', executionId, attempt: 1 })
    expect(told).toMatchObject([{ jobType: 'job', jobKey: 'k', result: { status: 'replayed' } }])
    await expect(idempotency.run('job', 'other', () => store.getStore())).resolves.toMatchObject({
      result: undefined,
    })
  })
})
