import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, started } from './world.ts'

const never = (): never => {
  throw new Error('this body must not run')
}

describe('no matter which timer or reply triggers the call', () => {
  it('listeners of a signal run in the context of their body, and an execution that they start is its child', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const request = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const [first, second] = [gate(), gate()]
    const patient = request.run('patient', () =>
      idempotency.run('job', 'patient', { timeoutMs: 2_000 }, async ({ signal, executionId }) => {
        const told = gate()
        signal.addEventListener('abort', () => {
          seen.push(request.getStore())
          void idempotency.begin('job', 'child').then(() => told.open())
        })
        await told.promise
        seen.push((await idempotency.getExecutionStatus('job', 'child'))?.parentExecutionId === executionId)
        first.open()
      }),
    )
    await settle()
    // The timer that rings for both is set in the context of this one.
    const hasty = request.run('hasty', () =>
      idempotency.run('job', 'hasty', { timeoutMs: 1_000 }, () => second.promise),
    )
    await settle()
    await runtime.advance(2_000)
    await first.promise
    second.open()
    await Promise.all([patient, hasty])
    expect(seen).toEqual(['patient', true])
  })

  it('onProgress is called in the context of its caller', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency)
    const { idempotency } = join()
    const request = new AsyncLocalStorage<string>()
    const seen: string[] = []
    const attach = (caller: string): Promise<unknown> =>
      request.run(caller, () =>
        idempotency.run(
          'job',
          'k',
          {
            onInProgress: 'wait',
            waitMs: Infinity,
            onProgress: () => void seen.push(`${caller}: ${request.getStore()}`),
          },
          never,
        ),
      )
    const attached = [attach('one')]
    await settle()
    attached.push(attach('two'))
    await settle()
    await execution.updateProgress(50)
    await runtime.advance(1_000)
    await execution.markSuccess('r')
    await Promise.all(attached)
    expect(new Set(seen)).toEqual(new Set(['one: one', 'two: two']))
    expect(seen.length).toBeGreaterThan(3)
  })
})
