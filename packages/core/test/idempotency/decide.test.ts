import { describe, expect, it } from 'vitest'
import {
  type BeginCommand,
  type BeginPolicy,
  type Current,
  type ExecutionRecord,
  type OwnerCommand,
  decide,
} from '@holdfast/core'

const T0 = 1_000_000
const LEASE = 30_000

const policy: BeginPolicy = {
  onCompleted: 'replay',
  completedWindowMs: 300_000,
  onFailed: 'rerun',
  onStalled: 'takeOver',
  maxAttempts: 3,
}

const begin = (change: Partial<BeginPolicy> = {}, command: Partial<BeginCommand> = {}): BeginCommand => ({
  type: 'begin',
  executionId: 'mine',
  policy: { ...policy, ...change },
  leaseMs: LEASE,
  timeoutMs: 60_000,
  ttlMs: 86_400_000,
  failedTtlMs: 600_000,
  ...command,
})

const identity = { v: 1, executionId: 'theirs', attempt: 1 } as const

const at = (record: ExecutionRecord, writtenAt = T0): Current => ({ record, rev: 77, writtenAt })

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

/** What a decision comes to, in one line. */
function outcome(current: Current | null, now: number, command: Parameters<typeof decide>[2]): unknown {
  const decision = decide(current, now, command)
  if (decision.type !== 'write') return decision
  const { record, ttlMs } = decision
  return { ...JSON.parse(JSON.stringify(record)), ttlMs }
}

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
        ttlMs: 86_400_000,
      },
    )
  })
})

describe('T2 executing by this very command, begin', () => {
  it.each([
    ['alive', T0],
    ['stalled', T0 + LEASE * 2],
  ])('is the same start again, %s', (_, now) => {
    expect(outcome(at(executing({ executionId: 'mine' })), now, begin())).toEqual({ type: 'mine' })
  })
})

describe('T3 executing, alive, begin', () => {
  it.each([
    ['just written', 0, LEASE],
    ['one millisecond before its lease ends', LEASE - 1, 1],
    ['written in what looks like the future (a stepped clock)', -5, LEASE + 5],
  ])('is in progress, %s', (_, after, leaseRemainingMs) => {
    for (const onStalled of ['takeOver', 'fail', 'reject'] as const) {
      expect(outcome(at(executing()), T0 + after, begin({ onStalled }))).toEqual({
        type: 'inProgress',
        stalled: false,
        leaseRemainingMs,
      })
    }
  })

  it('counts from the last write, whatever the start was', () => {
    const renewed = at(executing({ start: { at: T0 - 999_999, fence: 5 } }))
    expect(outcome(renewed, T0 + 1, begin())).toMatchObject({ type: 'inProgress' })
  })
})

describe('T4 executing, stalled, begin', () => {
  it('T4 takes over: next attempt, its own id, the checkpoint and the request to cancel, neither progress nor start', () => {
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
      ttlMs: 86_400_000,
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
      ttlMs: 600_000,
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
      type: 'inProgress',
      stalled: true,
      leaseRemainingMs: 0,
    })
  })
})

