import { describe, expect, it } from 'vitest'
import {
  decideCancel,
  isOver,
  type OwnerCommand,
  decideOwner,
  unfinishedEnd,
} from '../../src/idempotency/decide.ts'
import {
  type StartCommand,
  type StartDecision,
  type StartPolicy,
  decideStart,
} from '../../src/idempotency/decide-start.ts'
import type { ExecutionRecord, VersionedRecord } from '../../src/idempotency/record.ts'
import { ClosedError } from '../../src/errors.ts'

const T0 = 1_000_000
const LEASE = 30_000
const DAY = 86_400_000

const policy: StartPolicy = {
  onInProgress: 'reject',
  onCompleted: 'replay',
  completedWindowMs: 300_000,
  completedRetentionMs: 3_600_000,
  onFailed: 'rerun',
  failedRetentionMs: 2 * DAY,
  onStalled: 'takeOver',
  maxAttempts: 3,
  leaseMs: LEASE,
  timeoutMs: 60_000,
}

const begin = (change: Partial<StartPolicy> = {}, command: Partial<StartCommand> = {}): StartCommand => ({
  executionId: 'mine',
  policy: { ...policy, ...change },
  usedIds: [],
  hasWaited: false,
  isLate: false,
  ...command,
})

const identity = { v: 1, executionId: 'theirs', attempt: 1 } as const

const at = (record: ExecutionRecord, writtenAt = T0): VersionedRecord => ({ record, rev: 77, writtenAt })

const executing = (change: object = {}): ExecutionRecord => ({
  ...identity,
  status: 'executing',
  leaseMs: LEASE,
  timeoutMs: 60_000,
  ...change,
})
const completed = (change: object = {}): ExecutionRecord => ({
  ...identity,
  status: 'completed',
  result: { kind: 'value', data: '1' },
  ...change,
})
const failed = (change: object = {}): ExecutionRecord => ({
  ...identity,
  status: 'failed',
  error: { name: 'Error', message: 'no' },
  final: false,
  released: false,
  ...change,
})

/** A decision in short form. */
function shown(decision: StartDecision | ReturnType<typeof decideOwner> | ReturnType<typeof decideCancel>) {
  if (decision.type === 'write') {
    return { ...(JSON.parse(JSON.stringify(decision.record)) as object), ttlMs: decision.ttlMs }
  }
  const { current: _, ...answer } = { current: undefined, ...decision }
  return answer
}

const outcome = (current: VersionedRecord | null, now: number, command: StartCommand): unknown =>
  shown(decideStart(current, now, command))

const owners = (current: VersionedRecord | null, command: OwnerCommand, of: StartPolicy = policy): unknown =>
  shown(decideOwner(current, command, of))

describe('T1 absent, begin', () => {
  it('starts the first attempt', () => {
    expect(outcome(null, T0, begin({}, { fingerprint: 'f', parentExecutionId: 'p', instance: 'i' }))).toEqual(
      {
        v: 1,
        executionId: 'mine',
        attempt: 1,
        fingerprint: 'f',
        parentExecutionId: 'p',
        instance: 'i',
        status: 'executing',
        leaseMs: LEASE,
        timeoutMs: 60_000,
        ttlMs: DAY,
      },
    )
  })
})

describe('T2 executing by this command, begin', () => {
  it.each([
    ['alive', T0],
    ['stalled', T0 + LEASE * 2],
  ])('is the same start again, %s', (_, now) => {
    expect(outcome(at(executing({ executionId: 'mine' })), now, begin())).toEqual({ type: 'alreadyStarted' })
  })

  it('recognizes an earlier claim of this call, but not after it has ended', () => {
    const usedIds = ['first', 'theirs']
    expect(outcome(at(executing()), T0, begin({}, { usedIds }))).toEqual({ type: 'alreadyStarted' })
    expect(outcome(at(completed()), T0, begin({}, { usedIds }))).toEqual({ type: 'replay' })
    expect(outcome(at(failed()), T0, begin({}, { usedIds }))).toMatchObject({ attempt: 2 })
  })
})

