import { AsyncResource } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, watched } from './world.ts'

describe('nested executions', () => {
  it('are linked: the snapshot of the child names its parent', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const parent = await idempotency.run('outer', 'k', async () => {
      await idempotency.run('inner', 'k', async () => idempotency.run('innermost', 'k', () => 1))
    })
    const outer = await idempotency.getExecutionStatus('outer', 'k')
    const inner = await idempotency.getExecutionStatus('inner', 'k')
    const innermost = await idempotency.getExecutionStatus('innermost', 'k')
    expect(outer?.parentExecutionId).toBeNull()
    expect(inner?.parentExecutionId).toBe(parent.executionId)
    expect(innermost?.parentExecutionId).toBe(inner?.executionId)
  })

  it('are not linked to an execution started with tryStartExecution', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    await idempotency.begin('outer', 'k')
    await idempotency.run('inner', 'k', () => 1)
    expect((await idempotency.getExecutionStatus('inner', 'k'))?.parentExecutionId).toBeNull()
  })

  it('that would wait for their own ancestor are refused', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const inner = async (onInProgress: 'wait' | 'reject', waitMs?: number): Promise<unknown> =>
      idempotency.run('inner', `${onInProgress} ${waitMs}`, () =>
        idempotency.run('outer', 'k', { onInProgress, waitMs }, () => 1),
      )
    await idempotency.run('outer', 'k', async () => {
      await expect(inner('wait')).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
      await expect(inner('wait', Infinity)).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
      await expect(inner('reject')).rejects.toMatchObject({ code: 'EXECUTION_IN_PROGRESS' })
    })
  })

  it('may wait for a job that only has the same name elsewhere, or that another process owns by now', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const otherWorld = createWorld()
    // Ids are only unguessable in the real world: here they would be the same in both.
    for (let i = 0; i < 100; i += 1) otherWorld.runtime.randomId()
    const elsewhere = otherWorld.join().idempotency
    const other = await elsewhere.tryStartExecution('job', 'k')
    const resume = gate()
    const run = watched(
      idempotency.run('job', 'k', { leaseMs: 1_000 }, async () => {
        const waiting = elsewhere.run('job', 'k', { onInProgress: 'wait' }, () => 'mine')
        await settle()
        await other?.markSuccess('theirs')
        expect(await waiting).toMatchObject({ result: 'theirs' })
        await resume.promise
        const successor = await idempotency.run('job', 'k', { onInProgress: 'wait' }, () => 'mine')
        expect(successor.result).toBe('successor')
      }),
    )
    await settle()
    link.blackHole = true
    await runtime.advance(1_500)
    link.blackHole = false
    const taken = await join().idempotency.tryStartExecution('job', 'k')
    resume.open()
    await settle()
    await taken?.markSuccess('successor')
    await runtime.advance(2_100)
    expect(run.error).toMatchObject({ code: 'LEASE_LOST', current: { result: 'successor' } })
  })

  it('do not take an execution for an ancestor outside of its body', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const outside = new AsyncResource('outside')
    const done = gate()
    const run = watched(idempotency.run('job', 'k', () => done.promise))
    await settle()
    const waiting = watched(
      outside.runInAsyncScope(() => idempotency.run('job', 'k', { onInProgress: 'wait' }, () => 1)),
    )
    await settle()
    done.open()
    await settle()
    expect([run.state, waiting.value?.status]).toEqual(['resolved', 'replayed'])
  })
})
