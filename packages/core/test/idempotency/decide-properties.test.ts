import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Command, type Current, type Decision, type ExecutionRecord, decide } from '@holdfast/core'

const executionId = fc.constantFrom('a', 'b', 'c')
const fingerprint = fc.constantFrom(undefined, 'f', 'g')
const progress = fc.option(fc.record({ percentage: fc.nat(100) }), { nil: undefined })
const checkpoint = fc.constantFrom(undefined, '1', '{}')
const error = fc.constant({ name: 'E', message: 'm' })
const time = fc.nat(5_000)
const identity = {
  v: fc.constant(1 as const),
  executionId,
  attempt: fc.integer({ min: 1, max: 5 }),
  start: fc.option(fc.record({ at: time, fence: fc.nat() }), { nil: undefined }),
  fingerprint,
}
const record: fc.Arbitrary<ExecutionRecord> = fc.oneof(
  fc.record({
    ...identity,
    status: fc.constant('executing' as const),
    leaseMs: fc.integer({ min: 1, max: 2_000 }),
    timeoutMs: fc.nat(5_000),
    progress,
    checkpoint,
    cancelRequested: fc.constantFrom(undefined, 'stop'),
  }),
  fc.record({
    ...identity,
    status: fc.constant('completed' as const),
    result: fc.constant({ kind: 'value' as const, data: '1' }),
    progress,
  }),
  fc.record({
    ...identity,
    status: fc.constant('failed' as const),
    error,
    final: fc.boolean(),
    released: fc.boolean(),
    cancelRequested: fc.constantFrom(undefined, 'stop'),
    retryAfterMs: fc.option(fc.nat(2_000), { nil: undefined }),
    progress,
    checkpoint,
  }),
)
const current: fc.Arbitrary<Current | null> = fc.option(
  fc.record({ record, rev: fc.nat(), writtenAt: time }),
  { nil: null, freq: 5 },
)
const begin = fc.record({
  type: fc.constant('begin' as const),
  executionId: fc.constantFrom('a', 'b', 'c', 'new'),
  policy: fc.record({
    onCompleted: fc.constantFrom('replay' as const, 'rerun' as const),
    completedWindowMs: fc.nat(3_000),
    onFailed: fc.constantFrom('rerun' as const, 'replay' as const),
    onStalled: fc.constantFrom('takeOver' as const, 'fail' as const, 'reject' as const),
    maxAttempts: fc.constantFrom(1, 2, 3, Infinity),
  }),
  leaseMs: fc.integer({ min: 1, max: 2_000 }),
  timeoutMs: fc.nat(5_000),
  ttlMs: fc.constant(50_000),
  failedTtlMs: fc.constant(9_000),
  fingerprint,
})
const owner = { executionId, ttlMs: fc.constant(50_000) }
const command: fc.Arbitrary<Command> = fc.oneof(
  begin,
  fc.record({ ...owner, type: fc.constant('update' as const), change: fc.record({ progress, checkpoint }) }),
  fc.record({
    ...owner,
    type: fc.constant('complete' as const),
    result: fc.constant({ kind: 'value' as const, data: '2' }),
  }),
  fc.record({ ...owner, type: fc.constant('fail' as const), error, final: fc.boolean() }),
  fc.record({ ...owner, type: fc.constant('release' as const), unbind: fc.boolean() }),
  fc.record({ type: fc.constant('requestCancel' as const), reason: fc.constant('r'), ttlMs: fc.nat(99) }),
)

const clone = <T>(value: T): T => structuredClone(value)

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze)
    Object.freeze(value)
  }
  return value
}

/** For every state, instant and command. */
function always(
  holds: (state: Current | null, now: number, command: Command, decision: Decision) => void,
): void {
  fc.assert(
    fc.property(current, time, command, (state, now, order) => {
      const before = clone(state)
      const decision = decide(freeze(state), now, freeze(order))
      holds(before, now, order, decision)
    }),
    { numRuns: 20_000 },
  )
}

