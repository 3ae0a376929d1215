import { describe, expect, it } from 'vitest'
import type { ExecutionContext } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

describe('waitForCompletion', () => {
  it('returns at once when the job is not running', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    expect(await idempotency.waitForCompletion('job', 'k')).toBeNull()
    await idempotency.run('job', 'k', () => 5)
    expect(await idempotency.waitForCompletion('job', 'k')).toMatchObject({ status: 'completed', result: 5 })
    expect(link.subscriptions).toBe(0)
  })

  it('waits for every kind of end, in this process or another', async () => {
    const { join } = createWorld()
    const owner = join().idempotency
    for (const waiter of [owner, join().idempotency]) {
      for (const [end, expected] of [
        [(e: ExecutionContext) => e.markSuccess(1), { status: 'completed' }],
        [(e: ExecutionContext) => e.markFailure(new Error('x')), { status: 'failed', errorMessage: 'x' }],
        [() => join().idempotency.forget('job', 'k'), null],
      ] as const) {
        await owner.forget('job', 'k')
        const execution = await started(owner)
        const waiting = watched(waiter.waitForCompletion('job', 'k'))
        await settle()
        expect(waiting.state).toBe('pending')
        await end(execution)
        if (waiter === owner && expected === null) await execution.updateProgress(1).catch(() => undefined)
        await settle()
        if (expected === null) expect(waiting.value).toBeNull()
        else expect(waiting.value).toMatchObject(expected)
      }
    }
  })

  it('keeps waiting when the execution was released: another process will continue it', async () => {
    const { join } = createWorld()
    for (const sameProcess of [true, false]) {
      const owner = join().idempotency
      const waiter = sameProcess ? owner : join().idempotency
      await owner.forget('job', 'k')
      const first = await started(owner)
      const waiting = watched(waiter.waitForCompletion('job', 'k'))
      await settle()
      await first.release()
      await settle()
      expect(waiting.state).toBe('pending')
      const second = await started(join().idempotency)
      await second.markSuccess('in the end')
      await settle()
      expect(waiting.value).toMatchObject({ status: 'completed', result: 'in the end' })
    }
  })

  it('reads again, no matter what another call of this process has read', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    link.deaf = true
    const iterator = idempotency.watch('job', 'k')[Symbol.asyncIterator]()
    void iterator.next()
    await settle()
    await join().idempotency.run('job', 'k', () => 5)
    expect(await idempotency.waitForCompletion('job', 'k')).toMatchObject({ result: 5 })
    await iterator.return?.()
  })

  it('does not use an answer from before its call', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    let answer: (() => void) | undefined
    link.once('read', { answered: (deliver) => (answer = deliver) })
    const iterator = idempotency.watch('job', 'k')[Symbol.asyncIterator]()
    void iterator.next()
    await settle()
    await join().idempotency.run('job', 'k', () => 5)
    const waiting = watched(idempotency.waitForCompletion('job', 'k'))
    answer?.()
    await settle()
    expect(waiting.value).toMatchObject({ result: 5 })
  })

  it('at its deadline says that it still runs, even with no time at all', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency)
    for (const waitMs of [0, 1_000]) {
      const waiting = watched(join().idempotency.waitForCompletion('job', 'k', { waitMs }))
      await runtime.advance(waitMs)
      await settle()
      expect(waiting.error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS' })
    }
  })

  it('at its deadline says that the storage is down', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency)
    const { idempotency, link } = join()
    const waiting = watched(idempotency.waitForCompletion('job', 'k', { waitMs: 5_000 }))
    await settle()
    link.blackHole = true
    await runtime.advance(7_000)
    expect(waiting.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  it('ends with the signal', async () => {
    const { join } = createWorld()
    await started(join().idempotency)
    const abort = new AbortController()
    const { idempotency, link } = join()
    const waiting = watched(idempotency.waitForCompletion('job', 'k', { signal: abort.signal }))
    await settle()
    abort.abort('stop')
    await settle()
    expect(waiting.error).toMatchObject({ code: 'WAIT_ABORTED', cause: 'stop' })
    expect(link.subscriptions).toBe(0)
  })
})
