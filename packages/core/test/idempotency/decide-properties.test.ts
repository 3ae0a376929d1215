import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideCancel, isOver, type OwnerCommand, decideOwner } from '../../src/idempotency/decide.ts'
import { type StartCommand, decideStart } from '../../src/idempotency/decide-start.ts'
import type { ExecutionRecord, VersionedRecord } from '../../src/idempotency/record.ts'

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
  previous: fc.option(
    fc.record({ executionId, status: fc.constantFrom('completed' as const, 'failed' as const) }),
    { nil: undefined },
  ),
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
const current: fc.Arbitrary<VersionedRecord | null> = fc.option(
  fc.record({ record, rev: fc.nat(), writtenAt: time }),
  { nil: null, freq: 5 },
)
const policy = fc.record({
  onInProgress: fc.constantFrom('reject' as const, 'wait' as const, 'skip' as const),
  onCompleted: fc.constantFrom('replay' as const, 'rerun' as const),
  completedWindowMs: fc.nat(3_000),
  completedRetentionMs: fc.integer({ min: 1, max: 9_000 }),
  onFailed: fc.constantFrom('rerun' as const, 'replay' as const),
  failedRetentionMs: fc.integer({ min: 1, max: 9_000 }),
  onStalled: fc.constantFrom('takeOver' as const, 'fail' as const, 'reject' as const),
  maxAttempts: fc.constantFrom(1, 2, 3, Infinity),
  leaseMs: fc.integer({ min: 1, max: 2_000 }),
  timeoutMs: fc.nat(5_000),
})
const start = fc.record({
  executionId: fc.constantFrom('a', 'b', 'c', 'new'),
  policy,
  fingerprint,
  usedIds: fc.subarray(['a', 'b']),
  hasWaited: fc.boolean(),
  isLate: fc.boolean(),
})
const owner: fc.Arbitrary<OwnerCommand> = fc.oneof(
  fc.record({ executionId, type: fc.constant('update' as const), progress, checkpoint }),
  fc.record({
    executionId,
    type: fc.constant('complete' as const),
    result: fc.constant({ kind: 'value' as const, data: '2' }),
  }),
  fc.record({ executionId, type: fc.constant('fail' as const), error, final: fc.boolean() }),
  fc.record({ executionId, type: fc.constant('release' as const), unbind: fc.boolean() }),
)
const cancel = fc.record({ reason: fc.constant('r'), ttlMs: fc.nat(99) })

/** A command of some caller, and the decision on it. */
type Order =
  | ({ readonly by: 'start' } & StartCommand)
  | ({ readonly by: 'owner'; readonly policy: StartCommand['policy'] } & OwnerCommand)
  | { readonly by: 'operator'; readonly reason: string; readonly ttlMs: number }
const order: fc.Arbitrary<Order> = fc.oneof(
  start.map((command) => ({ by: 'start' as const, ...command })),
  fc.tuple(owner, policy).map(([command, of]) => ({ by: 'owner' as const, policy: of, ...command })),
  cancel.map((command) => ({ by: 'operator' as const, ...command })),
)

function decide(state: VersionedRecord | null, now: number, given: Order) {
  switch (given.by) {
    case 'start':
      return decideStart(state, now, given)
    case 'owner':
      return decideOwner(state, given, given.policy)
    case 'operator':
      return decideCancel(state, now, given)
  }
}
type Decision = ReturnType<typeof decide>

const clone = <T>(value: T): T => structuredClone(value)

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze)
    Object.freeze(value)
  }
  return value
}

/** Of each property; `npm run histories` tries four times as many as `npm test`. */
const RUNS = process.env['HISTORIES'] === 'all' ? 20_000 : 5_000

/** For every state, instant and command. */
function always(
  holds: (state: VersionedRecord | null, now: number, given: Order, decision: Decision) => void,
): void {
  fc.assert(
    fc.property(current, time, order, (state, now, given) => {
      const before = clone(state)
      const decision = decide(freeze(state), now, freeze(given))
      holds(before, now, given, decision)
    }),
    { numRuns: RUNS },
  )
}

