import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { type World, createWorld, started, watched } from './world.ts'

async function shown({ join }: World): Promise<unknown> {
  const status = await join().idempotency.getExecutionStatus('job', 'k')
  return [status?.progressPercentage, status?.progressMessage]
}

describe('progress', () => {
  it('costs one command, and is visible to every process', async () => {
    const world = createWorld()
    const execution = await started(world.join().idempotency)
    world.commands.length = 0
    await execution.updateProgress(25.5, 'a quarter')
    expect(world.commands).toEqual(['replace k'])
    expect(await shown(world)).toEqual([25.5, 'a quarter'])
  })

  it('is written at most once an interval, the last one always', async () => {
    const world = createWorld()
    const execution = await started(world.join().idempotency, { progressIntervalMs: 250 })
    world.commands.length = 0
    for (let i = 0; i <= 99; i += 1) {
      void execution.updateProgress(i, `${i}`)
      await world.runtime.advance(10)
    }
    await world.runtime.advance(250)
    expect(world.commands.length).toBeGreaterThanOrEqual(4)
    expect(world.commands.length).toBeLessThanOrEqual(6)
    expect(await shown(world)).toEqual([99, '99'])
  })

  it('is not written separately while another write is in flight', async () => {
    const world = createWorld()
    const { idempotency, link } = world.join()
    const execution = await started(idempotency, { progressIntervalMs: 0 })
    let arrive: (() => Promise<unknown>) | undefined
    link.once('replace', { held: (execute) => (arrive = execute) })
    world.commands.length = 0
    const first = execution.updateProgress(1)
    await settle()
    for (let i = 2; i < 20; i += 1) await execution.updateProgress(i)
    await arrive?.()
    await first
    await settle()
    expect(world.commands).toEqual(['replace k', 'replace k'])
    expect(await shown(world)).toEqual([19, null])
  })

  it('does not decrease unless requested', async () => {
    const world = createWorld()
    const execution = await started(world.join().idempotency, { progressIntervalMs: 0 })
    await execution.updateProgress(60, 'sixty')
    await execution.updateProgress(50, 'fifty')
    expect(await shown(world)).toEqual([60, 'fifty'])
    await execution.updateProgress(50, undefined, { allowDecrease: true })
    expect(await shown(world)).toEqual([50, null])
  })

  it('that could not be written is sent with the next write of any kind', async () => {
    const world = createWorld()
    const { idempotency, link } = world.join()
    const execution = await started(idempotency, { leaseMs: 30_000 })
    for (const write of [
      () => execution.saveCheckpoint(1),
      () => execution.extendTimeout(1_000),
      () => world.runtime.advance(10_000),
    ]) {
      const before = (await shown(world)) as [number]
      const up = link.every('replace', 'lost')
      const update = watched(execution.updateProgress(before[0] + 10))
      await world.runtime.advance(2_000)
      expect(update.state).toBe('resolved')
      up()
      expect(await shown(world)).toEqual([before[0], null])
      await write()
      expect(await shown(world)).toEqual([before[0] + 10, null])
    }
  })

  it('of the last moment is recorded with the end', async () => {
    const world = createWorld()
    const { idempotency } = world.join()
    const execution = await started(idempotency)
    await execution.updateProgress(10, 'begun')
    void execution.updateProgress(97, 'almost')
    world.commands.length = 0
    await execution.markFailure(new Error('so close'))
    expect(world.commands).toEqual(['replace k'])
    expect(await shown(world)).toEqual([97, 'almost'])
  })

  it('of the last moment is recorded also when another write happened in between', async () => {
    const world = createWorld()
    const execution = await started(world.join().idempotency)
    await execution.updateProgress(10, 'begun')
    void execution.updateProgress(97, 'almost')
    await world.join().idempotency.requestCancel('job', 'k')
    await execution.markSuccess(1)
    expect(await shown(world)).toEqual([100, 'almost'])
  })

  it('is not affected by a storage that refuses, and reports only a loss', async () => {
    const world = createWorld()
    const { idempotency, link } = world.join()
    const execution = await started(idempotency)
    link.once('replace', 'refused')
    await execution.updateProgress(10)
    await world.join().idempotency.forget('job', 'k')
    await world.runtime.advance(300)
    await expect(execution.updateProgress(20)).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  it('need not be awaited: a loss is no unhandled rejection', async () => {
    const world = createWorld()
    const unhandled: unknown[] = []
    const onUnhandled = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', onUnhandled)
    try {
      const execution = await started(world.join().idempotency, { progressIntervalMs: 0 })
      await world.join().idempotency.forget('job', 'k')
      void execution.updateProgress(20)
      await settle()
      void execution.updateProgress(30)
      await settle()
      expect(execution.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
  })

  it('restarts with each attempt', async () => {
    const world = createWorld()
    const { idempotency } = world.join()
    const first = await started(idempotency)
    await first.updateProgress(80)
    await first.markFailure(new Error('x'))
    const second = await started(idempotency)
    expect(await shown(world)).toEqual([0, null])
    await second.updateProgress(5)
    expect(await shown(world)).toEqual([5, null])
  })

  it('that arrives late, after the end, changes nothing', async () => {
    const world = createWorld()
    const { idempotency, link } = world.join({ callTimeoutMs: 500 })
    const execution = await started(idempotency)
    let arrive: (() => Promise<unknown>) | undefined
    link.once('replace', { held: (execute) => (arrive = execute) })
    void execution.updateProgress(50)
    const end = watched(execution.markSuccess('done'))
    await world.runtime.advance(501)
    expect(end.state).toBe('resolved')
    await arrive?.()
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'completed' })
  })
})
