import { describe, expect, it } from 'vitest'
import type { ExecutionContext, Idempotency, StartOptions } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, watched } from './world.ts'

async function started(idempotency: Idempotency, options: StartOptions = {}): Promise<ExecutionContext> {
  const begun = await idempotency.begin('job', 'k', options)
  if (begun.status !== 'started') throw new Error(`not started: ${begun.status}`)
  return begun.execution
}

function raise(): never {
  throw new Error('no')
}

const unconfirmed = { code: 'COMPLETION_UNCONFIRMED', result: { paid: true } }

describe('a success', () => {
  it('costs one command, and one for each replay', async () => {
    const { commands, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    commands.length = 0
    await execution.markSuccess({ a: 1 })
    const other = join().idempotency
    await other.begin('job', 'warm-up')
    expect(commands.splice(0)[0]).toBe('compareAndSet k')
    expect(await other.run('job', 'k', () => 'never')).toMatchObject({
      status: 'replayed',
      result: { a: 1 },
      attempt: 1,
      executionId: execution.executionId,
    })
    expect(commands).toEqual(['createOrRead k'])
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a date', new Date(5)],
    ['bytes', new Uint8Array([0, 255])],
    ['a Buffer', Buffer.from('é')],
    ['a map', new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]])],
    ['odd numbers', [-0, Number.NaN, Infinity, 2 ** 53 + 2]],
    ['text that looks like ours', { $holdfast: 'undefined', data: '' }],
    ['odd text', '\u0000\ud800"\\'],
    ['holes', [undefined, null]],
    ['a prototype that is data', JSON.parse('{"__proto__":{"a":1},"b":{"__proto__":2}}')],
  ])('is replayed faithfully: %s', async (_, result) => {
    const { join } = createWorld()
    await join().idempotency.run('job', 'k', () => result)
    const replayed = await join().idempotency.run('job', 'k', () => 'never')
    expect(replayed.status).toBe('replayed')
    expect(replayed.result).toStrictEqual(result)
    expect((await join().idempotency.getExecutionStatus('job', 'k'))?.result).toStrictEqual(result)
  })

  it('is recorded although its answer was lost, and so is a failure and a release', async () => {
    const { runtime, join } = createWorld()
    for (const [end, status] of [
      [(e: ExecutionContext) => e.markSuccess(1), 'completed'],
      [(e: ExecutionContext) => e.markFailure(new Error('x')), 'failed'],
      [(e: ExecutionContext) => e.release(), 'failed'],
    ] as const) {
      const { idempotency, link } = join()
      await idempotency.forget('job', 'k')
      const execution = await started(idempotency)
      link.once('compareAndSet', 'broken')
      const ended = watched(end(execution))
      await runtime.advance(100)
      expect(ended.state).toBe('resolved')
      expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status })
    }
  })

  it('is tried for as long as the lease lasts', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const execution = await started(idempotency, { leaseMs: 30_000 })
    link.set('down')
    const end = watched(execution.markSuccess(7))
    await runtime.advance(25_000)
    expect(end.state).toBe('pending')
    link.set('ready')
    await settle()
    expect(end.state).toBe('resolved')
  })
})

describe('a success that cannot be recorded', () => {
  it('is CompletionUnconfirmedError with the result, and never a failure: run', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency, link } = join()
    const run = watched(
      idempotency.run('job', 'k', { leaseMs: 1_000 }, async () => {
        link.blackHole = true
        return { paid: true }
      }),
    )
    await runtime.advance(3_000)
    expect(run.error).toMatchObject({ ...unconfirmed, cause: { code: 'STORAGE_UNAVAILABLE' } })
    link.blackHole = false
    await runtime.advance(10_000)
    expect(commands.filter((command) => command.startsWith('compareAndSet'))).toEqual([])
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'executing',
      stalled: true,
    })
    // One refusal, not two: nothing else was tried.
    await idempotency.forget('job', 'k')
    link.once('compareAndSet', 'refused')
    const refused = idempotency.run('job', 'k', () => ({ paid: true }))
    await expect(refused).rejects.toMatchObject(unconfirmed)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'executing' })
  })

  it('is that also when the storage refuses, and the lease is left to end', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const refuse = link.every('compareAndSet', 'refused')
    const run = idempotency.run('job', 'k', { leaseMs: 1_000 }, () => ({ paid: true }))
    await expect(run).rejects.toMatchObject({ ...unconfirmed, cause: { code: 'STORAGE_REFUSED' } })
    refuse()
    await runtime.advance(1_000)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'executing',
      stalled: true,
      errorMessage: null,
    })
  })

  it('is not turned into a failure by whoever catches it, nor by disposal', async () => {
    const { commands, join } = createWorld()
    const { idempotency, link } = join()
    const refuse = link.every('compareAndSet', 'refused')
    const execution = await started(idempotency)
    await expect(execution.markSuccess({ paid: true })).rejects.toMatchObject(unconfirmed)
    refuse()
    commands.length = 0
    await expect(execution.markFailure(new Error('caught'))).rejects.toMatchObject(unconfirmed)
    await expect(execution.release()).rejects.toMatchObject(unconfirmed)
    await execution[Symbol.asyncDispose]()
    expect(commands).toEqual([])
  })

  it('can be tried again', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    link.once('compareAndSet', 'refused')
    const execution = await started(idempotency)
    await expect(execution.markSuccess({ paid: true })).rejects.toMatchObject(unconfirmed)
    await execution.markSuccess({ paid: true })
    expect(await idempotency.begin('job', 'k')).toMatchObject({ status: 'replayed', result: { paid: true } })
  })

  it('is that when the place for large results fails', async () => {
    const { join } = createWorld()
    const references = {
      save: async () => Promise.reject(new Error('disk full')),
      load: async () => undefined,
    }
    const options = { onResultTooLarge: 'reference', references, maxResultBytes: 5 } as const
    const run = join().idempotency.run('job', 'k', options, () => ({ paid: true }))
    await expect(run).rejects.toMatchObject({ ...unconfirmed, cause: { message: 'disk full' } })
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'executing' })
  })
})

