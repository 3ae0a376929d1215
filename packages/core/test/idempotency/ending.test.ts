import { describe, expect, it } from 'vitest'
import type { ExecutionContext } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

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
    expect(commands.splice(0)[0]).toBe('replace k')
    expect(await other.run('job', 'k', () => 'never')).toMatchObject({
      status: 'replayed',
      result: { a: 1 },
      attempt: 1,
      executionId: execution.executionId,
    })
    expect(commands).toEqual(['create k'])
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
      link.once('replace', 'broken')
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
    expect(commands.filter((command) => command.startsWith('replace'))).toEqual([])
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'executing',
      stalled: true,
    })
    // One refusal, not two: nothing else was tried.
    await idempotency.forget('job', 'k')
    link.once('replace', 'refused')
    const refused = idempotency.run('job', 'k', () => ({ paid: true }))
    await expect(refused).rejects.toMatchObject(unconfirmed)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'executing' })
  })

  it('is CompletionUnconfirmedError also when the storage refuses, and the lease expires', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const refuse = link.every('replace', 'refused')
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

  it('is not turned into a failure by a body that catches the error, nor by disposal', async () => {
    const { commands, join } = createWorld()
    const { idempotency, link } = join()
    const refuse = link.every('replace', 'refused')
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
    link.once('replace', 'refused')
    const execution = await started(idempotency)
    await expect(execution.markSuccess({ paid: true })).rejects.toMatchObject(unconfirmed)
    await execution.markSuccess({ paid: true })
    expect(await idempotency.begin('job', 'k')).toMatchObject({ status: 'replayed', result: { paid: true } })
  })

  it('is CompletionUnconfirmedError when the store for large results fails', async () => {
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

describe('the window', () => {
  // The storage shows whole milliseconds: how far the completion was into its own, no stamp says.
  it.each([0, 0.04, 0.5, 0.99])(
    'is over with the next millisecond, never before (%d ms into one)',
    async (intoMs) => {
      const { runtime, join } = createWorld()
      const { idempotency } = join({ completedWindowMs: 5_000 })
      await runtime.advance(intoMs)
      await idempotency.run('job', 'k', () => 1)
      await runtime.advance(5_000 - intoMs)
      expect(await idempotency.tryStartExecution('job', 'k')).toBeNull()
      await runtime.advance(0.99)
      expect(await idempotency.tryStartExecution('job', 'k')).toBeNull()
      await runtime.advance(0.02)
      expect(await idempotency.tryStartExecution('job', 'k')).not.toBeNull()
    },
  )

  it.each([0, 0.04, 0.5, 0.99])(
    'is not cut short where nothing is kept for longer (%d ms into one)',
    async (intoMs) => {
      const { runtime, join } = createWorld()
      const { idempotency } = join({ completedWindowMs: 5_000, completedRetentionMs: 1 })
      await runtime.advance(intoMs)
      await idempotency.run('job', 'k', () => 1)
      await runtime.advance(4_999.99)
      expect(await idempotency.tryStartExecution('job', 'k')).toBeNull()
      await runtime.advance(0.02)
      expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
      expect(await idempotency.tryStartExecution('job', 'k')).not.toBeNull()
    },
  )

  it('may differ for every call, a day for example', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const day = { completedWindowMs: 86_400_000 }
    await idempotency.run('job', 'k', day, () => 1)
    await runtime.advance(86_399_999)
    expect((await idempotency.run('job', 'k', day, () => 2)).status).toBe('replayed')
    await runtime.advance(1)
    expect((await idempotency.run('job', 'k', day, () => 2)).status).toBe('executed')
  })

  it('keeps the completion visible after it, until its retention ends', async () => {
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
      expect(commands.every((command) => command === 'create k')).toBe(true)
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
