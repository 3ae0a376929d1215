import { describe, expect, it } from 'vitest'
import type { ExecutionSnapshot } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

const never = (): never => {
  throw new Error('this body must not run')
}

describe("onInProgress 'wait' without a limit", () => {
  it('shows the progress of the running one, each state once, and has its result', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { progressIntervalMs: 0, leaseMs: 600_000 })
    const seen: number[] = []
    const onProgress = ({ progressPercentage }: ExecutionSnapshot): void => void seen.push(progressPercentage)
    const run = watched(
      join().idempotency.run('job', 'k', { onInProgress: 'wait', waitMs: Infinity, onProgress }, never),
    )
    await settle()
    for (const percentage of [20, 40, 60]) {
      await execution.updateProgress(percentage)
      await runtime.advance(5_000)
    }
    await execution.markSuccess('r')
    await settle()
    expect(run.value).toMatchObject({ result: 'r' })
    expect(seen).toEqual([0, 20, 40, 60])
  })

  it.each([
    ['the same process', true],
    ['another process', false],
  ])('a throwing onProgress hurts no other caller: %s', async (_, same) => {
    const { join } = createWorld()
    const owner = join().idempotency
    const waiters = same ? owner : join().idempotency
    const execution = await started(owner, { progressIntervalMs: 0 })
    const bad = watched(
      waiters.run(
        'job',
        'k',
        {
          onInProgress: 'wait',
          waitMs: Infinity,
          onProgress: ({ progressPercentage: p }) => p > 0 && never(),
        },
        never,
      ),
    )
    const good = watched(waiters.run('job', 'k', { onInProgress: 'wait', waitMs: Infinity }, never))
    await settle()
    await execution.updateProgress(50)
    await settle()
    expect(bad.error).toMatchObject({ message: 'this body must not run' })
    await execution.markSuccess('r')
    await settle()
    expect(good.value).toMatchObject({ result: 'r' })
  })
})

describe('a wait', () => {
  it.each([
    ['the controller', new AbortController()],
    ['an empty object', {}],
    ['null', null],
    ['a text', 'signal'],
  ])('refuses a wrong signal at the call: %s', async (_, wrong) => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    const timers = runtime.timers
    const signal = wrong as unknown as AbortSignal
    const options = { onInProgress: 'wait', waitMs: Infinity, signal } as const
    const refused = {
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^signal must be an AbortSignal; got /) as string,
    }
    await expect(idempotency.run('job', 'k', options, never)).rejects.toMatchObject(refused)
    await expect(idempotency.begin('job', 'k', options)).rejects.toMatchObject(refused)
    await expect(idempotency.waitForCompletion('job', 'k', { signal })).rejects.toMatchObject(refused)
    expect(() => idempotency.watch('job', 'k', { signal })).toThrow(expect.objectContaining(refused))
    expect([link.subscriptions, runtime.timers]).toEqual([0, timers])
  })

  it('refuses an onProgress that is no function, and outlives one whose promise rejects', async () => {
    const { join } = createWorld()
    const execution = await started(join().idempotency)
    const { idempotency } = join()
    const text = 'log' as unknown as () => void
    await expect(
      idempotency.run('job', 'k', { onInProgress: 'wait', waitMs: Infinity, onProgress: text }, never),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      let shown = 0
      const onProgress = async (): Promise<void> => {
        shown += 1
        throw new Error('the log is down')
      }
      const run = watched(
        idempotency.run('job', 'k', { onInProgress: 'wait', waitMs: Infinity, onProgress }, never),
      )
      await settle()
      await new Promise((resolve) => setImmediate(resolve))
      await execution.markSuccess('r')
      await settle()
      expect([shown, run.value?.result, unhandled]).toEqual([1, 'r', []])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})