describe('T3 executing, alive, begin', () => {
  it.each([
    ['just written', 0],
    ['one millisecond before its lease ends', LEASE - 1],
    ['written in what looks like the future (a stepped clock)', -5],
  ])('is in progress, %s', (_, after) => {
    for (const onStalled of ['takeOver', 'fail', 'reject'] as const) {
      expect(outcome(at(executing()), T0 + after, begin({ onStalled }))).toEqual({ type: 'running' })
    }
  })

  it('counts the lease from the last write, not from the start', () => {
    const renewed = at(executing({ start: { at: T0 - 999_999, fence: 5 } }))
    expect(outcome(renewed, T0 + 1, begin())).toMatchObject({ type: 'running' })
  })
})

describe('T4 executing, stalled, begin', () => {
  it('T4 takes over: next attempt, new id, keeps checkpoint and request to cancel, drops progress and start', () => {
    const left = executing({
      checkpoint: '"page 7"',
      progress: { percentage: 40 },
      start: { at: 1, fence: 2 },
      cancelRequested: 'stop',
    })
    expect(outcome(at(left), T0 + LEASE, begin())).toEqual({
      v: 1,
      executionId: 'mine',
      attempt: 2,
      status: 'executing',
      checkpoint: '"page 7"',
      cancelRequested: 'stop',
      leaseMs: LEASE,
      timeoutMs: 60_000,
      ttlMs: DAY,
    })
  })

  it("T4' fails it finally when the attempts are used up, in the name of the one that stalled", () => {
    const third = at(executing({ attempt: 3, checkpoint: '1', progress: { percentage: 4 } }))
    expect(outcome(third, T0 + LEASE, begin())).toMatchObject({
      status: 'failed',
      executionId: 'theirs',
      attempt: 3,
      final: true,
      released: false,
      error: { code: 'EXECUTION_STALLED' },
      checkpoint: '1',
      progress: { percentage: 4 },
      start: { at: T0, fence: 77 },
      ttlMs: 2 * DAY,
    })
    expect(outcome(third, T0 + LEASE, begin({ maxAttempts: 4 }))).toMatchObject({ attempt: 4 })
  })

  it("T4' fails it finally when the policy says so", () => {
    expect(outcome(at(executing()), T0 + LEASE, begin({ onStalled: 'fail' }))).toMatchObject({
      status: 'failed',
      final: true,
      error: { code: 'EXECUTION_STALLED' },
    })
  })

  it("T4'' leaves it alone when the policy says so", () => {
    expect(outcome(at(executing()), T0 + LEASE * 9, begin({ onStalled: 'reject' }))).toEqual({
      type: 'running',
    })
  })
})