describe('a result that cannot be kept', () => {
  const large = 'x'.repeat(100)
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic

  it.each([
    ['too large', large, 'too-large'],
    ['a function', { f: () => 1 }, 'unserializable'],
    ['a cycle', cyclic, 'unserializable'],
    ['an instance', new URL('http://localhost'), 'unserializable'],
  ])('is a tombstone: %s', async (_, result, resultOmitted) => {
    const { join } = createWorld()
    const { idempotency } = join({ maxResultBytes: 50 })
    expect(await idempotency.run('job', 'k', () => result)).toMatchObject({ status: 'executed', result })
    await expect(join().idempotency.run('job', 'k', () => 'again')).rejects.toMatchObject({
      code: 'RESULT_NOT_STORED',
      snapshot: { status: 'completed', resultOmitted },
    })
    expect(await join().idempotency.begin('job', 'k')).toMatchObject({
      status: 'replayed',
      result: undefined,
      snapshot: { resultOmitted },
    })
    expect(await join().idempotency.tryStartExecution('job', 'k')).toBeNull()
  })

  it('is a tombstone when it is said to be a stream', async () => {
    const { join } = createWorld()
    const execution = await started(join().idempotency)
    await execution.markSuccess(undefined, { omitted: 'stream' })
    expect(await join().idempotency.begin('job', 'k')).toMatchObject({
      status: 'replayed',
      snapshot: { resultOmitted: 'stream' },
    })
  })

  it('counts bytes, and the limit itself is allowed', async () => {
    const { join } = createWorld()
    const { idempotency } = join({ maxResultBytes: 12 })
    const omitted = async (key: string, result: string): Promise<unknown> => {
      await idempotency.run('job', key, () => result)
      return (await idempotency.getExecutionStatus('job', key))?.resultOmitted
    }
    expect(await omitted('a', 'ééééé')).toBeNull()
    expect(await omitted('b', 'éééééx')).toBe('too-large')
  })

  it.each([
    ['too large', large, { code: 'RESULT_TOO_LARGE' }],
    ['unserializable', () => 1, { name: 'TypeError' }],
  ])('fails the execution finally when the policy is to throw: %s', async (_, result, error) => {
    const { join } = createWorld()
    const { idempotency } = join({ maxResultBytes: 50, onResultTooLarge: 'throw' })
    await expect(idempotency.run('job', 'k', () => result)).rejects.toMatchObject(error)
    await expect(join().idempotency.run('job', 'k', () => 'again')).rejects.toMatchObject(error)
  })

  it('is kept elsewhere, and loaded from there', async () => {
    const { join } = createWorld()
    const files = new Map<string, unknown>()
    const references = {
      save: async (result: unknown) => {
        files.set(`file-${files.size}`, result)
        return `file-${files.size - 1}`
      },
      load: async (reference: string) => files.get(reference),
    }
    const options = { maxResultBytes: 50, onResultTooLarge: 'reference', references } as const
    const body = (): string => large
    expect(await join(options).idempotency.run('job', 'k', body)).toMatchObject({ result: large })
    expect(await join(options).idempotency.run('job', 'k', body)).toMatchObject({
      status: 'replayed',
      result: large,
    })
    expect((await join().idempotency.getExecutionStatus('job', 'k'))?.result).toBe('file-0')
    await expect(join().idempotency.run('job', 'k', body)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('references'),
    })
    expect(await join(options).idempotency.run('job', 'small', () => 1)).toMatchObject({ result: 1 })
    expect(files.size).toBe(1)
  })

  it('in the eyes of another codec is unreadable, and hides nothing else', async () => {
    const { join } = createWorld()
    const rot13 = {
      encode: (value: unknown) => `rot:${JSON.stringify(value)}`,
      decode: (data: string) => JSON.parse(data.slice(4)) as unknown,
    }
    const { idempotency } = join({ codec: rot13 })
    await idempotency.run('job', 'k', () => 1)
    const running = await started(idempotency).catch(() => undefined)
    expect(running).toBeUndefined()
    const other = join().idempotency
    await other.run('job', 'plain', () => 2)
    const { executions } = await other.list('job')
    expect(executions.map(({ jobKey, result, resultOmitted }) => [jobKey, result, resultOmitted])).toEqual([
      ['k', undefined, 'unreadable'],
      ['plain', 2, null],
    ])
    await expect(other.run('job', 'k', () => 3)).rejects.toMatchObject({ code: 'RESULT_NOT_STORED' })
    expect((await idempotency.getExecutionStatus('job', 'k'))?.result).toBe(1)
  })
})

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

  it('of a body that has ended its execution itself is the caller’s alone', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const run = idempotency.run('job', 'k', async (execution) => {
      await execution.markSuccess('kept')
      throw new Error('afterwards')
    })
    await expect(run).rejects.toThrow('afterwards')
    expect(await idempotency.run('job', 'k', () => 1)).toMatchObject({ status: 'replayed', result: 'kept' })
    await idempotency.run('job', 'other', async (execution) => execution.release())
    expect(await idempotency.getExecutionStatus('job', 'other')).toMatchObject({ released: true })
  })
})

