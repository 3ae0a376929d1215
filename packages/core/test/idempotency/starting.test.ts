import { describe, expect, it } from 'vitest'
import {
  type Codec,
  type Idempotency,
  type ResultReferences,
  type StartOptions,
  createHoldfast,
  memoryStorage,
} from '@holdfast/core'
import type { ExecutionContext } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

describe('begin', () => {
  it('starts in one command, and answers duplicates of the same process without any', async () => {
    const { commands, join } = createWorld()
    const { idempotency } = join()
    await started(idempotency, {}, 'warm-up')
    commands.length = 0
    await started(idempotency)
    const duplicates = await Promise.all(Array.from({ length: 100 }, () => idempotency.begin('job', 'k')))
    expect(duplicates.every(({ status }) => status === 'inProgress')).toBe(true)
    expect(commands).toEqual(['create k'])
  })

  it('shares one claim among a hundred callers of the same moment', async () => {
    const { commands, join } = createWorld()
    const { idempotency } = join()
    await started(idempotency, {}, 'warm-up')
    commands.length = 0
    const all = await Promise.all(Array.from({ length: 100 }, () => idempotency.begin('job', 'k')))
    expect(all.filter(({ status }) => status === 'started')).toHaveLength(1)
    expect(commands).toEqual(['create k'])
  })

  it('reads the time once, before the first claims', async () => {
    const { commands, join } = createWorld()
    const { idempotency } = join()
    await Promise.all(['a', 'b', 'c'].map((key) => idempotency.begin('job', key)))
    expect(commands.filter((command) => command === 'time')).toHaveLength(1)
  })

  it('says how long the lease of the running one lasts', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 30_000 })
    await runtime.advance(4_000)
    const begun = await join().idempotency.begin('job', 'k')
    expect(begun).toMatchObject({ status: 'inProgress', snapshot: { leaseRemainingMs: 26_000 } })
  })

  it('keeps prefixes, job types and keys apart, no matter what they contain', async () => {
    const { join } = createWorld()
    const status = async (prefix: string, type: string, key: string): Promise<string> =>
      (await join({ prefix }).idempotency.begin(type, key)).status
    expect(await status('a', 'b:c', 'd')).toBe('started')
    expect(await status('a:b', 'c', 'd')).toBe('started')
    expect(await status('a', 'b', 'c:d')).toBe('started')
    expect(await status('a%3Ab', 'c', 'd')).toBe('started')
    expect(await status('a', 'b:c', 'd')).toBe('inProgress')
  })

  it('lets fencing tokens grow with every start of a key, also after it was removed', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const fences: number[] = []
    for (const removed of [false, true, false]) {
      const execution = await started(idempotency)
      fences.push(execution.fencingToken)
      await execution.markFailure(new Error('again'))
      if (removed) await idempotency.forget('job', 'k')
    }
    expect(fences).toEqual([...fences].sort((a, b) => a - b))
    expect(new Set(fences).size).toBe(3)
  })

  it('counts attempts over failures, starts anew after success, and stops at maxAttempts', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    for (const attempt of [1, 2, 3]) {
      const execution = await started(idempotency, { maxAttempts: 3 })
      expect(execution.attempt).toBe(attempt)
      await execution.markFailure(new Error(`attempt ${attempt}`))
      // Slow retries: the count must outlive the ten minutes for which failures are kept by default.
      await runtime.advance(3_600_000)
    }
    expect(await idempotency.begin('job', 'k', { maxAttempts: 3 })).toMatchObject({
      status: 'failedBefore',
      error: { message: 'attempt 3' },
      snapshot: { attempt: 3 },
    })
    const fourth = await started(idempotency)
    await fourth.markSuccess()
    await runtime.advance(300_001)
    expect((await started(idempotency)).attempt).toBe(1)
  })

  it('does not rerun a failure before its requested delay is over', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    await execution.markFailure(new Error('later'), { retryAfterMs: 1_200_000 })
    await runtime.advance(1_000_001)
    expect(await idempotency.begin('job', 'k')).toMatchObject({
      status: 'failedBefore',
      retryAfterMs: 200_000,
    })
    await runtime.advance(200_000)
    expect((await started(idempotency)).attempt).toBe(2)
  })

  it('treats an undefined option as absent', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ leaseMs: 5_000 })
    const nothing = { leaseMs: undefined, onStalled: undefined } as unknown as StartOptions
    await started(idempotency, nothing)
    const status = await idempotency.getExecutionStatus('job', 'k')
    expect(status?.leaseRemainingMs).toBe(5_000)
    await runtime.advance(0)
  })

  it('is refused at once when its signal is aborted already', async () => {
    const { commands, join } = createWorld()
    const signal = AbortSignal.abort(new Error('never mind'))
    await expect(join().idempotency.begin('job', 'k', { signal })).rejects.toMatchObject({
      code: 'WAIT_ABORTED',
      cause: { message: 'never mind' },
    })
    expect(commands).toEqual([])
  })
})

