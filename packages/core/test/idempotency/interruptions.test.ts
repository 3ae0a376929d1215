import { EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createWorld, started, watched } from './world.ts'

const lost = { code: 'LEASE_LOST' }

describe('requestCancel', () => {
  it("aborts the owner's signal at its next renewal, and is shown", async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    const { idempotency } = join()
    expect(await idempotency.requestCancel('job', 'k', { reason: 'wrong input' })).toBe(true)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ cancelRequested: 'wrong input' })
    await runtime.advance(1_100)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'wrong input' })
    // It is still the owner, and can save what it has.
    await execution.saveCheckpoint(5)
    await execution.markFailure(execution.signal.reason)
    expect((await started(idempotency)).checkpoint).toBe(5)
  })

  it('reaches an owner in the same process at once', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    await idempotency.requestCancel('job', 'k')
    await runtime.advance(1)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED' })
  })

  it("is what `run` rejects with, and what is recorded, where the body passes on the AbortError of Node's functions", async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const run = watched(
      idempotency.run('job', 'k', async ({ signal }) => await once(new EventEmitter(), 'never', { signal })),
    )
    await runtime.advance(1)
    await idempotency.requestCancel('job', 'k', { reason: 'wrong input' })
    await runtime.advance(1)
    expect(run.error).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'wrong input' })
    const { error } = (await idempotency.getExecutionStatus('job', 'k')) ?? {}
    expect(error).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'wrong input' })
  })

  it('is not what `run` rejects with where the body was aborted by something else', async () => {
    const { idempotency } = createWorld().join()
    const run = idempotency.run('job', 'k', async () => {
      await once(new EventEmitter(), 'never', { signal: AbortSignal.abort(new Error('the caller left')) })
    })
    await expect(run).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'the caller left' } })
  })

  it('does not keep a dead owner alive, no matter how often it is called', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: 1_000 })
    dead.link.blackHole = true
    const { idempotency } = join()
    const asked: boolean[] = []
    for (let i = 0; i < 5; i += 1) {
      asked.push(await idempotency.requestCancel('job', 'k'))
      await runtime.advance(300)
    }
    expect(asked).toEqual([true, true, true, true, true])
    expect((await started(idempotency)).attempt).toBe(2)
  })

  it('is for the job: a process that takes over gets the request as well', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    const execution = await started(dead.idempotency, { leaseMs: 1_000 })
    await execution.saveCheckpoint('half')
    dead.link.blackHole = true
    const { idempotency } = join()
    expect(await idempotency.requestCancel('job', 'k', { reason: 'wrong input' })).toBe(true)
    await runtime.advance(1_000)
    const bodies: unknown[] = []
    const run = idempotency.run('job', 'k', ({ attempt, checkpoint, signal }) => {
      bodies.push([attempt, checkpoint])
      signal.throwIfAborted()
    })
    await expect(run).rejects.toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'wrong input' })
    // It had its chance to tidy up.
    expect(bodies).toEqual([[2, 'half']])
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'failed',
      cancelRequested: 'wrong input',
    })
    // The cancellation is complete: a start from now on is deliberate.
    const next = await started(idempotency)
    expect([next.attempt, next.signal.aborted]).toEqual([3, false])
  })

  it.each(['before', 'after'] as const)(
    'finds the successor when it comes just %s the takeover',
    async (when) => {
      const { runtime, join } = createWorld()
      const dead = join()
      await started(dead.idempotency, { leaseMs: 1_000 })
      dead.link.blackHole = true
      const [one, operator] = [join(), join()]
      await runtime.advance(1_000)
      // Both have seen the stalled execution; one of them writes first.
      let write = (): void => {}
      const first = when === 'before' ? one : operator
      first.link.once('replace', { held: (execute) => (write = () => void execute()) })
      const taken = watched(started(one.idempotency, { leaseMs: 3_000 }))
      const asked = watched(operator.idempotency.requestCancel('job', 'k', { reason: 'enough' }))
      await runtime.advance(1)
      write()
      await runtime.advance(2_000)
      expect(asked.value).toBe(true)
      expect(taken.value?.attempt).toBe(2)
      expect(taken.value?.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'enough' })
    },
  )

  it('reaches the process that continues a released execution, before or after', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    for (const askFirst of [true, false]) {
      const key = `asked first: ${askFirst}`
      const execution = await started(join().idempotency, {}, key)
      if (askFirst) expect(await idempotency.requestCancel('job', key)).toBe(true)
      await execution.release()
      if (!askFirst) expect(await idempotency.requestCancel('job', key)).toBe(true)
      const status = await idempotency.getExecutionStatus('job', key)
      expect(status).toMatchObject({ released: true, cancelRequested: 'Cancelled on request.' })
      const next = await started(idempotency, {}, key)
      expect(next.attempt).toBe(1)
      expect(next.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED' })
    }
  })

  it('stops waiting callers as well: none of them starts the job again', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    const { idempotency } = join()
    const waiting = [join().idempotency, join().idempotency].map((other) =>
      watched(other.run('job', 'k', { onInProgress: 'wait' }, () => 'ran again')),
    )
    await runtime.advance(10)
    await idempotency.requestCancel('job', 'k', { reason: 'enough' })
    await runtime.advance(1_100)
    // As bodies do whose signal was given to something else, which has its own error for that.
    expect(execution.signal.aborted).toBe(true)
    await execution.markFailure(Object.assign(new Error('aborted'), { name: 'AbortError' }))
    await runtime.advance(10)
    for (const { error } of waiting) expect(error).toMatchObject({ name: 'AbortError' })
    expect((await started(idempotency)).attempt).toBe(2)
  })

  it('of a job that is not running returns false', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    expect(await idempotency.requestCancel('job', 'k')).toBe(false)
    await idempotency.run('job', 'k', () => 1)
    expect(await idempotency.requestCancel('job', 'k')).toBe(false)
    await (await started(idempotency, {}, 'failed')).markFailure(new Error('x'))
    expect(await idempotency.requestCancel('job', 'failed')).toBe(false)
  })

  it('does not undo what the owner writes at the same time, nor the other way round', async () => {
    const { join } = createWorld()
    const owner = join()
    const execution = await started(owner.idempotency, { progressIntervalMs: 0 })
    const asks = Array.from({ length: 5 }, (_, i) =>
      join().idempotency.requestCancel('job', 'k', { reason: `${i}` }),
    )
    await Promise.all([...asks, execution.updateProgress(30), execution.saveCheckpoint('c')])
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      progressPercentage: 30,
      checkpoint: 'c',
      cancelRequested: expect.any(String),
    })
  })
})

