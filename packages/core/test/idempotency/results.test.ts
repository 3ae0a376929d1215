import { describe, expect, it } from 'vitest'
import type { Codec } from '@holdfast/core'
import { createWorld, started } from './world.ts'

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

  it.each<[string, unknown, string]>([
    [
      'the place of an instance',
      { user: { site: new URL('http://localhost') } },
      'result.user.site is an instance of URL',
    ],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('not now')
        },
      },
      'not now',
    ],
    ['how large it was', large, '102 bytes'],
  ])('says why: %s', async (_, result, why) => {
    const { join } = createWorld()
    const { idempotency } = join({ maxResultBytes: 50 })
    await idempotency.run('job', 'k', () => result)
    const resultProblem = expect.stringContaining(why) as string
    await expect(join().idempotency.run('job', 'k', () => 'again')).rejects.toMatchObject({
      code: 'RESULT_NOT_STORED',
      message: expect.stringMatching(
        /^job k completed, but its result was not stored \([a-z-]+\): .+\. The job does not run again\. .*forget\(\)/,
      ) as string,
      snapshot: { resultProblem },
    })
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({ resultProblem })
  })

  it('keeps no more of what the codec said than people read', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    await idempotency.run('job', 'k', () => ({ ['x'.repeat(10_000)]: () => 1 }))
    const { resultProblem } = (await idempotency.getExecutionStatus('job', 'k')) ?? {}
    expect(resultProblem).toHaveLength(1_025)
    await idempotency.run('job', 'fine', () => 1)
    expect(await idempotency.getExecutionStatus('job', 'fine')).toMatchObject({ resultProblem: null })
  })

  it.each<[string, (value?: string) => unknown, string | undefined]>([
    ['undefined, as JSON.stringify does of undefined', JSON.stringify, undefined],
    ['a promise', async (value) => value, 'r'],
    ['bytes', (value = '') => Buffer.from(value), 'r'],
  ])('is a tombstone when the codec makes no text of it, but %s', async (_, encode, result) => {
    const { join } = createWorld()
    const { idempotency } = join({ codec: { encode, decode: JSON.parse } as Codec })
    expect(await idempotency.run('job', 'k', () => result)).toMatchObject({ status: 'executed', result })
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'completed',
      resultOmitted: 'unserializable',
    })
    const execution = await started(idempotency, {}, 'other')
    await expect(execution.saveCheckpoint(result)).rejects.toThrow(/codec.encode\(\) must return a string/)
  })

  it('is named as what it is: a checkpoint is no result', async () => {
    const { join } = createWorld()
    const execution = await started(join().idempotency)
    await expect(execution.saveCheckpoint({ next: () => 1 })).rejects.toThrow(
      /^checkpoint\.next is a function/,
    )
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

  it.each([undefined, null, 5, {}])(
    'leaves the success unconfirmed when what to find it by is no string: %s',
    async (reference) => {
      const { join } = createWorld()
      const references = { save: async () => reference as unknown as string, load: async () => undefined }
      const { idempotency } = join({ maxResultBytes: 50, onResultTooLarge: 'reference', references })
      await expect(idempotency.run('job', 'k', () => large)).rejects.toMatchObject({
        code: 'COMPLETION_UNCONFIRMED',
        result: large,
        cause: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('references.save') as string },
      })
    },
  )

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
    await expect(other.run('job', 'k', () => 3)).rejects.toMatchObject({
      code: 'RESULT_NOT_STORED',
      message: expect.stringMatching(
        /^job k completed, but its result cannot be read with this codec: .*JSON.*\. The job does not run again\. Read it with the codec that wrote it, or call forget\(\)/,
      ) as string,
      cause: expect.any(SyntaxError) as SyntaxError,
      snapshot: { resultProblem: expect.stringContaining('JSON') as string },
    })
    expect((await idempotency.getExecutionStatus('job', 'k'))?.result).toBe(1)
  })
})