describe('a claim whose answer is lost', () => {
  it('is its own when the connection broke and it is sent again', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency, link } = join()
    link.once('create', 'broken')
    const begun = watched(idempotency.begin('job', 'k'))
    await runtime.advance(100)
    expect(begun.value).toMatchObject({ status: 'started', execution: { attempt: 1 } })
    expect(commands.filter((command) => command === 'create k')).toHaveLength(2)
  })

  it('is recognized also when a caller has requested its cancellation meanwhile', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    link.once('create', 'broken')
    const begun = watched(idempotency.begin('job', 'k'))
    await settle()
    expect(await join().idempotency.requestCancel('job', 'k', { reason: 'no' })).toBe(true)
    await runtime.advance(100)
    expect(begun.value?.status).toBe('started')
    const { execution } = begun.value as { execution: ExecutionContext }
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'no' })
    const status = await idempotency.getExecutionStatus('job', 'k')
    expect(status?.fencingToken).toBe(execution.fencingToken)
    expect(status?.startTime).toEqual(execution.startTime)
  })

  it('is reported as an outage, not as another owner, when no answer arrives; and it is undone', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency, link } = join()
    link.once('create', 'unanswered')
    const begun = watched(idempotency.begin('job', 'k'))
    await runtime.advance(2_000)
    expect(begun.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
    await runtime.advance(1)
    expect(commands.at(-1)).toBe('compareAndDelete k')
    expect((await started(idempotency)).attempt).toBe(1)
  })

  it('is an outage that may have been applied, when the connection broke and was not restored', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    await started(idempotency, {}, 'warm-up')
    link.once('create', 'broken')
    const begun = watched(idempotency.begin('job', 'k'))
    await settle()
    link.set('down')
    await runtime.advance(2_000)
    expect(begun.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
    link.set('ready')
    await settle()
    // Undone as soon as that was possible.
    expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
  })

  it('starts nothing when it arrives after its caller has given up', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    let arrive: (() => Promise<unknown>) | undefined
    link.once('create', { held: (execute) => (arrive = execute) })
    const begun = watched(idempotency.begin('job', 'k'))
    await runtime.advance(2_001)
    expect(begun.state).toBe('rejected')
    await arrive?.()
    expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
  })

  it('starts nothing when its own undo overtakes it', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join({ callTimeoutMs: 2_000 })
    let arrive: (() => Promise<unknown>) | undefined
    await started(idempotency, {}, 'warm-up')
    link.once('create', { held: (execute) => (arrive = execute) })
    const begun = watched(idempotency.begin('job', 'k'))
    await runtime.advance(2_000)
    expect(begun.state).toBe('rejected')
    await settle()
    await arrive?.()
    expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
  })

  it('releases a takeover without counting the attempt, with the checkpoint', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    const first = await started(dead.idempotency, { leaseMs: 1_000 })
    await first.saveCheckpoint({ page: 7 })
    dead.link.blackHole = true
    await runtime.advance(2_000)
    const { idempotency, link } = join()
    link.once('replace', 'unanswered')
    const begun = watched(idempotency.begin('job', 'k'))
    await runtime.advance(2_001)
    expect(begun.state).toBe('rejected')
    const again = await started(join().idempotency, { maxAttempts: 2 })
    expect([again.attempt, again.checkpoint]).toEqual([2, { page: 7 }])
  })

  it('is sent once more when the clock of the storage was stepped', async () => {
    const { stepStorage, commands, join } = createWorld()
    const { idempotency } = join()
    await started(idempotency, {}, 'warm-up')
    commands.length = 0
    stepStorage(3_600_000)
    await started(idempotency)
    expect(commands).toEqual(['create k', 'create k'])
  })

  it('is harmless twice', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    link.once('create', 'twice')
    expect((await started(idempotency)).attempt).toBe(1)
  })
})

