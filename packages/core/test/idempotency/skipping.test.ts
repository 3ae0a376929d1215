import { describe, expect, it } from 'vitest'
import { createWorld, started } from './world.ts'

const skip = { onInProgress: 'skip' } as const

const never = (): never => {
  throw new Error('this body must not run')
}

describe("onInProgress 'skip'", () => {
  it('answers with a value while the job runs elsewhere, or here', async () => {
    const { join } = createWorld()
    const owner = join({ instance: 'owner' }).idempotency
    const { executionId } = await started(owner)
    for (const idempotency of [join().idempotency, owner]) {
      const skipped = await idempotency.run('job', 'k', skip, never)
      expect(skipped).toMatchObject({ status: 'skipped', snapshot: { executionId, instance: 'owner' } })
    }
  })

  it('runs a job that no process runs, and replays a completed one', async () => {
    const { idempotency } = createWorld().join()
    expect(await idempotency.run('job', 'k', skip, () => 1)).toMatchObject({ status: 'executed', result: 1 })
    expect(await idempotency.run('job', 'k', skip, never)).toMatchObject({ status: 'replayed', result: 1 })
  })

  it('takes over what is stalled', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: 1_000 })
    dead.link.blackHole = true
    await runtime.advance(1_000)
    const run = await join().idempotency.run('job', 'k', skip, ({ attempt }) => attempt)
    expect(run).toMatchObject({ status: 'executed', result: 2 })
  })

  it('is the same for a defined job', async () => {
    const { join } = createWorld()
    const define = (idempotency: ReturnType<typeof join>['idempotency']) =>
      idempotency.define<string>('job', { key: (input) => input })
    await started(join().idempotency)
    expect(await define(join().idempotency).run('k', skip, never)).toMatchObject({ status: 'skipped' })
  })

  it('does not affect begin and tryStartExecution, which return it as a value anyway', async () => {
    const { join } = createWorld()
    await started(join().idempotency)
    const { idempotency } = join()
    expect(await idempotency.begin('job', 'k', skip)).toMatchObject({ status: 'inProgress' })
    expect(await idempotency.tryStartExecution('job', 'k', skip)).toBeNull()
  })

  it('is refused where no caller of run could expect its answer', () => {
    const { join } = createWorld()
    const options = skip as unknown as { onInProgress: 'reject' }
    expect(() => join(options)).toThrow(/onInProgress: 'skip' belongs to a call/)
    const define = (): unknown => join().idempotency.define<string>('job', { ...options, key: (k) => k })
    expect(define).toThrow(/onInProgress: 'skip' belongs to a call/)
  })
})
