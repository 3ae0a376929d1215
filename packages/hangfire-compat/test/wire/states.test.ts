import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HangfireUnreadableError } from '../../src/index.ts'
import type { Dialect } from '../../src/wire/dialect.ts'
import { pagesBrokenByHistory, pagesBrokenByState } from '../../src/wire/page-rules.ts'
import { type JobState, decodeState, encodeState } from '../../src/wire/states.ts'
import {
  decodeHistoryEntry,
  decodeStateHash,
  encodeHistoryEntry,
  encodeStateHash,
} from '../../src/wire/stored-state.ts'

const ms: Dialect = { dates: 'ms', typeNames: 'simple' }
const iso: Dialect = { dates: 'iso', typeNames: 'simple' }
const at = Date.UTC(2026, 10, 28, 22, 52, 56, 182)
const workerId = '295819cb-4f89-41d3-9a0c-0305e82c3301'

const instants = fc.integer({ min: 300_000_000_000, max: 253_402_300_799_999 })
const texts = fc.string()
const nonEmpty = fc.string({ minLength: 1 })
const durations = fc.maxSafeNat()
const exceptions = fc.record({
  type: fc.constantFrom('System.Exception, mscorlib', 'TypeError'),
  message: texts,
})
const states: fc.Arbitrary<JobState> = fc
  .tuple(
    fc.oneof(
      fc.record({ name: fc.constant('Enqueued' as const), enqueuedAt: instants, queue: nonEmpty }),
      fc.record({ name: fc.constant('Scheduled' as const), enqueueAt: instants, scheduledAt: instants }),
      fc.record({
        name: fc.constant('Processing' as const),
        startedAt: instants,
        serverId: nonEmpty,
        workerId: fc.uuid(),
      }),
      fc.record({
        name: fc.constant('Succeeded' as const),
        succeededAt: instants,
        performanceMs: durations,
        latencyMs: durations,
      }),
      fc.record({
        name: fc.constant('Failed' as const),
        failedAt: instants,
        exceptionType: nonEmpty,
        exceptionMessage: texts,
        exceptionDetails: texts,
      }),
      fc.record({ name: fc.constant('Deleted' as const), deletedAt: instants }),
      fc.record({ name: fc.constant('Deleted' as const), deletedAt: instants, exception: exceptions }),
      fc.record({
        name: fc.constant('Awaiting' as const),
        parentId: nonEmpty,
        on: fc.constantFrom('any', 'succeeded', 'deleted', 'succeeded or deleted'),
        nextState: fc.record({ queue: nonEmpty }),
      }),
    ),
    fc.option(nonEmpty, { nil: undefined }),
  )
  .map(([state, reason]) => ({ ...state, ...(reason === undefined ? {} : { reason }) }))

