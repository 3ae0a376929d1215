import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, watched } from './world.ts'

const closed = { code: 'CLOSED' }

describe('close', () => {
  it('rejects every start', async () => {
    const { commands, join } = createWorld()
    const { idempotency } = join()
    await idempotency.close()
    commands.length = 0
    await expect(idempotency.begin('job', 'k')).rejects.toMatchObject(closed)
    await expect(idempotency.run('job', 'k', () => 1)).rejects.toMatchObject(closed)
    await expect(idempotency.tryStartExecution('job', 'k')).rejects.toMatchObject(closed)
    await expect(idempotency.waitForCompletion('job', 'k')).rejects.toMatchObject(closed)
    const iterator = idempotency.watch('job', 'k')[Symbol.asyncIterator]()
    await expect(iterator.next()).rejects.toMatchObject(closed)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(commands).toEqual([])
  })

  it('aborts the bodies, waits for them, and releases interrupted executions without counting the attempt', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const run = watched(
      idempotency.run('job', 'k', async ({ signal }) => {
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        )
      }),
    )
    await settle()
    const closing = watched(idempotency.close({ graceMs: 10_000 }))
    await settle()
    expect(closing.state).toBe('resolved')
    expect(run.error).toMatchObject(closed)
    const again = await join().idempotency.tryStartExecution('job', 'k', { maxAttempts: 1 })
    expect(again?.attempt).toBe(1)
    expect(runtime.timers).toBe(0)
  })

  it('records executions that end by themselves within the grace', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const done = gate<string>()
    const run = watched(idempotency.run('job', 'k', () => done.promise))
    await settle()
    const closing = watched(idempotency.close({ graceMs: 10_000 }))
    await runtime.advance(5_000)
    expect(closing.state).toBe('pending')
    done.open('just in time')
    await settle()
    expect([closing.state, run.value?.result]).toEqual(['resolved', 'just in time'])
    expect(await join().idempotency.begin('job', 'k')).toMatchObject({ status: 'replayed' })
  })

  it('leaves executions that do not settle to their lease, and renews it no more', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const done = gate()
    const run = watched(idempotency.run('job', 'k', { leaseMs: 5_000 }, () => done.promise))
    await settle()
    const closing = watched(idempotency.close({ graceMs: 1_000 }))
    await runtime.advance(1_000)
    expect(closing.state).toBe('resolved')
    expect((await join().idempotency.begin('job', 'k')).status).toBe('inProgress')
    await runtime.advance(5_000)
    expect((await join().idempotency.begin('job', 'k')).status).toBe('started')
    done.open()
    await settle()
    expect(run.error).toMatchObject({ code: 'LEASE_LOST' })
  })

  it('waits for executions started with tryStartExecution as well; disposal releases them', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const execution = await idempotency.tryStartExecution('job', 'k')
    const closing = watched(idempotency.close({ graceMs: 10_000 }))
    await settle()
    expect([closing.state, execution?.signal.reason]).toMatchObject(['pending', closed])
    await execution?.[Symbol.asyncDispose]()
    await settle()
    expect(closing.state).toBe('resolved')
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({ released: true })
  })

  it('releases an execution that started during close', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    let arrive: (() => Promise<unknown>) | undefined
    await idempotency.run('job', 'warm-up', () => 1)
    link.once('create', { held: (execute) => (arrive = execute) })
    const run = watched(idempotency.run('job', 'k', () => 'must not run'))
    await settle()
    const closing = watched(idempotency.close({ graceMs: 10_000 }))
    await settle()
    expect(closing.state).toBe('pending')
    await arrive?.()
    await settle()
    expect([closing.state, run.error]).toMatchObject(['resolved', closed])
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({ released: true })
  })

  it('ends all waits and watches, and their subscriptions', async () => {
    const { runtime, join } = createWorld()
    await join().idempotency.begin('job', 'k')
    const { idempotency, link } = join()
    const iterator = idempotency.watch('job', 'k')[Symbol.asyncIterator]()
    await iterator.next()
    const calls = [
      watched<unknown>(idempotency.begin('job', 'k', { onInProgress: 'wait', waitMs: Infinity })),
      watched<unknown>(idempotency.waitForCompletion('job', 'k', { waitMs: Infinity })),
      watched<unknown>(iterator.next()),
    ]
    await settle()
    expect(link.subscriptions).toBe(1)
    await Promise.all([idempotency.close(), runtime.advance(0)])
    await settle()
    for (const { error } of calls) expect(error).toMatchObject(closed)
    expect(link.subscriptions).toBe(0)
  })

  it('may be called twice, and from within a body', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const inside = watched(
      idempotency.run('job', 'k', async () => {
        await idempotency.close({ graceMs: 1_000 })
        return 'closed itself'
      }),
    )
    const outside = watched(idempotency.close({ graceMs: 500 }))
    await runtime.advance(1_000)
    expect([inside.state, outside.state]).toEqual(['rejected', 'resolved'])
    const other = join().idempotency
    const run = watched(
      other.run('job', 'other', async () => {
        await other.close({ graceMs: 1_000 })
        return 'closed itself'
      }),
    )
    await runtime.advance(1_000)
    expect(run.value).toMatchObject({ status: 'executed', result: 'closed itself' })
  })

  it('leaves no timer behind that keeps the process alive', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    await idempotency.begin('job', 'a')
    await idempotency.run('job', 'b', () => 1)
    await Promise.all([idempotency.close(), runtime.advance(0)])
    await settle()
    expect(runtime.timers).toBe(0)
  })
})
