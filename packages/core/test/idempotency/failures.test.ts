import { describe, expect, it } from 'vitest'
import { recordedFailureOf } from '@holdfast/core'
import { createWorld, started, watched } from './world.ts'

function raise(): never {
  throw new Error('no')
}

describe('a failure', () => {
  it('is recorded with name, message, code and cause, and rethrown as it was', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const thrown = Object.assign(new RangeError('too far', { cause: new Error('because') }), {
      code: 'E_FAR',
    })
    await expect(idempotency.run('job', 'k', () => Promise.reject(thrown))).rejects.toBe(thrown)
    const replay = join().idempotency.run('job', 'k', { onFailed: 'replay' }, () => 1)
    await expect(replay).rejects.toMatchObject({
      name: 'RangeError',
      message: 'too far',
      code: 'E_FAR',
      cause: { message: 'because' },
    })
    await expect(replay).rejects.toBeInstanceOf(Error)
    await expect(replay).rejects.toHaveProperty('stack', thrown.stack)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'failed',
      errorMessage: 'too far',
      endTime: expect.any(Date),
    })
  })

  it.each([
    ['text', 'boom', { name: 'NonError', message: 'boom' }],
    ['nothing', undefined, { name: 'NonError', message: 'undefined' }],
    ['an object', { a: 1 }, { name: 'NonError', message: '{"a":1}' }],
    ['a bigint', 5n, { name: 'NonError', message: '5' }],
    ['a numeric code', Object.assign(new Error('x'), { code: 42 }), { code: 42 }],
    ['an error of another realm', { name: 'E', message: 'm' }, { name: 'E', message: 'm' }],
    [
      'what defends itself',
      new Proxy({}, { get: () => raise(), has: () => raise(), ownKeys: () => raise() }),
      { name: 'NonError', message: expect.stringContaining('could not be described') },
    ],
  ])('of %s is recorded too', async (_, thrown, error) => {
    const { join } = createWorld()
    const { idempotency } = join()
    await idempotency.run('job', 'k', () => Promise.reject(thrown as Error)).catch(() => undefined)
    expect((await idempotency.getExecutionStatus('job', 'k'))?.error).toMatchObject(error)
  })

  it('that was recorded before can be distinguished from a failure of this call', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const fresh = await idempotency.run('job', 'k', raise).catch((error: unknown) => error)
    expect(recordedFailureOf(fresh)).toBeUndefined()
    const replay = idempotency.run('job', 'k', { onFailed: 'replay' }, raise)
    const recorded = recordedFailureOf(await replay.catch((error: unknown) => error))
    expect(recorded).toMatchObject({ snapshot: { jobKey: 'k', attempt: 1 }, retryAfterMs: null })
    const later = await started(idempotency, {}, 'later')
    await later.markFailure(new Error('not now'), { retryAfterMs: 5_000 })
    const attempt = idempotency.tryStartExecution('job', 'later')
    const early = recordedFailureOf(await attempt.catch((error: unknown) => error))
    expect(early).toMatchObject({ snapshot: { jobKey: 'later' }, retryAfterMs: 5_000 })
    for (const other of [undefined, null, 'text', {}]) expect(recordedFailureOf(other)).toBeUndefined()
  })

  it('keeps as much of the stack as allowed, in bytes, whole characters only', async () => {
    const { join } = createWorld()
    const thrown = Object.assign(new Error('x'), { stack: 'é'.repeat(50) })
    const stackOf = async (key: string, maxStackBytes: number): Promise<string | undefined> => {
      const { idempotency } = join({ maxStackBytes })
      await idempotency.run('job', key, () => Promise.reject(thrown)).catch(() => undefined)
      return (await idempotency.getExecutionStatus('job', key))?.error?.stack
    }
    expect(await stackOf('a', 0)).toBeUndefined()
    expect(await stackOf('b', 7)).toBe('ééé…')
    expect(await stackOf('c', 100)).toBe('é'.repeat(50))
  })

  it('ends a chain of causes that leads back to itself', async () => {
    const { join } = createWorld()
    const thrown = new Error('x')
    thrown.cause = thrown
    const { idempotency } = join()
    await expect(idempotency.run('job', 'k', () => Promise.reject(thrown))).rejects.toBe(thrown)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'failed' })
  })

  it('that cannot be recorded is still what the caller gets', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const thrown = new Error('mine')
    const run = watched(
      idempotency.run('job', 'k', { leaseMs: 1_000 }, async () => {
        link.blackHole = true
        throw thrown
      }),
    )
    await runtime.advance(2_000)
    expect(run.error).toBe(thrown)
  })

  it('does not hold up its caller for the lease when the storage is down', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join({ callTimeoutMs: 500 })
    const thrown = new Error('mine')
    const run = watched(
      idempotency.run('job', 'k', { leaseMs: 30_000 }, async () => {
        link.blackHole = true
        throw thrown
      }),
    )
    await runtime.advance(500)
    expect(run.error).toBe(thrown)
  })

  it.each(['markFailure', 'release', 'dispose'] as const)('%s gives up after callTimeoutMs', async (end) => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join({ callTimeoutMs: 500 })
    const execution = await started(idempotency, { leaseMs: 30_000 })
    link.blackHole = true
    const ends = {
      markFailure: () => execution.markFailure(new Error('mine')),
      release: () => execution.release(),
      dispose: () => execution[Symbol.asyncDispose](),
    }
    const ending = watched(ends[end]())
    await runtime.advance(499)
    expect(ending.state).toBe('pending')
    await runtime.advance(1)
    if (end === 'dispose') expect(ending.state).toBe('resolved')
    else expect(ending.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    link.blackHole = false
    if (end !== 'dispose') await ends[end]()
    const status = end === 'dispose' ? 'executing' : 'failed'
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status })
  })

  it('means what the job says of its error: final, or not before, or nothing special', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ classifyError: () => ({ final: true }) })
    const job = idempotency.define<string, number>('job', {
      key: (id) => id,
      classifyError: (error) => {
        if (error instanceof TypeError) return { final: true }
        return error instanceof RangeError ? { retryAfterMs: 60_000 } : undefined
      },
    })
    const fail = async (id: string, error: Error): Promise<unknown> => {
      await expect(job.run(id, () => Promise.reject(error))).rejects.toBe(error)
      return await job.begin(id)
    }
    expect(await fail('bad input', new TypeError('no'))).toMatchObject({ status: 'failedBefore' })
    expect(await fail('usual', new Error('no'))).toMatchObject({
      status: 'started',
      execution: { attempt: 2 },
    })
    expect(await fail('later', new RangeError('no'))).toMatchObject({ retryAfterMs: 60_000 })
    await runtime.advance(60_001)
    expect((await job.begin('later')).status).toBe('started')
    // By hand it is the same, unless something else is said.
    const byHand = await job.tryStartExecution('by hand')
    await byHand?.markFailure(new TypeError('no'), {})
    const again = await job.tryStartExecution('by hand')
    await again?.markFailure(new TypeError('no'))
    expect((await job.begin('by hand')).status).toBe('failedBefore')
  })

  it.each<[string, (error: unknown) => never]>([
    ['throws', raise],
    ['answers nonsense', () => 'final' as never],
    ['answers a negative time', () => ({ retryAfterMs: -1 }) as never],
    ['answers with an unknown option', () => ({ finally: true }) as never],
  ])('is recorded although what classifies it %s', async (_, classifyError) => {
    const { join } = createWorld()
    const { idempotency } = join({ classifyError })
    const thrown = new Error('mine')
    await expect(idempotency.run('job', 'k', () => Promise.reject(thrown))).rejects.toBe(thrown)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ errorMessage: 'mine' })
    expect((await started(idempotency)).attempt).toBe(2)
  })

  it('of a body that has ended its execution itself is the caller’s alone', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const run = idempotency.run('job', 'k', async (execution) => {
      await execution.markSuccess('kept')
      throw new Error('afterwards')
    })
    await expect(run).rejects.toThrow('afterwards')
    expect(await idempotency.run('job', 'k', () => 1)).toMatchObject({ status: 'replayed', result: 'kept' })
  })
})
