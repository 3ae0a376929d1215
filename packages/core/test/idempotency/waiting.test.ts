import { describe, expect, it } from 'vitest'
import type { ExecutionContext, ExecutionSnapshot, Idempotency, StartOptions } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, watched } from './world.ts'

async function started(idempotency: Idempotency, options: StartOptions = {}): Promise<ExecutionContext> {
  const begun = await idempotency.begin('job', 'k', options)
  if (begun.status !== 'started') throw new Error(`not started: ${begun.status}`)
  return begun.execution
}

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
    expect(commands).toEqual([
      'createOrRead k',
      'createOrRead k',
      'subscribe k',
      'read k',
      'compareAndSet k',
      'read k',
    ])
  })

  it('joins those who wait already without a command of its own', async () => {
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

  it('hears of an end that comes before it subscribed, between, or after', async () => {
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
  ])('that begins %s, is told all the same', async (_, down) => {
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
    const run = watched(idempotency.run('job', 'k', { onInProgress: 'attach', signal }, never))
    await settle()
    expect(link.subscriptions).toBe(1)
    abort.abort(new Error('enough'))
    await settle()
    expect(run.error).toMatchObject({ code: 'WAIT_ABORTED', cause: { message: 'enough' } })
    expect([link.subscriptions, runtime.timers]).toEqual([0, timers])
  })

  it('asks once more at its deadline: an outage that nothing told of yet is not a job in progress', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 60_000 })
    const { idempotency, link } = join()
    const run = watched(idempotency.run('job', 'k', { ...wait, waitMs: 3_000 }, never))
    await runtime.advance(100)
    link.blackHole = true
    await runtime.advance(20_000)
    expect(run.error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  it('replays at its deadline what no hint told of', async () => {
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

  it('says at its deadline that the storage is down, and not that somebody runs it', async () => {
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

  it('runs the job itself when the running one fails, one of those who waited', async () => {
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

  it('starts at once when the running one is given back or removed', async () => {
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

  it('follows a takeover by somebody else', async () => {
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

  it('does not trust what is older than what it knows', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency, link } = join()
    const abort = new AbortController()
    // Somebody in this process watches the key, knows that there is nothing, and will hear no hint.
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

describe("onInProgress 'attach'", () => {
  it('shows the progress of the running one, each state once, and has its result', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { progressIntervalMs: 0, leaseMs: 600_000 })
    const seen: number[] = []
    const onProgress = ({ progressPercentage }: ExecutionSnapshot): void => void seen.push(progressPercentage)
    const run = watched(join().idempotency.run('job', 'k', { onInProgress: 'attach', onProgress }, never))
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
  ])('a throwing onProgress hurts nobody else: %s', async (_, same) => {
    const { join } = createWorld()
    const owner = join().idempotency
    const waiters = same ? owner : join().idempotency
    const execution = await started(owner, { progressIntervalMs: 0 })
    const bad = watched(
      waiters.run(
        'job',
        'k',
        { onInProgress: 'attach', onProgress: ({ progressPercentage: p }) => p > 0 && never() },
        never,
      ),
    )
    const good = watched(waiters.run('job', 'k', { onInProgress: 'attach' }, never))
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
    const options = { onInProgress: 'attach', signal } as const
    const refused = { code: 'INVALID_ARGUMENT', message: 'signal must be an AbortSignal.' }
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
      idempotency.run('job', 'k', { onInProgress: 'attach', onProgress: text }, never),
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
      const run = watched(idempotency.run('job', 'k', { onInProgress: 'attach', onProgress }, never))
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

describe('waitForCompletion', () => {
  it('answers at once when there is nothing to wait for', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    expect(await idempotency.waitForCompletion('job', 'k')).toBeNull()
    await idempotency.run('job', 'k', () => 5)
    expect(await idempotency.waitForCompletion('job', 'k')).toMatchObject({ status: 'completed', result: 5 })
    expect(link.subscriptions).toBe(0)
  })

  it('waits for the end, however it comes, in this process or another', async () => {
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

  it('waits on when the execution was given back: somebody will go on with it', async () => {
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

  it('reads anew, whatever somebody else in this process knows', async () => {
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

  it('takes no answer that was given before it asked', async () => {
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

describe('watch', () => {
  async function collect(states: AsyncIterable<ExecutionSnapshot>): Promise<unknown[]> {
    const seen: unknown[] = []
    for await (const { status, progressPercentage, attempt } of states) {
      seen.push(`${status} ${progressPercentage} #${attempt}`)
    }
    return seen
  }

  it.each([
    ['the same process', true],
    ['another process', false],
  ])('waits for the start, shows every state, and ends with the end: %s', async (_, same) => {
    const { commands, runtime, join } = createWorld()
    const owner = join().idempotency
    const watcher = same ? owner : join().idempotency
    const watching = watched(collect(watcher.watch('job', 'k')))
    await settle()
    const execution = await started(owner, { progressIntervalMs: 0, leaseMs: 600_000 })
    await runtime.advance(same ? 2_500 : 1)
    commands.length = 0
    for (const percentage of [30, 60]) {
      await execution.updateProgress(percentage)
      await settle()
    }
    await execution.markSuccess(1)
    await settle()
    expect(watching.value).toEqual([
      'executing 0 #1',
      'executing 30 #1',
      'executing 60 #1',
      'completed 100 #1',
    ])
    // One read a change, and one subscription for all of it.
    expect(commands.filter((command) => command === 'subscribe k')).toEqual([])
  })

  it('begins with the present state, also when that is the end', async () => {
    const { join } = createWorld()
    await join().idempotency.run('job', 'k', () => 1)
    expect(await collect(join().idempotency.watch('job', 'k'))).toEqual(['completed 100 #1'])
  })

  it('skips states that nobody has read, but never the last', async () => {
    const { join } = createWorld()
    const execution = await started(join().idempotency, { progressIntervalMs: 0 })
    const { idempotency } = join()
    const iterator = idempotency.watch('job', 'k')[Symbol.asyncIterator]()
    await iterator.next()
    for (let i = 1; i <= 50; i += 1) await execution.updateProgress(i)
    await settle()
    await execution.markSuccess('end')
    await settle()
    expect(await iterator.next()).toMatchObject({ value: { status: 'completed', result: 'end' } })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('follows failure-free takeovers and releases to the end, and shows a stall', async () => {
    const { runtime, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: 1_000 })
    const watching = watched(collect(join().idempotency.watch('job', 'k')))
    await settle()
    dead.link.blackHole = true
    await runtime.advance(3_500)
    const second = await started(join().idempotency)
    await settle()
    await second.release()
    await settle()
    const third = await started(join().idempotency)
    await settle()
    await third.markSuccess(1)
    await settle()
    expect(watching.value).toEqual([
      'executing 0 #1',
      'executing 0 #1',
      'executing 0 #2',
      'failed 0 #2',
      'executing 0 #2',
      'completed 100 #2',
    ])
  })

  it('ends when the record is removed', async () => {
    const { join } = createWorld()
    await started(join().idempotency)
    const watching = watched(collect(join().idempotency.watch('job', 'k')))
    await settle()
    await join().idempotency.forget('job', 'k')
    await settle()
    expect(watching.value).toEqual(['executing 0 #1'])
  })

  it('leaves nothing behind: break, return while waiting, an error of the loop, the signal', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency, { leaseMs: 600_000 })
    const { idempotency, link } = join()
    const timers = runtime.timers
    const clean = async (): Promise<void> => {
      await settle()
      expect([link.subscriptions, runtime.timers]).toEqual([0, timers])
    }
    for await (const state of idempotency.watch('job', 'k')) {
      expect([state.status, link.subscriptions]).toEqual(['executing', 1])
      break
    }
    await clean()

    const loop = async (): Promise<void> => {
      for await (const state of idempotency.watch('job', 'k')) throw new Error(state.status)
    }
    await expect(loop()).rejects.toThrow('executing')
    await clean()

    const iterator = idempotency.watch('job', 'k')[Symbol.asyncIterator]()
    await iterator.next()
    const next = watched(iterator.next())
    await settle()
    await iterator.return?.()
    await clean()
    expect(next.value).toEqual({ done: true, value: undefined })

    const abort = new AbortController()
    const watching = watched(collect(idempotency.watch('job', 'k', { signal: abort.signal })))
    await settle()
    abort.abort()
    await clean()
    expect(watching.value).toEqual(['executing 0 #1'])
    expect(await collect(idempotency.watch('job', 'k', { signal: abort.signal }))).toEqual([])
    // Never begun, so never observed.
    idempotency.watch('job', 'k')
    await clean()
  })

  it('serves several reads that wait at the same time, in order', async () => {
    const { join } = createWorld()
    const iterator = join().idempotency.watch('job', 'k')[Symbol.asyncIterator]()
    const reads = [watched(iterator.next()), watched(iterator.next()), watched(iterator.next())]
    const execution = await started(join().idempotency)
    await settle()
    await execution.markSuccess(1)
    await settle()
    expect(reads.map(({ value }) => value?.value?.status)).toEqual(['executing', 'completed', undefined])
  })

  it('survives an outage', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: 600_000 })
    const { idempotency, link } = join()
    const watching = watched(collect(idempotency.watch('job', 'k')))
    await settle()
    link.blackHole = true
    await runtime.advance(60_000)
    link.blackHole = false
    await execution.markSuccess(1)
    await runtime.advance(5_000)
    expect(watching.value).toEqual(['executing 0 #1', 'completed 100 #1'])
  })
})