describe('waiting', () => {
  const wait = (change: Partial<StartPolicy> = {}, command: Partial<StartCommand> = {}): StartCommand =>
    begin({ onInProgress: 'wait', ...change }, command)

  it('a start waits while the job runs elsewhere, at most for its waitMs', () => {
    expect(outcome(at(executing()), T0, wait())).toEqual({ type: 'wait' })
    expect(outcome(at(executing()), T0, wait({}, { isLate: true, hasWaited: true }))).toEqual({
      type: 'running',
    })
    expect(outcome(at(executing()), T0, wait({ onInProgress: 'skip' }))).toEqual({ type: 'running' })
  })

  it.each([
    ['it stalls', at(executing()), T0 + LEASE, { status: 'executing', attempt: 2 }],
    ['it is removed', null, T0, { status: 'executing', attempt: 1 }],
    ['it is released', at(failed({ released: true })), T0, { status: 'executing', attempt: 1 }],
    ['it fails', at(failed()), T0, { status: 'executing', attempt: 2 }],
    ['it completes', at(completed()), T0, { type: 'replay' }],
  ])('ends when %s, in time or late', (_, current, now, expected) => {
    for (const isLate of [false, true]) {
      expect(outcome(current, now, wait({}, { hasWaited: true, isLate }))).toMatchObject(expected)
    }
  })

  it('continues for a stalled execution that the policy leaves alone', () => {
    expect(outcome(at(executing()), T0 + LEASE * 9, wait({ onStalled: 'reject' }))).toEqual({ type: 'wait' })
  })

  it('ends at once when an execution with other input has taken the place', () => {
    const other = at(executing({ fingerprint: 'a' }))
    expect(outcome(other, T0, wait({}, { fingerprint: 'b', hasWaited: true }))).toEqual({ type: 'mismatch' })
  })

  it('ends with the failure of a job that was cancelled meanwhile, and restarts nothing', () => {
    const cancelled = failed({ cancelRequested: 'stop' })
    expect(decideStart(at(cancelled), T0, wait({}, { hasWaited: true }))).toEqual({
      type: 'failedBefore',
      current: at(cancelled),
    })
    // A later start is meant to run the job, and a released job is not over.
    expect(outcome(at(cancelled), T0, wait())).toMatchObject({ status: 'executing', attempt: 2 })
    const released = failed({ cancelRequested: 'stop', released: true })
    expect(outcome(at(released), T0, wait({}, { hasWaited: true }))).toMatchObject({ attempt: 1 })
  })

  it('is over for observers when the job has completed or failed, and not when it was released', () => {
    const states = [executing(), completed(), failed(), failed({ final: true }), failed({ released: true })]
    expect(states.map(isOver)).toEqual([false, true, true, true, false])
  })
})

describe('T5, T6 completed, begin', () => {
  it.each([
    ['at once', 0, 'replay'],
    ['one millisecond before the window ends', 299_999, 'replay'],
    // The completion may have been late in its millisecond, and this call is early in its own.
    ['in the millisecond in which the window ends', 300_000, 'replay'],
    ['after it', 300_001, 'started'],
  ])('%s: %s', (_, after, expected) => {
    const decision = decideStart(at(completed()), T0 + after, begin())
    expect(decision.type === 'write' ? 'started' : decision.type).toBe(expected)
  })

  it('T5 replays what is stored', () => {
    expect(decideStart(at(completed()), T0, begin())).toEqual({ type: 'replay', current: at(completed()) })
  })

  it('T6 runs again as a first attempt, from nothing', () => {
    const rerun = { executionId: 'mine', attempt: 1, status: 'executing' }
    expect(outcome(at(completed({ attempt: 2 })), T0 + 300_001, begin())).toMatchObject(rerun)
    expect(outcome(at(completed({ attempt: 2 })), T0, begin({ onCompleted: 'rerun' }))).toMatchObject(rerun)
    // Also where the storage's clock was set back since.
    for (const now of [T0 + 1, T0, T0 - 5]) {
      expect(outcome(at(completed()), now, begin({ completedWindowMs: 0 }))).toMatchObject(rerun)
    }
  })
})

describe('T7, T8 failed, begin', () => {
  it('T7 runs again as the next attempt, with the checkpoint', () => {
    expect(outcome(at(failed({ attempt: 2, checkpoint: '5' })), T0, begin())).toMatchObject({
      status: 'executing',
      executionId: 'mine',
      attempt: 3,
      checkpoint: '5',
    })
  })

  it.each([
    ['the policy is to replay', failed(), begin({ onFailed: 'replay' })],
    ['it is final', failed({ final: true }), begin()],
    ['the attempts are used up', failed({ attempt: 3 }), begin()],
  ])('T8 gets the failure when %s', (_, record, command) => {
    expect(decideStart(at(record), T0 + 1_000_000, command)).toEqual({
      type: 'failedBefore',
      current: at(record),
    })
  })

  it('T8 gets the remaining retry delay, and runs after it', () => {
    const record = failed({ retryAfterMs: 5_000 })
    // Of its own millisecond, and of the one in which the job failed, nothing may be over: neither counts.
    const left = [T0 - 5, T0, T0 + 1, T0 + 2, T0 + 4_999, T0 + 5_000].map((now) => {
      const { current, ...decision } = { current: null, ...decideStart(at(record), now, begin()) }
      expect(current).toEqual(at(record))
      return decision
    })
    expect(left).toEqual(
      [5_000, 5_000, 5_000, 4_999, 2, 1].map((retryAfterMs) => ({ type: 'failedBefore', retryAfterMs })),
    )
    expect(outcome(at(record), T0 + 5_001, begin())).toMatchObject({ status: 'executing', attempt: 2 })
  })

  it('T12 continues a released execution as the same attempt, under every policy and number of attempts', () => {
    const released = failed({ attempt: 3, released: true, checkpoint: '5' })
    expect(outcome(at(released), T0, begin({ onFailed: 'replay' }))).toMatchObject({
      status: 'executing',
      executionId: 'mine',
      attempt: 3,
      checkpoint: '5',
    })
  })
})