describe('decide, for every state and command', () => {
  it('decides, always the same, and changes nothing it was given', () => {
    always((state, now, given, decision) => {
      expect(decide(state, now, given)).toEqual(decision)
    })
  })

  it('survives storage: a record means the same after a trip through JSON', () => {
    always((state, now, given, decision) => {
      const stored = state && {
        ...state,
        record: JSON.parse(JSON.stringify(state.record)) as ExecutionRecord,
      }
      expect(plain(decide(stored, now, given))).toEqual(plain(decision))
    })
  })

  it('I2 lets only its owner write to a live execution, except for a request to cancel', () => {
    always((state, now, given, decision) => {
      if (state?.record.status !== 'executing' || now - state.writtenAt >= state.record.leaseMs) return
      const isOwner = given.by === 'owner' && given.executionId === state.record.executionId
      if (isOwner || given.by === 'operator') return
      const answers = ['mismatch', 'wait', 'running', 'alreadyStarted', 'lost', 'recorded']
      expect(answers).toContain(decision.type)
    })
  })

  it('I3 starts nothing within the window of a completion', () => {
    always((state, now, given, decision) => {
      if (state?.record.status !== 'completed' || given.by !== 'start') return
      const { onCompleted, completedWindowMs } = given.policy
      // The stamps leave out up to a millisecond: of the time since, this much is certain.
      if (onCompleted === 'rerun' || completedWindowMs === 0 || now - state.writtenAt > completedWindowMs)
        return
      expect(['mismatch', 'replay']).toContain(decision.type)
    })
  })

  it('I4 counts attempts: one more after a failure or a stall, the same after a release, one after success', () => {
    always((state, now, given, decision) => {
      if (given.by !== 'start' || decision.type !== 'write' || decision.record.status !== 'executing') return
      const before = state?.record
      const expected =
        before === undefined || before.status === 'completed'
          ? 1
          : before.status === 'failed' && before.released
            ? before.attempt
            : before.attempt + 1
      expect(decision.record.attempt).toBe(expected)
      if (expected > 1 && !(before?.status === 'failed' && before.released)) {
        expect(expected).toBeLessThanOrEqual(given.policy.maxAttempts)
      }
      expect(decision.record.executionId).toBe(given.executionId)
      const left = before === undefined || before.status === 'completed' ? undefined : before.checkpoint
      expect(decision.record.checkpoint).toBe(left)
    })
  })

  it('I8 writes nothing for another fingerprint, in no state', () => {
    always((state, now, given, decision) => {
      if (given.by !== 'start' || state === null) return
      const stored = state.record.fingerprint
      const differs = stored !== undefined && given.fingerprint !== undefined && stored !== given.fingerprint
      const ids = [given.executionId, ...given.usedIds]
      const isMine = state.record.status === 'executing' && ids.includes(state.record.executionId)
      if (differs && !isMine) expect(decision).toEqual({ type: 'mismatch', current: state })
      if (decision.type === 'mismatch') expect(differs).toBe(true)
    })
  })

  it('keeps what identifies an execution through all its states', () => {
    always((state, now, given, decision) => {
      if (state === null || given.by === 'start' || decision.type !== 'write') return
      const { executionId: id, attempt, start, fingerprint: print } = decision.record
      const { record: before, writtenAt, rev } = state
      expect([id, attempt, print]).toEqual([before.executionId, before.attempt, before.fingerprint])
      expect(start).toEqual(before.start ?? { at: writtenAt, fence: rev })
    })
  })

  it('never prolongs a lease by a request to cancel', () => {
    always((state, now, given, decision) => {
      if (given.by !== 'operator' || decision.type !== 'write') return
      if (decision.record.status === 'failed') return expect(state?.record).toMatchObject({ released: true })
      if (state?.record.status !== 'executing' || decision.record.status !== 'executing') {
        throw new Error('only what is not over can be cancelled')
      }
      const endsAt = state.writtenAt + state.record.leaseMs
      expect(now + decision.record.leaseMs).toBe(Math.max(now, endsAt))
    })
  })

  it('forgets a request to cancel only where the job completes or fails', () => {
    always((state, now, given, decision) => {
      const before = state?.record
      if (before === undefined || before.status === 'completed' || decision.type !== 'write') return
      if (before.cancelRequested === undefined || given.by === 'operator') return
      const { record: after } = decision
      const left = after.status === 'completed' ? undefined : after.cancelRequested
      expect(left).toBe(isOver(before) || after.status === 'completed' ? undefined : before.cancelRequested)
    })
  })

  it('waits only for an execution that runs, and never when its time is over', () => {
    always((state, now, given, decision) => {
      if (decision.type !== 'wait') return
      if (given.by !== 'start' || state?.record.status !== 'executing') throw new Error('nothing runs')
      expect(given.isLate).toBe(false)
      expect(given.policy.onInProgress).toBe('wait')
      const isStalled = now - state.writtenAt >= state.record.leaseMs
      if (isStalled) expect(given.policy.onStalled).toBe('reject')
    })
  })

  it('answers a late start as one that does not wait', () => {
    always((state, now, given, decision) => {
      if (given.by !== 'start' || !given.isLate) return
      const unwilling = { ...given, policy: { ...given.policy, onInProgress: 'reject' as const } }
      expect(decide(state, now, unwilling)).toEqual(decision)
    })
  })

  it('lets a call that has waited start what a new call would start, except a cancelled job', () => {
    always((state, now, given, decision) => {
      if (given.by !== 'start' || !given.hasWaited) return
      const before = state?.record
      const isCancelled =
        before?.status === 'failed' && !before.released && before.cancelRequested !== undefined
      if (isCancelled) return expect(['mismatch', 'failedBefore']).toContain(decision.type)
      expect(decide(state, now, { ...given, hasWaited: false })).toEqual(decision)
    })
  })

  it('starts nothing over an execution that this call has already claimed', () => {
    always((state, now, given, decision) => {
      if (given.by !== 'start' || state?.record.status !== 'executing') return
      if (!given.usedIds.includes(state.record.executionId)) return
      expect(decision).toEqual({ type: 'alreadyStarted', current: state })
    })
  })

  it('takes an end for recorded only where the storage names it', () => {
    always((state, now, given, decision) => {
      if (decision.type !== 'recorded') return
      if (given.by !== 'owner' || state === null) throw new Error('only an owner ends an execution')
      const { record: found } = state
      const end = found.executionId === given.executionId ? found : found.previous
      expect(end?.executionId).toBe(given.executionId)
      expect(end?.status).toBe(given.type === 'complete' ? 'completed' : 'failed')
      expect(given.type).not.toBe('update')
    })
  })

  it('keeps what is not over for a day at least: the count of attempts outlives a crash', () => {
    always((state, now, given, decision) => {
      if (decision.type !== 'write' || given.by === 'operator' || isOver(decision.record)) return
      expect(decision.ttlMs).toBeGreaterThanOrEqual(86_400_000)
    })
  })
})