describe('forget, while it runs', () => {
  it('makes the owner lose its lease at the next write, and another process may start', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000 })
    const { idempotency } = join()
    expect(await idempotency.forget('job', 'k')).toBe(true)
    expect((await started(idempotency)).attempt).toBe(1)
    await runtime.advance(1_100)
    expect(execution.signal.reason).toMatchObject(lost)
    await expect(execution.markSuccess()).rejects.toMatchObject(lost)
    expect(await idempotency.isExecuting('job', 'k')).toBe(true)
  })

  it('reaches an owner in the same process at once, which may then start it again', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    await idempotency.forget('job', 'k')
    await runtime.advance(1)
    expect(execution.signal.reason).toMatchObject({ ...lost, current: null })
    expect((await started(idempotency)).executionId).not.toBe(execution.executionId)
  })

  it('of an absent record returns false', async () => {
    const { join } = createWorld()
    expect(await join().idempotency.forget('job', 'k')).toBe(false)
  })
})

describe('the timeout', () => {
  it('aborts the signal and ends the renewals: another process takes over from a body that ignores it', async () => {
    const { runtime, commands, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000, timeoutMs: 10_100 })
    await runtime.advance(10_099)
    expect(execution.signal.aborted).toBe(false)
    await runtime.advance(1)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    commands.length = 0
    await runtime.advance(3_000)
    expect(commands).toEqual([])
    expect((await started(join().idempotency)).attempt).toBe(2)
    await expect(execution.markSuccess()).rejects.toMatchObject(lost)
  })

  it('makes every method throw: progress does not keep the execution alive', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 3_000, timeoutMs: 5_000 })
    await runtime.advance(5_000)
    await expect(execution.updateProgress(50)).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    await expect(execution.extendTimeout(5_000)).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    // The body may save a checkpoint once; that does not resume renewals.
    await execution.saveCheckpoint('so far')
    await runtime.advance(3_000)
    expect((await started(join().idempotency)).checkpoint).toBe('so far')
  })

  it('that occurs during an extension rejects the extension', async () => {
    const { runtime, join } = createWorld()
    const { idempotency, link } = join()
    const execution = await started(idempotency, { timeoutMs: 1_000 })
    let answer = (): void => {}
    link.once('replace', { answered: (now) => (answer = now) })
    const extended = watched(execution.extendTimeout(5_000))
    await runtime.advance(1_500)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    answer()
    await runtime.advance(0)
    expect(extended.error).toMatchObject({ code: 'EXECUTION_TIMEOUT' })
  })

  it('is extended by the requested time, and the record says so', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { timeoutMs: 5_000 })
    await execution.extendTimeout(5_000)
    await execution.extendTimeout(5_000)
    await runtime.advance(14_999)
    expect(execution.signal.aborted).toBe(false)
    await runtime.advance(1)
    expect(execution.signal.aborted).toBe(true)
  })
})