describe('F0 another fingerprint, begin', () => {
  const states: readonly [string, ExecutionRecord][] = [
    ['alive', executing({ fingerprint: 'a' })],
    ['stalled', executing({ fingerprint: 'a', leaseMs: 0 })],
    ['completed', completed({ fingerprint: 'a' })],
    ['failed', failed({ fingerprint: 'a' })],
    ['final', failed({ fingerprint: 'a', final: true })],
    ['released', failed({ fingerprint: 'a', released: true })],
  ]
  it.each(states)('is a mismatch before anything else: %s', (_, record) => {
    for (const now of [T0, T0 + 10_000_000]) {
      expect(outcome(at(record), now, begin({}, { fingerprint: 'b' }))).toEqual({ type: 'mismatch' })
      expect(outcome(at(record), now, begin({}, { fingerprint: 'a' }))).not.toEqual({ type: 'mismatch' })
    }
  })

  it('is only compared when both have one', () => {
    expect(outcome(at(completed({ fingerprint: 'a' })), T0, begin())).toMatchObject({ type: 'replay' })
    expect(outcome(at(completed()), T0, begin({}, { fingerprint: 'b' }))).toMatchObject({ type: 'replay' })
  })
})

describe("owner's commands", () => {
  const own = { executionId: 'theirs' } as const
  const commands: readonly OwnerCommand[] = [
    { ...own, type: 'update', progress: { percentage: 50, message: 'half' } },
    { ...own, type: 'complete', result: { kind: 'value', data: '9' } },
    { ...own, type: 'fail', error: { name: 'E', message: 'm' }, final: false },
    { ...own, type: 'release' },
  ]
  const start = { at: T0, fence: 77 }

  it.each(commands)('$type of a process that is not the owner is lost', (command) => {
    const lost = { type: 'lost' }
    const other = { executionId: 'other' }
    expect(owners(null, command)).toEqual(lost)
    expect(owners(at(executing(other)), command)).toEqual(lost)
    expect(owners(at(completed(other)), command)).toEqual(lost)
    expect(owners(at(failed(other)), command)).toEqual(lost)
    expect(owners(at(failed({ ...other, released: true })), command)).toEqual(lost)
  })

  it.each(commands)(
    '$type of the owner is accepted also after the lease, if no other process took over',
    (command) => {
      expect(decideOwner(at(executing()), command, policy).type).toBe('write')
    },
  )

  it.each(commands)(
    '$type recognizes the end that an earlier, unanswered sending of it recorded',
    (command) => {
      const ends = { update: undefined, complete: 'completed', fail: 'failed', release: 'failed' } as const
      for (const [status, record] of [
        ['completed', completed()],
        ['failed', failed()],
      ] as const) {
        const expected = { type: ends[command.type] === status ? 'recorded' : 'lost' }
        expect(owners(at(record), command)).toEqual(expected)
        // A successor's record names the end before it.
        const previous = { executionId: 'theirs', status }
        expect(owners(at(executing({ executionId: 'other', previous })), command)).toEqual(expected)
        expect(owners(at(completed({ executionId: 'other', previous })), command)).toEqual(expected)
      }
    },
  )

  it('T9 stores the change, keeps the rest, and writes down when it started', () => {
    const before = executing({ checkpoint: '1', progress: { percentage: 10 } })
    const update = (change: object): unknown => owners(at(before), { ...own, type: 'update', ...change })
    expect(update({})).toEqual({ ...before, start, ttlMs: DAY })
    // An absent change must not erase the stored value.
    expect(update({ progress: undefined, checkpoint: undefined, extendTimeoutMs: undefined })).toEqual(
      update({}),
    )
    expect(update({ progress: { percentage: 20 } })).toMatchObject({ progress: { percentage: 20 } })
    expect(update({ checkpoint: '2' })).toMatchObject({ checkpoint: '2', progress: { percentage: 10 } })
    expect(update({ extendTimeoutMs: 6 })).toMatchObject({ leaseMs: LEASE, timeoutMs: 60_006 })
    // A request to cancel has shortened the lease; the owner's write restores its length.
    expect(owners(at(executing({ leaseMs: 5 })), { ...own, type: 'update' })).toMatchObject({
      leaseMs: LEASE,
    })
  })

  it('T9 keeps the start that was recorded before', () => {
    const later = at(executing({ start: { at: 5, fence: 6 } }))
    expect(owners(later, { ...own, type: 'update' })).toMatchObject({
      start: { at: 5, fence: 6 },
    })
  })

  it('T10 completes, with the progress and without the checkpoint', () => {
    const before = at(executing({ checkpoint: '1', progress: { percentage: 10, message: 'x' } }))
    const result = { kind: 'value', data: '9' } as const
    expect(owners(before, { ...own, type: 'complete', result })).toEqual({
      ...identity,
      start,
      status: 'completed',
      result,
      progress: { percentage: 10, message: 'x' },
      ttlMs: 3_600_000,
    })
    const progress = { percentage: 99 }
    expect(owners(before, { ...own, type: 'complete', result, progress })).toMatchObject({ progress })
  })

  it('T11 fails, with the progress and the checkpoint', () => {
    const before = at(executing({ attempt: 2, checkpoint: '1', progress: { percentage: 10 } }))
    const error = { name: 'E', message: 'm' }
    expect(owners(before, { ...own, type: 'fail', error, final: true, retryAfterMs: 7 })).toEqual({
      ...identity,
      attempt: 2,
      start,
      status: 'failed',
      error,
      final: true,
      released: false,
      retryAfterMs: 7,
      checkpoint: '1',
      progress: { percentage: 10 },
      ttlMs: 2 * DAY + 7,
    })
  })

  it('T12 releases with the checkpoint, without counting the attempt', () => {
    const before = at(executing({ attempt: 2, checkpoint: '1', fingerprint: 'f' }))
    expect(owners(before, { ...own, type: 'release' })).toMatchObject({
      status: 'failed',
      released: true,
      final: false,
      attempt: 2,
      checkpoint: '1',
      fingerprint: 'f',
    })
  })

  it('T12 removes the record of a first attempt that never ran', () => {
    const unbind = { ...own, type: 'release', unbind: true } as const
    expect(owners(at(executing({ fingerprint: 'f' })), unbind)).toMatchObject({ type: 'remove' })
    // But what an earlier attempt left is kept.
    expect(owners(at(executing({ attempt: 2 })), unbind)).toMatchObject({ released: true, attempt: 2 })
    expect(owners(at(executing({ checkpoint: '1' })), unbind)).toMatchObject({ checkpoint: '1' })
  })

  it('ends what did not succeed as released when the instance is being closed, else as failed', () => {
    expect(unfinishedEnd(new ClosedError())).toBe('release')
    expect([undefined, new Error('CLOSED'), 'CLOSED'].map(unfinishedEnd)).toEqual(['fail', 'fail', 'fail'])
  })
})

