import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, started, watched } from './world.ts'

const wait = { onInProgress: 'wait' } as const

const never = (): never => {
  throw new Error('this body must not run')
}

describe("onInProgress 'wait'", () => {
  it('gets the result of the running one, at the cost of five commands for any number of callers', async () => {
    const { commands, join } = createWorld()
    const [one, two] = [join().idempotency, join().idempotency]
    await Promise.all([one, two].map((idempotency) => idempotency.begin('job', 'warm-up')))
    await settle()
    commands.length = 0
    const done = gate<number>()
    const calls = Array.from({ length: 50 }, () =>
      [one, two].map((idempotency) => watched(idempotency.run('job', 'k', wait, () => done.promise))),
    ).flat()
    await settle()
    done.open(42)
    await settle()
    expect(calls.every(({ value }) => value?.result === 42)).toBe(true)
    expect(calls.filter(({ value }) => value?.status === 'executed')).toHaveLength(1)
    expect(commands).toEqual(['create k', 'create k', 'subscribe k', 'read k', 'replace k'])
  })

  it('joins existing waiters without sending a command', async () => {
    const { commands, join } = createWorld()
    const execution = await started(join().idempotency)
    const { idempotency } = join()
    const first = watched(idempotency.run('job', 'k', wait, never))
    await settle()
    commands.length = 0
    const others = Array.from({ length: 20 }, () => watched(idempotency.run('job', 'k', wait, never)))
    await settle()
    expect(commands).toEqual([])
    await execution.markSuccess('r')
    await settle()
    for (const { value } of [first, ...others])
      expect(value).toMatchObject({ status: 'replayed', result: 'r' })
  })

  it('notices an end before, during or after its subscription', async () => {
    for (const op of ['subscribe', 'read'] as const) {
      for (const before of [true, false]) {
        const { join } = createWorld()
        const execution = await started(join().idempotency)
        const { idempotency, link } = join()
        let arrive: (() => Promise<unknown>) | undefined
        link.once(op, { held: (execute) => (arrive = execute) })
        const call = watched(idempotency.run('job', 'k', wait, never))
        await settle()
        if (before) await execution.markSuccess('r')
        await arrive?.()
        if (!before) await execution.markSuccess('r')
        await settle()
        expect(call.value).toMatchObject({ status: 'replayed', result: 'r' })
      }
    }
  })

  it('needs no hint: it looks again after two seconds', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency)
    const { idempotency, link } = join()
    link.deaf = true
    const call = watched(idempotency.run('job', 'k', wait, never))
    await settle()
    await execution.markSuccess('r')
    await runtime.advance(2_000)
    expect(call.value).toMatchObject({ result: 'r' })
  })

  it.each(['refused', 'lost', 'broken'] as const)('needs no subscription: %s', async (fault) => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency)
    const { idempotency, link } = join()
    link.every('subscribe', fault)
    const call = watched(idempotency.run('job', 'k', wait, never))
    await settle()
    await execution.markSuccess('r')
    await runtime.advance(4_500)
    expect(call.value).toMatchObject({ result: 'r' })
  })

  it.each([
    ['before the connection is there', true],
    ['while subscriptions fail for a moment', false],
  ])('that begins %s, ends all the same', async (_, down) => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    if (down) link.set('down')
    else link.once('subscribe', 'failed')
    const waiting = watched(idempotency.waitForCompletion('job', 'k'))
    await runtime.advance(300)
    if (down) link.set('ready')
    await settle()
    expect(link.subscriptions).toBe(1)
    await execution.markSuccess('r')
    await settle()
    expect(waiting.value).toMatchObject({ result: 'r' })
  })

  it('leaves no subscription behind that came too late', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency)
    const { idempotency, link } = join()
    let arrive: (() => Promise<unknown>) | undefined
    link.once('subscribe', { held: (execute) => (arrive = execute) })
    const call = watched(idempotency.begin('job', 'k', { ...wait, waitMs: 5_000 }))
    await runtime.advance(5_000)
    expect(call.value?.status).toBe('inProgress')
    await arrive?.()
    await settle()
    expect(link.subscriptions).toBe(0)
  })

  it('ends at its deadline as in progress, and leaves nothing behind', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    const timers = runtime.timers
    const run = watched(idempotency.run('job', 'k', { ...wait, waitMs: 3_000 }, never))
    await runtime.advance(2_999)
    expect([run.state, link.subscriptions]).toEqual(['pending', 1])
    await runtime.advance(1)
    expect(run.error).toMatchObject({ code: 'EXECUTION_IN_PROGRESS', snapshot: { attempt: 1 } })
    expect([link.subscriptions, runtime.timers]).toEqual([0, timers])
  })

  it('ends with the signal, and leaves nothing behind', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    const timers = runtime.timers
    const abort = new AbortController()
    const { signal } = abort
    const run = watched(
      idempotency.run('job', 'k', { onInProgress: 'wait', waitMs: Infinity, signal }, never),
    )
    await settle()
    expect(link.subscriptions).toBe(1)
    abort.abort(new Error('enough'))
    await settle()
    expect(run.error).toMatchObject({ code: 'WAIT_ABORTED', cause: { message: 'enough' } })
    expect([link.subscriptions, runtime.timers]).toEqual([0, timers])
  })

  it('reads once more at its deadline: an outage not noticed before is not a job in progress', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    const run = watched(idempotency.run('job', 'k', { ...wait, waitMs: 3_000 }, never))
    await runtime.advance(100)
    link.blackHole = true
    await runtime.advance(20_000)
    expect(run.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  it('replays at its deadline a result for which no hint arrived', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    link.deaf = true
    const run = watched(idempotency.run('job', 'k', { ...wait, waitMs: 1_000 }, never))
    await runtime.advance(500)
    await execution.markSuccess('r')
    await runtime.advance(500)
    expect(run.value).toMatchObject({ status: 'replayed', result: 'r' })
  })

  it('reports at its deadline that the storage is down, not that the job is in progress', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    const run = watched(idempotency.run('job', 'k', { ...wait, waitMs: 10_000 }, never))
    await settle()
    link.blackHole = true
    await runtime.advance(10_000)
    expect(run.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  it('outlasts an outage', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    const run = watched(idempotency.run('job', 'k', { ...wait, waitMs: 60_000 }, never))
    await settle()
    link.set('down')
    await runtime.advance(10_000)
    await execution.markSuccess('r')
    link.set('ready')
    await runtime.advance(2_000)
    expect(run.value).toMatchObject({ result: 'r' })
  })

  it('one of the waiters runs the job when the running one fails', async () => {
    const { join } = createWorld()
    const execution = await started(join().idempotency)
    let runs = 0
    const calls = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? join().idempotency : undefined))
      .filter((idempotency) => idempotency !== undefined)
      .flatMap((idempotency) =>
        [1, 2].map(() => watched(idempotency.run('job', 'k', wait, async () => (runs += 1)))),
      )
    await settle()
    await execution.markFailure(new Error('first'))
    await settle()
    expect(runs).toBe(1)
    expect(calls.every(({ value }) => value?.result === 1)).toBe(true)
  })

  it('gets the failure when that is not to be run again', async () => {
    const { join } = createWorld()
    const execution = await started(join().idempotency)
    const replay = watched(join().idempotency.run('job', 'k', { ...wait, onFailed: 'replay' }, never))
    const rerun = watched(join().idempotency.run('job', 'k', wait, never))
    await settle()
    await execution.markFailure(new Error('final'), { final: true })
    await settle()
    expect([replay.error, rerun.error]).toMatchObject([{ message: 'final' }, { message: 'final' }])
  })

  it('takes over when the running one dies, at the end of its lease', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    const first = await started(dead.idempotency, { leaseMs: 5_000 })
    await first.saveCheckpoint('p')
    dead.link.blackHole = true
    const run = watched(
      join().idempotency.run('job', 'k', wait, (execution) => [execution.attempt, execution.checkpoint]),
    )
    await runtime.advance(4_999)
    expect(run.state).toBe('pending')
    await runtime.advance(15)
    expect(run.value).toMatchObject({ status: 'executed', result: [2, 'p'] })
  })

  it('starts at once when the running one is released or removed', async () => {
    for (const end of ['release', 'forget'] as const) {
      const { join } = createWorld()
      const owner = join()
      const execution = await started(owner.idempotency)
      const run = watched(join().idempotency.run('job', 'k', wait, ({ attempt }) => attempt))
      await settle()
      if (end === 'release') await execution.release()
      else await join().idempotency.forget('job', 'k')
      await settle()
      expect(run.value).toMatchObject({ status: 'executed', result: 1 })
    }
  })

  it('keeps waiting after a takeover by another process', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: 1_000 })
    const run = watched(join().idempotency.run('job', 'k', { ...wait, onStalled: 'reject' }, never))
    await settle()
    dead.link.blackHole = true
    await runtime.advance(1_500)
    const second = await started(join().idempotency)
    await runtime.advance(5_000)
    await second.markSuccess('second')
    await settle()
    expect(run.value).toMatchObject({ status: 'replayed', result: 'second', attempt: 2 })
  })

  it('ignores states older than the last one it read', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency, link } = join()
    const abort = new AbortController()
    // Another call of this process watches the key, has read that nothing is stored, and will get no hint.
    link.deaf = true
    const iterator = idempotency.watch('job', 'k', { signal: abort.signal })[Symbol.asyncIterator]()
    const state = watched(iterator.next())
    await settle()
    const execution = await started(join().idempotency)
    commands.length = 0
    const run = watched(idempotency.run('job', 'k', wait, never))
    await settle()
    expect(commands.length).toBeLessThanOrEqual(3)
    expect(state.value).toMatchObject({ value: { status: 'executing' } })
    await execution.markSuccess('r')
    await runtime.advance(2_000)
    expect(run.value).toMatchObject({ result: 'r' })
    abort.abort()
  })
})
