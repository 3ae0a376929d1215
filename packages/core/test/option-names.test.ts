import { describe, expect, it } from 'vitest'
import {
  type ExecutionContext,
  createCache,
  createHoldfast,
  createIdempotency,
  createLocks,
  memoryStorage,
} from '@holdfast/core'
import { createWorld, started } from './idempotency/world.ts'

/** Values that a caller without the types may pass. */
const wrong = (options: object): never => options as never
const storage = memoryStorage()
const holdfast = createHoldfast({ storage })
const { cache, idempotency, locks } = holdfast
const job = idempotency.define<string, number>('defined', { key: (id) => id, fingerprint: (id) => id })

const refusal = (message: RegExp): Error =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message) as string,
  }) as Error

describe('an unknown option', () => {
  it.each<[string, RegExp, () => unknown]>([
    [
      'createHoldfast',
      /`storag`; did you mean `storage`\?/,
      () => createHoldfast(wrong({ storage, storag: 1 })),
    ],
    [
      'its locks',
      /`locks.leaseMS`.*`locks.leaseMs`/,
      () => createHoldfast({ storage, locks: wrong({ leaseMS: 1 }) }),
    ],
    [
      'its jobs',
      /`idempotency.completedWindow`.*`idempotency.completedWindowMs`/,
      () => createHoldfast({ storage, idempotency: wrong({ completedWindow: 1 }) }),
    ],
    ['its cache', /`cache.ttl`.*`cache.ttlMs`/, () => createHoldfast({ storage, cache: wrong({ ttl: 1 }) })],
    [
      'its jobs, given for all of it',
      /Unknown option `idempotency.prefix`/,
      () => createHoldfast({ storage, idempotency: wrong({ prefix: 'x' }) }),
    ],
    [
      'its jobs, given for calls',
      /Unknown option `idempotency.callTimeoutMs`/,
      () => createHoldfast({ storage, idempotency: wrong({ callTimeoutMs: 1 }) }),
    ],
    [
      'createIdempotency',
      /`onComplete`.*`onCompleted`/,
      () => createIdempotency(storage, wrong({ onComplete: 1 })),
    ],
    ['createLocks', /`claimMS`.*`claimMs`/, () => createLocks(storage, wrong({ claimMS: 1 }))],
    ['createCache', /`TTLMS`.*`ttlMs`/, () => createCache(storage, wrong({ TTLMS: 1 }))],
    [
      'define',
      /`maxAttempt`.*`maxAttempts`/,
      () => idempotency.define('a', wrong({ key: String, maxAttempt: 3 })),
    ],
    [
      'watch',
      /Unknown option `waitMs`; the options are `signal`/,
      () => idempotency.watch('a', 'b', wrong({ waitMs: 1 })),
    ],
    ['semaphore', /`permit`.*`permits`/, () => locks.semaphore('a', wrong({ permit: 1 }))],
  ])('is refused by %s', (_, message, call) => {
    expect(call).toThrow(refusal(message))
  })

  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['run', /`leaseMS`.*`leaseMs`/, () => idempotency.run('a', 'b', wrong({ leaseMS: 1 }), () => 1)],
    [
      'begin',
      /`onInFlight`.*`onInProgress`/,
      () => idempotency.begin('a', 'b', wrong({ onInFlight: 'wait' })),
    ],
    ['tryStartExecution', /`retries`/, () => idempotency.tryStartExecution('a', 'b', wrong({ retries: 1 }))],
    [
      'begin, given a signal for options',
      /`aborted`/,
      () => idempotency.begin('a', 'b', wrong(new AbortController().signal)),
    ],
    ['list', /`state`.*`status`/, () => idempotency.list('a', wrong({ state: 'failed' }))],
    ['requestCancel', /`why`.*`reason`/, () => idempotency.requestCancel('a', 'b', wrong({ why: 'x' }))],
    [
      'waitForCompletion',
      /`timeoutMs`/,
      () => idempotency.waitForCompletion('a', 'b', wrong({ timeoutMs: 1 })),
    ],
    [
      'cleanupExpiredExecutions',
      /`jobtype`.*`jobType`/,
      () => idempotency.cleanupExpiredExecutions(1, wrong({ jobtype: 'a' })),
    ],
    [
      'run of a defined job',
      /`maxStackByte`.*`maxStackBytes`/,
      () => job.run('a', wrong({ maxStackByte: 1 }), () => 1),
    ],
    [
      'begin of a defined job, which has its own fingerprint',
      /Unknown option `fingerprint`/,
      () => job.begin('a', wrong({ fingerprint: 1 })),
    ],
    [
      'tryStartExecution of a defined job',
      /`waitMS`.*`waitMs`/,
      () => job.tryStartExecution('a', wrong({ waitMS: 1 })),
    ],
    ['close', /`grace`.*`graceMs`/, () => holdfast.close(wrong({ grace: 1 }))],
    ['locks.acquire', /`wait`.*`waitMs`/, () => locks.acquire('a', wrong({ wait: 1 }))],
    ['locks.tryAcquire', /`lease`.*`leaseMs`/, () => locks.tryAcquire('a', wrong({ lease: 1 }))],
    ['locks.run', /`maxHold`.*`maxHoldMs`/, () => locks.run('a', wrong({ maxHold: 1 }), () => 1)],
    ['locks.revoke', /`Token`.*`token`/, () => locks.revoke('a', wrong({ Token: 'x' }))],
    ['cache.set', /`ttlSeconds`.*`ttlMs`/, () => cache.set('a', 1, wrong({ ttlSeconds: 1 }))],
    ['cache.getOrCreate', /`ttlms`.*`ttlMs`/, () => cache.getOrCreate('a', () => 1, wrong({ ttlms: 1 }))],
  ])('rejects the promise of %s', async (_, message, call) => {
    await expect(call()).rejects.toEqual(refusal(message))
    expect(await idempotency.getExecutionStatus('a', 'b')).toBeNull()
  })

  it.each<[string, (execution: ExecutionContext) => Promise<unknown>]>([
    ['updateProgress', (execution) => execution.updateProgress(1, 'm', wrong({ allowDecreases: true }))],
    ['markSuccess', (execution) => execution.markSuccess(1, wrong({ omit: 'stream' }))],
    ['markFailure', (execution) => execution.markFailure(new Error('x'), wrong({ retryAfter: 1 }))],
    ['release', (execution) => execution.release(wrong({ unBind: true }))],
    ['markFailure, given null', (execution) => execution.markFailure(new Error('x'), null as never)],
  ])('%s is refused, and nothing is sent', async (_, call) => {
    const { commands, join } = createWorld()
    const execution = await started(join().idempotency)
    commands.length = 0
    await expect(call(execution)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(commands).toEqual([])
    await execution.markSuccess()
  })

  it('is absent when it is undefined, as those are that have a name', async () => {
    const { join } = createWorld()
    await started(join().idempotency, wrong({ leaseMS: undefined, leaseMs: undefined }))
    expect(createLocks(storage, wrong({ leaseMS: undefined }))).toBeDefined()
  })

  it('is found where it was inherited, as the others are', async () => {
    const options = Object.create({ leaseMS: 1 }) as object
    await expect(idempotency.begin('a', 'b', wrong(options))).rejects.toEqual(
      refusal(/did you mean `leaseMs`/),
    )
  })
})