describe('how long each state is kept', () => {
  const own = { executionId: 'theirs' } as const
  const kept = (command: OwnerCommand, change: Partial<StartPolicy> = {}): number => {
    const decision = decideOwner(at(executing()), command, { ...policy, ...change })
    return decision.type === 'write' ? decision.ttlMs : 0
  }
  const complete = { ...own, type: 'complete', result: { kind: 'value', data: '1' } } as const
  const fail = { ...own, type: 'fail', error: { name: 'E', message: 'm' }, final: false } as const

  it('a running and a released one for a day at least, and for many leases', () => {
    for (const command of [
      { ...own, type: 'update' },
      { ...own, type: 'release' },
    ] as const) {
      expect(kept(command)).toBe(DAY)
      expect(kept(command, { leaseMs: DAY })).toBe(10 * DAY)
    }
  })

  it('a completed one for its window at least', () => {
    expect(kept(complete)).toBe(3_600_000)
    expect(kept(complete, { completedWindowMs: 4_000_000 })).toBe(4_000_000)
  })

  it('a failed one for longer than it keeps others away, and for a day where attempts are counted', () => {
    expect(kept(fail, { failedRetentionMs: 5, maxAttempts: Infinity })).toBe(5)
    expect(kept(fail, { failedRetentionMs: 5 })).toBe(DAY)
    expect(kept({ ...fail, retryAfterMs: 7.5 })).toBe(2 * DAY + 8)
  })
})