describe('decide, for every state and command', () => {
  it('decides, always the same, and changes nothing it was given', () => {
    always((state, now, order, decision) => {
      expect(decide(state, now, order)).toEqual(decision)
    })
  })

  it('survives storage: a record means the same after a trip through JSON', () => {
    always((state, now, order, decision) => {
      const stored = state && {
        ...state,
        record: JSON.parse(JSON.stringify(state.record)) as ExecutionRecord,
      }
      expect(plain(decide(stored, now, order))).toEqual(plain(decision))
    })
  })

  it('I2 lets nobody but its owner write to a live execution, but for a request to cancel', () => {
    always((state, now, order, decision) => {
      if (state?.record.status !== 'executing' || now - state.writtenAt >= state.record.leaseMs) return
      const isOwner = 'executionId' in order && order.executionId === state.record.executionId
      if (isOwner || order.type === 'requestCancel') return
      expect(['mismatch', 'inProgress', 'lost']).toContain(decision.type)
    })
  })

  it('I3 starts nothing within the window of a completion', () => {
    always((state, now, order, decision) => {
      if (state?.record.status !== 'completed' || order.type !== 'begin') return
      const { onCompleted, completedWindowMs } = order.policy
      if (onCompleted === 'rerun' || now - state.writtenAt >= completedWindowMs) return
      expect(['mismatch', 'replayed']).toContain(decision.type)
    })
  })

  it('I4 counts attempts: one more after a failure or a stall, the same after a release, one after success', () => {
    always((state, now, order, decision) => {
      if (order.type !== 'begin' || decision.type !== 'write' || decision.record.status !== 'executing')
        return
      const before = state?.record
      const expected =
        before === undefined || before.status === 'completed'
          ? 1
          : before.status === 'failed' && before.released
            ? before.attempt
            : before.attempt + 1
      expect(decision.record.attempt).toBe(expected)
      if (expected > 1 && !(before?.status === 'failed' && before.released)) {
        expect(expected).toBeLessThanOrEqual(order.policy.maxAttempts)
      }
      expect(decision.record.executionId).toBe(order.executionId)
      const left = before === undefined || before.status === 'completed' ? undefined : before.checkpoint
      expect(decision.record.checkpoint).toBe(left)
    })
  })

  it('I8 writes nothing for another fingerprint, in no state', () => {
    always((state, now, order, decision) => {
      if (order.type !== 'begin' || state === null) return
      const stored = state.record.fingerprint
      const differs = stored !== undefined && order.fingerprint !== undefined && stored !== order.fingerprint
      const isMine = state.record.status === 'executing' && state.record.executionId === order.executionId
      if (differs && !isMine) expect(decision).toEqual({ type: 'mismatch' })
      if (decision.type === 'mismatch') expect(differs).toBe(true)
    })
  })

  it('keeps what identifies an execution through all its states', () => {
    always((state, now, order, decision) => {
      if (state === null || order.type === 'begin' || decision.type !== 'write') return
      const { executionId: id, attempt, start, fingerprint: print } = decision.record
      const { record: before, writtenAt, rev } = state
      expect([id, attempt, print]).toEqual([before.executionId, before.attempt, before.fingerprint])
      expect(start).toEqual(before.start ?? { at: writtenAt, fence: rev })
    })
  })

  it('never prolongs a lease by a request to cancel', () => {
    always((state, now, order, decision) => {
      if (order.type !== 'requestCancel' || decision.type !== 'write') return
      if (decision.record.status === 'failed') return expect(state?.record).toMatchObject({ released: true })
      if (state?.record.status !== 'executing' || decision.record.status !== 'executing') {
        throw new Error('only what is not over can be cancelled')
      }
      const endsAt = state.writtenAt + state.record.leaseMs
      expect(now + decision.record.leaseMs).toBe(Math.max(now, endsAt))
    })
  })

  it('forgets a request to cancel only where the job completes or fails', () => {
    always((state, now, order, decision) => {
      const before = state?.record
      if (before === undefined || before.status === 'completed' || decision.type !== 'write') return
      if (before.cancelRequested === undefined || order.type === 'requestCancel') return
      const isOver = before.status === 'failed' && !before.released
      const { record: after } = decision
      const left = after.status === 'completed' ? undefined : after.cancelRequested
      expect(left).toBe(isOver || after.status === 'completed' ? undefined : before.cancelRequested)
    })
  })
})