describe('an outage', () => {
  it('is an error with a code, and nothing is sent without a connection', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency, link } = join()
    link.set('down')
    const calls = [
      idempotency.begin('job', 'k'),
      idempotency.run('job', 'k', () => 1),
      idempotency.tryStartExecution('job', 'k'),
      idempotency.isExecuting('job', 'k'),
      idempotency.getExecutionStatus('job', 'k'),
      idempotency.list('job'),
      idempotency.forget('job', 'k'),
    ].map((promise) => watched<unknown>(promise))
    await runtime.advance(2_000)
    for (const call of calls) {
      expect(call.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: false })
    }
    expect(commands).toEqual([])
    // One listener for all calls, as long as the instance is open.
    expect(link.waiting).toBe(1)
    expect(runtime.timers).toBe(0)
  })

  it('that is over in time costs nothing but the wait', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    link.set('down')
    const begun = watched(idempotency.begin('job', 'k'))
    await runtime.advance(1_500)
    link.set('ready')
    await settle()
    expect(begun.value?.status).toBe('started')
  })

  it('refuses calls that would wait beyond the cap', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join({ maxPendingCalls: 2 })
    link.set('down')
    const calls = [1, 2, 3].map((i) => watched(idempotency.getExecutionStatus('job', `k${i}`)))
    await settle()
    expect(calls.map(({ state }) => state)).toEqual(['pending', 'pending', 'rejected'])
    expect(calls[2]?.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: false })
    await runtime.advance(2_000)
  })
})