describe('T13 requestCancel', () => {
  const cancel = { reason: 'enough', ttlMs: 9 } as const
  const asked = (current: VersionedRecord | null, now: number): unknown =>
    shown(decideCancel(current, now, cancel))

  it('requests it of a live execution without extending its lease', () => {
    expect(asked(at(executing({ progress: { percentage: 3 } })), T0 + 20_000)).toEqual({
      ...executing({ progress: { percentage: 3 } }),
      cancelRequested: 'enough',
      leaseMs: 10_000,
      start: { at: T0, fence: 77 },
      ttlMs: 9,
    })
  })

  it('requests it of a stalled execution, which stays stalled, and of a released one', () => {
    expect(asked(at(executing()), T0 + LEASE + 1)).toMatchObject({
      status: 'executing',
      cancelRequested: 'enough',
      leaseMs: 0,
    })
    expect(asked(at(failed({ released: true, checkpoint: '1' })), T0 + 5)).toEqual({
      ...failed({ released: true, checkpoint: '1', start: { at: T0, fence: 77 } }),
      cancelRequested: 'enough',
      ttlMs: 9,
    })
  })

  it.each([
    ['a takeover', at(executing({ cancelRequested: 'enough' })), T0 + LEASE, 'enough'],
    [
      'continuing a released execution',
      at(failed({ released: true, cancelRequested: 'enough' })),
      T0,
      'enough',
    ],
    ['a start after the failure that answered it', at(failed({ cancelRequested: 'enough' })), T0, undefined],
  ])('is found by %s: %s', (_, current, now, cancelRequested) => {
    const next = outcome(current, now, begin()) as { status: string; cancelRequested?: string }
    expect([next.status, next.cancelRequested]).toEqual(['executing', cancelRequested])
  })

  it('is kept with a failure, and not with a success', () => {
    const cancelled = at(executing({ cancelRequested: 'enough' }))
    const own = { executionId: 'theirs' } as const
    const error = { name: 'E', message: 'm' }
    expect(owners(cancelled, { ...own, type: 'fail', error, final: false })).toMatchObject({
      status: 'failed',
      cancelRequested: 'enough',
    })
    expect(owners(cancelled, { ...own, type: 'release' })).toMatchObject({ cancelRequested: 'enough' })
    const result = { kind: 'value', data: '1' } as const
    expect(owners(cancelled, { ...own, type: 'complete', result })).not.toHaveProperty('cancelRequested')
  })

  it.each([
    ['nothing', null, T0],
    ['a completed one', at(completed()), T0],
    ['a failed one', at(failed()), T0],
  ])('changes nothing of %s', (_, current, now) => {
    expect(asked(current, now)).toEqual({ type: 'unchanged' })
  })
})
