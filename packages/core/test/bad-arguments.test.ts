import { afterEach, describe, expect, it } from 'vitest'
import { createCache, createHoldfast, createIdempotency, createLocks, memoryStorage } from '@holdfast/core'

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error
/** Values that a caller without the types may pass. */
const wrong = (value: unknown): never => value as never
const nothing = wrong(null)

const storage = memoryStorage()
const holdfast = createHoldfast({ storage })
const { cache, idempotency, locks } = holdfast

describe('wrong arguments', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['cache.set', () => cache.set('a', 1, nothing)],
    ['cache.getOrCreate', () => cache.getOrCreate('a', () => 1, nothing)],
    ['cache.getOrCreate without a function', () => cache.getOrCreate('a', wrong(1))],
    ['cache.remove of undefined', () => cache.remove(wrong(undefined))],
    ['cache.remove of a number', () => cache.remove(wrong(5))],
    ['cache.get of an object without a prototype', () => cache.get(wrong(Object.create(null)))],
    ['cache.get of a symbol', () => cache.get(wrong(Symbol('x')))],
    ['locks.acquire', () => locks.acquire('a', nothing)],
    ...(['acquire', 'tryAcquire', 'inspect', 'revoke'] as const).map(
      (method): [string, () => Promise<unknown>] => [
        `locks.${method} without a name, as the first call`,
        () => createLocks(storage)[method](wrong(undefined)),
      ],
    ),
    [
      'locks.run without a name, as the first call',
      () => createLocks(storage).run(wrong(undefined), () => 1),
    ],
    [
      'locks.acquire with a wrong name in durability',
      () => locks.acquire('a', { durability: wrong({ replicas: 1, timeout: 5 }) }),
    ],
    ['locks.tryAcquire', () => locks.tryAcquire('a', nothing)],
    ['locks.acquireAll', () => locks.acquireAll(['a'], nothing)],
    ['locks.revoke', () => locks.revoke('a', nothing)],
    ['locks.close', () => locks.close(nothing)],
    ['idempotency.run', () => idempotency.run('a', 'b', nothing, () => 1)],
    ['idempotency.begin', () => idempotency.begin('a', 'b', nothing)],
    ['idempotency.list', () => idempotency.list('a', nothing)],
    ['idempotency.requestCancel', () => idempotency.requestCancel('a', 'b', nothing)],
    ['idempotency.waitForCompletion', () => idempotency.waitForCompletion('a', 'b', nothing)],
    ['idempotency.cleanupExpiredExecutions', () => idempotency.cleanupExpiredExecutions(1, nothing)],
    ['idempotency.close', () => idempotency.close(nothing)],
    ['close', () => holdfast.close(nothing)],
  ])('of %s reject its promise', async (_, call) => {
    let promise: Promise<unknown> | undefined
    expect(() => (promise = call())).not.toThrow()
    await expect(promise).rejects.toEqual(invalid)
  })

  it.each<[string, () => unknown]>([
    ['createHoldfast', () => createHoldfast(nothing)],
    ['createLocks', () => createLocks(storage, nothing)],
    ['createIdempotency', () => createIdempotency(storage, nothing)],
    ['createCache', () => createCache(storage, nothing)],
    ['semaphore without options', () => locks.semaphore('a', wrong(undefined))],
    ['define without options', () => idempotency.define('a', nothing)],
    ['define without key', () => idempotency.define('a', wrong({}))],
    ['watch', () => idempotency.watch('a', 'b', nothing)],
    ['memoryStorage', () => memoryStorage(nothing)],
    ['memoryStorage with another clock than a function', () => memoryStorage({ now: wrong(5) })],
  ])('of %s are thrown', (_, call) => {
    expect(call).toThrow(invalid)
  })
})

describe('wrong arguments of an execution', () => {
  const bare = wrong(Object.create(null))

  it('are refused by name, and write nothing', async () => {
    const { idempotency: own } = createHoldfast({ storage: memoryStorage() })
    const begun = await own.begin('a', 'b')
    if (begun.status !== 'started') throw new Error(begun.status)
    const { execution } = begun
    const before = await own.getExecutionStatus('a', 'b')
    const error = new Error('it broke')
    for (const value of [nothing, wrong(5), wrong('x'), wrong(Symbol('x'))]) {
      await expect(execution.updateProgress(1, 'm', value)).rejects.toEqual(invalid)
      await expect(execution.markSuccess(1, value)).rejects.toEqual(invalid)
      await expect(execution.markFailure(error, value)).rejects.toEqual(invalid)
      await expect(execution.release(value)).rejects.toEqual(invalid)
      await expect(execution.markFailure(error, { final: value })).rejects.toEqual(invalid)
      await expect(execution.release({ unbind: value })).rejects.toEqual(invalid)
      await expect(execution.updateProgress(1, 'm', { allowDecrease: value })).rejects.toEqual(invalid)
      await expect(execution.markSuccess(1, { omitted: value })).rejects.toEqual(invalid)
    }
    for (const value of [nothing, wrong('5'), wrong(5n), wrong(NaN), wrong(-1), bare, wrong(Symbol('x'))]) {
      await expect(execution.markFailure(error, { retryAfterMs: value })).rejects.toEqual(invalid)
      await expect(execution.extendTimeout(value)).rejects.toEqual(invalid)
      await expect(execution.updateProgress(value)).rejects.toEqual(invalid)
    }
    await expect(execution.updateProgress(1, bare)).rejects.toEqual(invalid)
    const after = await own.getExecutionStatus('a', 'b')
    expect(after).toEqual({ ...before, leaseRemainingMs: after?.leaseRemainingMs })
    await execution.markSuccess(1, { omitted: undefined })
  })

  it.each([nothing, wrong(5), wrong(Object.create(null)), wrong({}), wrong(Symbol('x'))])(
    'and of a list: no cursor, %#',
    async (cursor) => {
      await expect(idempotency.list('a', { cursor })).rejects.toEqual(invalid)
    },
  )
})

describe('close', () => {
  const open = createHoldfast({ storage: memoryStorage() })
  afterEach(() => open.close())

  it('closes nothing when its arguments are wrong, and closes when they are right', async () => {
    await expect(open.close({ graceMs: -1 })).rejects.toEqual(invalid)
    await open.cache.set('a', 1)
    await (await open.locks.acquire('a')).release()
    await expect(open.locks.close({ graceMs: -1 })).rejects.toEqual(invalid)
    await open.close({ graceMs: 10 })
    await expect(open.locks.acquire('a')).rejects.toThrow(
      expect.objectContaining({ code: 'CLOSED' }) as Error,
    )
  })
})