describe('arguments that are refused at the call', () => {
  const load = async (): Promise<string> => ''
  const bad: readonly [string, (idempotency: Idempotency) => Promise<unknown>][] = [
    ['an empty key', (i) => i.begin('job', '')],
    ['a key that is no string', (i) => i.begin('job', 7 as unknown as string)],
    ['a key with a control character', (i) => i.begin('job', 'a\nb')],
    ['a key with half a character', (i) => i.begin('job', '\ud800')],
    ['a key of 1,025 bytes', (i) => i.begin('job', 'é'.repeat(513))],
    ['an empty job type', (i) => i.run('', 'k', () => 1)],
    ['no body', (i) => i.run('job', 'k', undefined as unknown as () => void)],
    ['a lease of 99 ms', (i) => i.begin('job', 'k', { leaseMs: 99 })],
    ['a lease that is no number', (i) => i.begin('job', 'k', { leaseMs: '30s' as unknown as number })],
    ['an endless timeout', (i) => i.begin('job', 'k', { timeoutMs: Infinity })],
    ['a negative window', (i) => i.begin('job', 'k', { completedWindowMs: -1 })],
    ['no attempts', (i) => i.begin('job', 'k', { maxAttempts: 0 })],
    ['half an attempt', (i) => i.begin('job', 'k', { maxAttempts: 1.5 })],
    ['an unknown policy', (i) => i.begin('job', 'k', { onFailed: 'retry' as unknown as 'rerun' })],
    ['references without a place for them', (i) => i.begin('job', 'k', { onResultTooLarge: 'reference' })],
    ['a negative size', (i) => i.begin('job', 'k', { maxCheckpointBytes: -1 })],
    ['a classification that is none', (i) => i.begin('job', 'k', { classifyError: 'final' as never })],
    [
      'a promise of a classification',
      (i) => i.begin('job', 'k', { classifyError: (async () => ({})) as never }),
    ],
    ['no codec', (i) => i.begin('job', 'k', { codec: null as unknown as Codec })],
    ['half a codec', (i) => i.begin('job', 'k', { codec: { encode: String } as unknown as Codec })],
    [
      'half of references',
      (i) => i.begin('job', 'k', { references: { load } as unknown as ResultReferences }),
    ],
    ['a fingerprint of a function', (i) => i.begin('job', 'k', { fingerprint: { f: () => 1 } })],
    ['a page of 0', (i) => i.list('job', { limit: 0 })],
    ['an unknown status', (i) => i.list('job', { status: 'done' as unknown as 'failed' })],
    ['a negative age', (i) => i.cleanupExpiredExecutions(-1)],
    ['an endless age', (i) => i.cleanupExpiredExecutions(Number.NaN)],
    ['a wait of NaN', (i) => i.waitForCompletion('job', 'k', { waitMs: Number.NaN })],
  ]
  it.each(bad)('%s, and nothing is sent', async (_, call) => {
    const { runtime, commands, join } = createWorld()
    const { idempotency } = join()
    await expect(call(idempotency)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(commands).toEqual([])
    expect(runtime.timers).toBe(0)
  })

  it.each([
    ['a percentage of 101', 101],
    ['a percentage below 0', -0.1],
    ['a percentage of NaN', Number.NaN],
    ['a percentage as text', '50' as unknown as number],
  ])('%s', async (_, percentage) => {
    const { commands, join } = createWorld()
    const execution = await started(join().idempotency)
    commands.length = 0
    await expect(execution.updateProgress(percentage)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(commands).toEqual([])
  })

  it('bad defaults, when the instance is made', () => {
    const { join } = createWorld()
    expect(() => join({ leaseMs: 1 })).toThrow(/leaseMs/)
    expect(() => join({ prefix: '' })).toThrow(/prefix/)
    expect(() => join().idempotency.define('', { key: () => 'k' })).toThrow(/jobType/)
    expect(() => join().idempotency.watch('job', '')).toThrow(/jobKey/)
  })
})

describe('a record that cannot be understood', () => {
  it.each([
    ['no JSON', '{'],
    ['foreign', '{"status":"executing"}'],
    ['of a newer version', '{"v":2,"status":"executing"}'],
    ['of a status that is new', '{"v":1,"status":"paused","executionId":"x","attempt":1}'],
    [
      'with input that is compared in a newer way',
      '{"v":1,"status":"completed","executionId":"x","attempt":1,"fingerprint":"v2:x","result":{"kind":"value","data":"1"}}',
    ],
  ])('is a separate error, and neither run nor overwritten: %s', async (_, value) => {
    const { storage, join } = createWorld()
    const { idempotency } = join()
    const key = { collection: 'app:job', id: 'k' }
    await storage.records.put(key, null, { writeId: 'w', value, ttlMs: 60_000, notify: false })
    const unreadable = { code: 'RECORD_UNREADABLE' }
    await expect(idempotency.begin('job', 'k')).rejects.toMatchObject(unreadable)
    await expect(idempotency.getExecutionStatus('job', 'k')).rejects.toMatchObject(unreadable)
    const other = await started(idempotency, {}, 'other')
    expect((await idempotency.list('job')).executions.map(({ jobKey }) => jobKey)).toEqual(['other'])
    await other.markSuccess()
    expect(await idempotency.cleanupExpiredExecutions(0)).toBe(1)
    expect((await storage.records.read(key)).entry?.value).toBe(value)
    expect(await idempotency.forget('job', 'k')).toBe(true)
    expect((await started(idempotency)).attempt).toBe(1)
  })

  it('is one claim, not endless claims, where another program wrote it over ours', async () => {
    const memory = memoryStorage()
    const { records } = memory
    let claims = 0
    // As Redis returns a value that is not a record: without a revision.
    const put: typeof records.put = async (key, rev, write) => {
      if ((claims += 1) > 3) throw new Error('claimed again and again')
      const { now } = await records.put(key, rev, write)
      const at = { createdAt: 0, writtenAt: 0, expiresAt: 0 }
      return { outcome: 'conflict', entry: { rev: 0, writeId: '', value: '{', ...at }, now }
    }
    const holdfast = createHoldfast({ storage: { ...memory, records: { ...records, put } } })
    await expect(holdfast.idempotency.begin('job', 'k')).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    expect(claims).toBe(1)
    await holdfast.close()
  })
})