describe('T5, T6 completed, begin', () => {
  it.each([
    ['at once', 0, 'replayed'],
    ['one millisecond before the window ends', 299_999, 'replayed'],
    ['when the window ends', 300_000, 'started'],
  ])('%s: %s', (_, after, expected) => {
    const decision = decide(at(completed()), T0 + after, begin())
    expect(decision.type === 'write' ? 'started' : decision.type).toBe(expected)
  })

  it('T5 replays what is stored', () => {
    expect(outcome(at(completed()), T0, begin())).toEqual({ type: 'replayed', record: completed() })
  })

  it('T6 runs again as a first attempt, from nothing', () => {
    const rerun = { executionId: 'mine', attempt: 1, status: 'executing' }
    expect(outcome(at(completed({ attempt: 2 })), T0 + 300_000, begin())).toMatchObject(rerun)
    expect(outcome(at(completed({ attempt: 2 })), T0, begin({ onCompleted: 'rerun' }))).toMatchObject(rerun)
    expect(outcome(at(completed()), T0, begin({ completedWindowMs: 0 }))).toMatchObject(rerun)
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
  ])('T8 is told of the failure when %s', (_, record, command) => {
    expect(outcome(at(record), T0 + 1_000_000, command)).toEqual({ type: 'failedBefore', record })
  })

  it('T8 is told how long to wait when it asked for that, and runs after it', () => {
    const record = failed({ retryAfterMs: 5_000 })
    expect(outcome(at(record), T0 + 4_999, begin())).toEqual({
      type: 'failedBefore',
      record,
      retryAfterMs: 1,
    })
    expect(outcome(at(record), T0 + 5_000, begin())).toMatchObject({ status: 'executing', attempt: 2 })
  })

  it('T12 starts what was given back as the same attempt, whatever the policy and the attempts', () => {
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
    ['given back', failed({ fingerprint: 'a', released: true })],
  ]
  it.each(states)('is a mismatch before anything else: %s', (_, record) => {
    for (const now of [T0, T0 + 10_000_000]) {
      expect(outcome(at(record), now, begin({}, { fingerprint: 'b' }))).toEqual({ type: 'mismatch' })
      expect(outcome(at(record), now, begin({}, { fingerprint: 'a' }))).not.toEqual({ type: 'mismatch' })
    }
  })

  it('is only compared when both have one', () => {
    expect(outcome(at(completed({ fingerprint: 'a' })), T0, begin())).toMatchObject({ type: 'replayed' })
    expect(outcome(at(completed()), T0, begin({}, { fingerprint: 'b' }))).toMatchObject({ type: 'replayed' })
  })
})

describe("owner's commands", () => {
  const own = { executionId: 'theirs', ttlMs: 500 } as const
  const commands: readonly OwnerCommand[] = [
    { ...own, type: 'update', change: { progress: { percentage: 50, message: 'half' } } },
    { ...own, type: 'complete', result: { kind: 'value', data: '9' } },
    { ...own, type: 'fail', error: { name: 'E', message: 'm' }, final: false },
    { ...own, type: 'release' },
  ]
  const start = { at: T0, fence: 77 }

  it.each(commands)('$type of somebody who is not the owner is lost', (command) => {
    const lost = { type: 'lost' }
    expect(outcome(null, T0, command)).toEqual(lost)
    expect(outcome(at(executing({ executionId: 'other' })), T0, command)).toEqual(lost)
    expect(outcome(at(completed()), T0, command)).toEqual(lost)
    expect(outcome(at(failed()), T0, command)).toEqual(lost)
    expect(outcome(at(failed({ released: true })), T0, command)).toEqual(lost)
  })

  it.each(commands)('$type of the owner counts also after the lease, when nobody took it', (command) => {
    expect(decide(at(executing()), T0 + LEASE * 99, command).type).toBe('write')
  })

  it('T9 stores the change, keeps the rest, and writes down when it started', () => {
    const before = executing({ checkpoint: '1', progress: { percentage: 10 } })
    const update = (change: object): unknown => outcome(at(before), T0, { ...own, type: 'update', change })
    expect(update({})).toEqual({ ...before, start, ttlMs: 500 })
    // An absent change must not erase what is there.
    expect(update({ progress: undefined, checkpoint: undefined, leaseMs: undefined })).toEqual(update({}))
    expect(update({ progress: { percentage: 20 } })).toMatchObject({ progress: { percentage: 20 } })
    expect(update({ checkpoint: '2' })).toMatchObject({ checkpoint: '2', progress: { percentage: 10 } })
    expect(update({ leaseMs: 5, timeoutMs: 6 })).toMatchObject({ leaseMs: 5, timeoutMs: 6 })
  })

  it('T9 keeps the start that was written down before', () => {
    const later = at(executing({ start: { at: 5, fence: 6 } }))
    expect(outcome(later, T0, { ...own, type: 'update', change: {} })).toMatchObject({
      start: { at: 5, fence: 6 },
    })
  })

  it('T10 completes, with the progress and without the checkpoint', () => {
    const before = at(executing({ checkpoint: '1', progress: { percentage: 10, message: 'x' } }))
    const result = { kind: 'value', data: '9' } as const
    expect(outcome(before, T0, { ...own, type: 'complete', result })).toEqual({
      ...identity,
      start,
      status: 'completed',
      result,
      progress: { percentage: 10, message: 'x' },
      ttlMs: 500,
    })
    const progress = { percentage: 99 }
    expect(outcome(before, T0, { ...own, type: 'complete', result, progress })).toMatchObject({ progress })
  })

  it('T11 fails, with the progress and the checkpoint', () => {
    const before = at(executing({ attempt: 2, checkpoint: '1', progress: { percentage: 10 } }))
    const error = { name: 'E', message: 'm' }
    expect(outcome(before, T0, { ...own, type: 'fail', error, final: true, retryAfterMs: 7 })).toEqual({
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
      ttlMs: 500,
    })
  })

  it('T12 gives back, with the checkpoint, uncounted', () => {
    const before = at(executing({ attempt: 2, checkpoint: '1', fingerprint: 'f' }))
    expect(outcome(before, T0, { ...own, type: 'release' })).toMatchObject({
      status: 'failed',
      released: true,
      final: false,
      attempt: 2,
      checkpoint: '1',
      fingerprint: 'f',
    })
  })

  it('T12 leaves nothing of a first attempt that never began', () => {
    const unbind = { ...own, type: 'release', unbind: true } as const
    expect(outcome(at(executing({ fingerprint: 'f' })), T0, unbind)).toEqual({ type: 'remove' })
    // But what an earlier attempt left is kept.
    expect(outcome(at(executing({ attempt: 2 })), T0, unbind)).toMatchObject({ released: true, attempt: 2 })
    expect(outcome(at(executing({ checkpoint: '1' })), T0, unbind)).toMatchObject({ checkpoint: '1' })
  })
})

describe('T13 requestCancel', () => {
  const cancel = { type: 'requestCancel', reason: 'enough', ttlMs: 9 } as const

  it('asks a live execution, and does not prolong its lease', () => {
    expect(outcome(at(executing({ progress: { percentage: 3 } })), T0 + 20_000, cancel)).toEqual({
      ...executing({ progress: { percentage: 3 } }),
      cancelRequested: 'enough',
      leaseMs: 10_000,
      start: { at: T0, fence: 77 },
      ttlMs: 9,
    })
  })

  it('asks what is stalled, which stays so, and what was given back', () => {
    expect(outcome(at(executing()), T0 + LEASE + 1, cancel)).toMatchObject({
      status: 'executing',
      cancelRequested: 'enough',
      leaseMs: 0,
    })
    expect(outcome(at(failed({ released: true, checkpoint: '1' })), T0 + 5, cancel)).toEqual({
      ...failed({ released: true, checkpoint: '1', start: { at: T0, fence: 77 } }),
      cancelRequested: 'enough',
      ttlMs: 9,
    })
  })

  it.each([
    ['a takeover', at(executing({ cancelRequested: 'enough' })), T0 + LEASE, 'enough'],
    [
      'going on with what was given back',
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
    const asked = at(executing({ cancelRequested: 'enough' }))
    const own = { executionId: 'theirs', ttlMs: 9 } as const
    const error = { name: 'E', message: 'm' }
    expect(outcome(asked, T0, { ...own, type: 'fail', error, final: false })).toMatchObject({
      status: 'failed',
      cancelRequested: 'enough',
    })
    expect(outcome(asked, T0, { ...own, type: 'release' })).toMatchObject({ cancelRequested: 'enough' })
    const result = { kind: 'value', data: '1' } as const
    expect(outcome(asked, T0, { ...own, type: 'complete', result })).not.toHaveProperty('cancelRequested')
  })

  it.each([
    ['nothing', null, T0],
    ['a completed one', at(completed()), T0],
    ['a failed one', at(failed()), T0],
  ])('changes nothing of %s', (_, current, now) => {
    expect(outcome(current, now, cancel)).toEqual({ type: 'unchanged' })
  })
})
