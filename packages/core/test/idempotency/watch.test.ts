import { describe, expect, it } from 'vitest'
import type { ExecutionSnapshot } from '@holdfast/core'
import type { RecordEntry } from '@holdfast/core/storage'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

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
    // The hints carry what was written.
    expect(commands).toEqual(['replace k', 'replace k', 'replace k'])
  })

  it('takes what a hint carries only when it is newer than what is known', async () => {
    const { commands, join, storage } = createWorld()
    const execution = await started(join().idempotency, { progressIntervalMs: 0 })
    const key = { collection: 'app:job', id: 'k' }
    const written = async (percentage: number): Promise<RecordEntry> => {
      await execution.updateProgress(percentage)
      const { entry } = await storage.records.read(key)
      if (entry === null) throw new Error('nothing is stored')
      return entry
    }
    const { idempotency, link } = join()
    link.deaf = true
    const entries = [await written(10), await written(20)] as const
    const watching = watched(collect(idempotency.watch('job', 'k')))
    await settle()
    const [older, known] = entries
    const newer = await written(30)
    commands.length = 0
    link.hint(known)
    await settle()
    expect(commands).toEqual([])
    link.hint(newer)
    await settle()
    expect(commands).toEqual([])
    await execution.updateProgress(40)
    link.hint(older)
    await settle()
    expect(commands).toEqual(['replace k', 'read k'])
    await execution.markSuccess()
    link.hint()
    await settle()
    expect(watching.value).toEqual([
      'executing 20 #1',
      'executing 30 #1',
      'executing 40 #1',
      'completed 100 #1',
    ])
  })

  it('yields the current state first, also when that is the end', async () => {
    const { join } = createWorld()
    await join().idempotency.run('job', 'k', () => 1)
    expect(await collect(join().idempotency.watch('job', 'k'))).toEqual(['completed 100 #1'])
  })

  it('skips states that the consumer has not read, but never the last', async () => {
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
    // Never started, so never observed.
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