describe('a state', () => {
  it('is the same after it was written and read, and breaks no page', () => {
    fc.assert(
      fc.property(states, fc.constantFrom(ms, iso), (state, dialect) => {
        const stored = encodeState(state, dialect)
        const hash = encodeStateHash(stored)
        const entry = encodeHistoryEntry({ ...stored, createdAt: at }, dialect.dates)
        expect(decodeStateHash(hash)).toEqual(stored)
        expect(decodeState(stored)).toEqual(state)
        expect(decodeHistoryEntry(entry)).toEqual({ ...stored, createdAt: at })
        expect([...pagesBrokenByState(hash), ...pagesBrokenByHistory(entry)]).toEqual([])
      }),
    )
  })

  it('has the fields and words of its level', () => {
    const awaiting: JobState = {
      name: 'Awaiting',
      parentId: 'p',
      on: 'succeeded',
      nextState: { queue: 'default' },
    }
    expect(encodeState(awaiting, ms).data).toEqual({
      ParentId: 'p',
      NextState: '{"$type":"Hangfire.States.EnqueuedState, Hangfire.Core","Queue":"default"}',
      Options: '1',
    })
    expect(encodeState(awaiting, iso).data).toEqual({
      ParentId: 'p',
      NextState: '{"$type":"Hangfire.States.EnqueuedState, Hangfire.Core","Queue":"default","Reason":null}',
      Options: 'OnlyOnSucceededState',
      Expiration: '365.00:00:00',
    })
    const deleted: JobState = {
      name: 'Deleted',
      deletedAt: at,
      exception: {
        type: 'System.InvalidOperationException',
        message: 'boom',
        inner: { type: 'TypeError', message: 'in' },
      },
    }
    expect(encodeState(deleted, ms).data.Exception).toBe(
      '{"e":"System.InvalidOperationException, mscorlib","m":"boom","i":{"e":"TypeError","m":"in"}}',
    )
    expect(decodeState(encodeState(deleted, ms))).toMatchObject({ exception: { inner: { message: 'in' } } })
  })

  it('has a reason in the hash only if there is one, and null in the history', () => {
    const stored = encodeState({ name: 'Enqueued', enqueuedAt: at, queue: 'default' }, ms)
    expect(encodeStateHash(stored)).toEqual({
      EnqueuedAt: '1795906376182',
      Queue: 'default',
      State: 'Enqueued',
    })
    expect(encodeHistoryEntry({ ...stored, createdAt: at }, 'ms')).toBe(
      '{"EnqueuedAt":"1795906376182","Queue":"default","State":"Enqueued","Reason":null,"CreatedAt":"1795906376182"}',
    )
  })

  it('has at most 100 lines of a stack, in well-formed Unicode', () => {
    const failed: JobState = {
      name: 'Failed',
      failedAt: at,
      exceptionType: 'Error',
      exceptionMessage: 'a\ud800',
      exceptionDetails: 'x\n'.repeat(150),
    }
    const { ExceptionDetails = '', ExceptionMessage } = encodeState(failed, ms).data
    expect(ExceptionDetails.split('\n')).toHaveLength(100)
    expect(ExceptionMessage).toBe('a\ufffd')
  })

  it.each<readonly [string, JobState]>([
    ['a queue that is empty', { name: 'Enqueued', enqueuedAt: at, queue: '' }],
    ['a date that is none', { name: 'Scheduled', enqueueAt: NaN, scheduledAt: at }],
    ['a WorkerId that is no GUID', { name: 'Processing', startedAt: at, serverId: 's', workerId: '1' }],
    ['no ServerId', { name: 'Processing', startedAt: at, serverId: '', workerId }],
    ['a fraction of a millisecond', { name: 'Succeeded', succeededAt: at, performanceMs: 1.5, latencyMs: 0 }],
    ['a negative wait', { name: 'Succeeded', succeededAt: at, performanceMs: 1, latencyMs: -1 }],
    [
      'no ExceptionType',
      { name: 'Failed', failedAt: at, exceptionType: '', exceptionMessage: '', exceptionDetails: '' },
    ],
    [
      'unknown options',
      { name: 'Awaiting', parentId: 'p', on: 'never' as 'any', nextState: { queue: 'default' } },
    ],
  ])('is refused with %s', (_what, state) => {
    expect(() => encodeState(state, ms)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it.each([
    ['Enqueued', { EnqueuedAt: '1' }],
    ['Scheduled', { EnqueueAt: 'soon', ScheduledAt: '1' }],
    ['Processing', { StartedAt: '1', ServerId: 's' }],
    ['Succeeded', { SucceededAt: '1', PerformanceDuration: '1.5', Latency: '1' }],
    ['Failed', { FailedAt: '1' }],
    ['Deleted', { DeletedAt: '1', Exception: '[]' }],
    ['Awaiting', { ParentId: 'p', NextState: 'x', Options: '1' }],
    ['Awaiting', { ParentId: 'p', NextState: '{"$type":"A, B"}', Options: '9' }],
  ])('%s is unreadable with %o', (name, data) => {
    const stored = JSON.parse(JSON.stringify({ name, reason: null, data })) as Parameters<
      typeof decodeState
    >[0]
    expect(() => decodeState(stored)).toThrow(HangfireUnreadableError)
  })

  it('of an unknown name, and a next state of an unknown type, are kept as they are', () => {
    expect(decodeState({ name: 'constructor', reason: null, data: {} })).toBeUndefined()
    expect(decodeState({ name: 'Approved', reason: null, data: { By: 'ann' } })).toBeUndefined()
    const NextState = '{"$type":"Acme.ApprovedState, Acme","By":"ann"}'
    const state = decodeState({ name: 'Awaiting', reason: null, data: { ParentId: 'p', NextState } })
    expect(state).toMatchObject({ on: 'any', nextState: { other: NextState } })
    expect(encodeState(state as JobState, ms).data.NextState).toBe(NextState)
  })

  it('may be missing, as an application without transactions shows it', () => {
    expect(decodeStateHash({})).toBeUndefined()
    expect(() => decodeStateHash({ EnqueuedAt: '1' })).toThrow(HangfireUnreadableError)
  })

  it('in a history may have numbers and booleans, but nothing nested', () => {
    expect(decodeHistoryEntry('{"State":"X","CreatedAt":1795906376182,"a":1,"b":true,"c":null}')).toEqual({
      name: 'X',
      reason: null,
      createdAt: at,
      data: { a: '1', b: 'true' },
    })
    for (const text of [
      'x',
      '[]',
      '{"State":"X"}',
      '{"CreatedAt":"1"}',
      '{"State":"X","CreatedAt":"1","a":{}}',
    ])
      expect(() => decodeHistoryEntry(text)).toThrow(HangfireUnreadableError)
  })
})
