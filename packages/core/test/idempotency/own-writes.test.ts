import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, started, watched } from './world.ts'

describe("this process's own writes count at once", () => {
  it.each(['reject', 'wait'] as const)(
    'a job that was forgotten here can be started here: onInProgress %s',
    async (onInProgress) => {
      const { join } = createWorld()
      const { idempotency } = join()
      const first = await started(idempotency)
      expect(await idempotency.forget('job', 'k')).toBe(true)
      expect(first.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
      const run = await idempotency.run('job', 'k', { onInProgress }, () => 'again')
      expect(run).toMatchObject({ status: 'executed', result: 'again', attempt: 1 })
      await expect(first.markSuccess('too late')).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ result: 'again' })
    },
  )

  it('an execution forgotten before its claim was answered does not run, and does not answer another start', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    // The storage's time is known then.
    await idempotency.run('job', 'warm-up', () => 0)
    let answer: (() => void) | undefined
    link.once('create', { answered: (now) => (answer = now) })
    const done = gate<string>()
    const first = watched(
      idempotency.run('job', 'k', ({ executionId }) => done.promise.then(() => executionId)),
    )
    await settle()
    const { executionId: removed } = (await idempotency.getExecutionStatus('job', 'k')) ?? {}
    expect(await idempotency.forget('job', 'k')).toBe(true)
    const second = watched(idempotency.run('job', 'k', { onInProgress: 'wait' }, () => 'not run'))
    answer?.()
    await settle()
    done.open('')
    await settle()
    expect(first.value).toMatchObject({ status: 'executed', attempt: 1 })
    expect(first.value?.executionId).not.toBe(removed)
    expect(second.value).toMatchObject({ status: 'replayed', result: first.value?.executionId })
  })

  it('an execution started after the removal continues, no matter how late the answer arrives', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    const first = await started(idempotency)
    let answer: (() => void) | undefined
    link.once('compareAndDelete', { answered: (now) => (answer = now) })
    const forgotten = idempotency.forget('job', 'k')
    await settle()
    // The owner finds out by itself, and the job is started here again, before the answer is there.
    await expect(first.saveCheckpoint(1)).rejects.toMatchObject({ code: 'LEASE_LOST' })
    const again = await started(idempotency)
    answer?.()
    expect(await forgotten).toBe(true)
    expect(again.signal.aborted).toBe(false)
    await again.markSuccess(1)
  })

  it('a request to cancel aborts the signal of an owner in this process when it resolves', async () => {
    const { commands, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    expect(await idempotency.requestCancel('job', 'k', { reason: 'enough' })).toBe(true)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'enough' })
    const begun = await idempotency.begin('job', 'k')
    expect(begun).toMatchObject({ status: 'inProgress', snapshot: { cancelRequested: 'enough' } })
    commands.length = 0
    await execution.markFailure(execution.signal.reason)
    expect(commands).toEqual(['replace k'])
  })

  it('a watcher in this process sees the request', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    await started(idempotency)
    const seen: unknown[] = []
    void (async () => {
      for await (const { cancelRequested } of idempotency.watch('job', 'k')) seen.push(cancelRequested)
    })()
    await settle()
    await idempotency.requestCancel('job', 'k', { reason: 'enough' })
    await settle()
    expect(seen).toEqual([null, 'enough'])
  })

  it('this process does not take over from its own live owner, no matter how it estimates the storage’s clock', async () => {
    const { join, stepStorage } = createWorld()
    const { idempotency } = join()
    const owner = await started(idempotency)
    // This process learns a time that is ahead: the clock is set back afterwards, as by a failover.
    stepStorage(35_000)
    await idempotency.run('job', 'other', () => 0)
    stepStorage(-6_000)
    // The request leaves the lease as long as it is stored: one second of thirty.
    expect(await idempotency.requestCancel('job', 'k')).toBe(true)
    expect((await idempotency.getExecutionStatus('job', 'k'))?.leaseRemainingMs).toBe(1_000)
    expect(await idempotency.begin('job', 'k')).toMatchObject({ status: 'inProgress' })
    await owner.markSuccess('done')
  })
})