describe('the window', () => {
  it('ends to the millisecond of the storage’s clock', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ completedWindowMs: 5_000 })
    await idempotency.run('job', 'k', () => 1)
    await runtime.advance(4_999)
    expect(await idempotency.tryStartExecution('job', 'k')).toBeNull()
    await runtime.advance(1)
    expect(await idempotency.tryStartExecution('job', 'k')).not.toBeNull()
  })

  it('may be of every call’s own choosing, a day for example', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const day = { completedWindowMs: 86_400_000 }
    await idempotency.run('job', 'k', day, () => 1)
    await runtime.advance(86_399_999)
    expect((await idempotency.run('job', 'k', day, () => 2)).status).toBe('replayed')
    await runtime.advance(1)
    expect((await idempotency.run('job', 'k', day, () => 2)).status).toBe('executed')
  })

  it('leaves the completion to be seen after it, until it is kept no longer', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join({ completedRetentionMs: 3_600_000 })
    await idempotency.run('job', 'k', () => 1)
    await runtime.advance(3_599_999)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'completed' })
    await runtime.advance(1)
    expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
  })
})

describe('a fingerprint', () => {
  it('refuses the key with other input in every state, and writes nothing', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency } = join()
    const other = join().idempotency
    await other.begin('job', 'warm-up')
    const mismatch = async (): Promise<void> => {
      const before = await idempotency.getExecutionStatus('job', 'k')
      commands.length = 0
      const options = { fingerprint: { amount: 2 }, onInProgress: 'wait' } as const
      expect((await other.begin('job', 'k', options)).status).toBe('mismatch')
      await expect(other.run('job', 'k', options, () => 1)).rejects.toMatchObject({
        code: 'FINGERPRINT_MISMATCH',
      })
      await expect(other.tryStartExecution('job', 'k', options)).rejects.toMatchObject({
        code: 'FINGERPRINT_MISMATCH',
      })
      expect(commands.every((command) => command === 'createOrRead k')).toBe(true)
      const after = await idempotency.getExecutionStatus('job', 'k')
      expect({ ...after, leaseRemainingMs: 0 }).toEqual({ ...before, leaseRemainingMs: 0 })
    }
    const fingerprint = { amount: 1 }
    const first = await started(idempotency, { fingerprint, leaseMs: 1_000 })
    await mismatch()
    await first.markFailure(new Error('x'))
    await mismatch()
    const second = await started(idempotency, { fingerprint })
    await second.release()
    await mismatch()
    const third = await started(idempotency, { fingerprint })
    await third.markSuccess(1)
    await mismatch()
    await runtime.advance(600_000)
    await mismatch()
    expect((await idempotency.begin('job', 'k', { fingerprint })).status).toBe('started')
  })
})
