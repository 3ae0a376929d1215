import { describe, expect, it } from 'vitest'
import type { ExecutionSnapshot } from '@holdfast/core'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import { manualRuntime, settle } from '../manual-runtime.ts'
import { type World, createWorld, idempotencyOf, started, watched } from './world.ts'

const key = { collection: 'app:job', id: 'k' }

async function statesOf(states: AsyncIterable<ExecutionSnapshot>): Promise<string[]> {
  const seen: string[] = []
  for await (const { status, progressPercentage } of states) seen.push(`${status} ${progressPercentage}`)
  return seen
}

const readsOf = ({ commands }: World): number => commands.filter((command) => command === 'read k').length

/** A long job, and a process that watches it for `ms`; `prepare` disturbs its connection first. */
async function readsWhileWatching(ms: number, prepare: (join: World['join']) => void): Promise<number> {
  const world = createWorld()
  await started(world.join().idempotency, { leaseMs: 600_000 })
  const join: World['join'] = (options) => {
    const process = world.join(options)
    prepare(() => process)
    return process
  }
  const end = new AbortController()
  void statesOf(join().idempotency.watch('job', 'k', { signal: end.signal }))
  await world.runtime.advance(ms)
  end.abort()
  return readsOf(world)
}

describe('a caller that waits for a job', () => {
  it('rests between reads that fail at once, also when hints arrive', async () => {
    const { join, runtime } = createWorld()
    await started(join().idempotency, { leaseMs: 600_000 })
    const { idempotency, link } = join({ maxPendingCalls: 1 })
    const watching = watched(statesOf(idempotency.watch('job', 'k')))
    await settle()
    link.set('down')
    const waiting = watched(idempotency.getExecutionStatus('job', 'other'))
    // The one call that may wait does, so the read that this hint leads to is refused at once.
    link.hint()
    await runtime.advance(60_000)
    expect([watching.state, waiting.state]).toEqual(['pending', 'rejected'])
  })

  it('gets an error when the record cannot be read', async () => {
    const { join, storage, runtime } = createWorld()
    await started(join().idempotency, { leaseMs: 600_000 })
    const { idempotency } = join()
    const attached = watched(idempotency.run('job', 'k', { onInProgress: 'wait', waitMs: Infinity }, () => 1))
    const watching = watched(statesOf(idempotency.watch('job', 'k')))
    await settle()
    const { entry } = await storage.records.read(key)
    const write = { writeId: 'newer', value: '{"v":2,"status":"completed"}', ttlMs: 60_000, notify: true }
    await storage.records.put(key, entry?.rev ?? 0, write)
    await runtime.advance(10)
    for (const each of [attached, watching]) {
      expect(each).toMatchObject({ state: 'rejected', error: { code: 'RECORD_UNREADABLE' } })
    }
  })

  it('looks every two seconds where subscribing is never answered', async () => {
    const reads = await readsWhileWatching(20_000, (join) => join().link.every('subscribe', 'lost'))
    expect(reads).toBe(10)
  })

  it('forgets why it could not read once this process executes the job', async () => {
    const { join, runtime } = createWorld()
    const { idempotency, link } = join()
    const watching = watched(statesOf(idempotency.watch('job', 'k')))
    await settle()
    await started(idempotency, { leaseMs: 600_000 })
    const heal = link.every('read', 'refused')
    await runtime.advance(5_000)
    heal()
    const wait = { onInProgress: 'wait', waitMs: 5_000 } as const
    const begun = watched(idempotency.begin('job', 'k', wait))
    await runtime.advance(6_000)
    expect([begun.state, watching.state]).toEqual(['resolved', 'pending'])
    expect(begun.value).toMatchObject({ status: 'inProgress' })
  })

  it('retries a failing subscription less and less often', async () => {
    const reads = await readsWhileWatching(20_000, (join) => join().link.every('subscribe', 'failed'))
    expect(reads).toBeGreaterThan(10)
    expect(reads).toBeLessThan(16)
  })

  it('reads the record every two seconds, no matter how many hints arrive', async () => {
    const world = createWorld()
    const owner = world.join().idempotency
    const execution = await started(owner, { progressIntervalMs: 0, leaseMs: 600_000 })
    const watching = watched(statesOf(world.join().idempotency.watch('job', 'k')))
    await world.runtime.advance(100)
    world.commands.length = 0
    for (let second = 1; second <= 20; second += 1) {
      await execution.updateProgress(second)
      await world.runtime.advance(1_000)
    }
    expect(readsOf(world)).toBe(10)
    await execution.markSuccess()
    await settle()
    expect(watching.value).toHaveLength(22)
  })

  it('follows the job to a server whose clock is behind', async () => {
    const runtime = manualRuntime()
    const behind = (ms: number) =>
      memoryStorage({ now: () => 1_600_000_000_000 - ms + runtime.monotonicNow() })
    const [old, next] = [behind(0), behind(10_000)]
    let storage = old
    const instance = () => {
      const records = { ...old.records }
      for (const op of ['put', 'read'] as const) {
        Object.assign(records, {
          [op]: (...args: never[]) => (storage.records[op] as (...args: never[]) => unknown)(...args),
        })
      }
      const followed = { ...old, records, time: () => storage.time() }
      return idempotencyOf(followed, runtime)
    }
    await started(instance(), { leaseMs: 600_000 })
    const watching = watched(statesOf(instance().watch('job', 'k')))
    await runtime.advance(100)
    storage = next
    const execution = await started(instance(), { leaseMs: 600_000 })
    await runtime.advance(3_000)
    await execution.markSuccess()
    await runtime.advance(3_000)
    expect(watching).toMatchObject({
      state: 'resolved',
      value: ['executing 0', 'executing 0', 'completed 100'],
    })
  })
})

it('reads the storage before it reports a fingerprint mismatch', async () => {
  const { join, runtime, commands } = createWorld()
  const owner = join().idempotency
  const first = await started(owner, { fingerprint: 'A', leaseMs: 600_000 })
  const { idempotency, link } = join()
  link.deaf = true
  const waiting = watched(idempotency.waitForCompletion('job', 'k'))
  await runtime.advance(100)
  await first.markSuccess(1)
  await owner.forget('job', 'k')
  await started(owner, { fingerprint: 'B', leaseMs: 600_000 })
  commands.length = 0
  const wait = { fingerprint: 'B', onInProgress: 'wait', waitMs: 100 } as const
  const begun = watched(idempotency.begin('job', 'k', wait))
  await runtime.advance(200)
  expect(begun.value).toMatchObject({ status: 'inProgress' })
  expect(commands).toContain('create k')
  expect(waiting.state).toBe('pending')
})

it('undoes an unanswered claim, although a caller has requested its cancellation', async () => {
  const { join, runtime } = createWorld()
  const operator = join().idempotency
  const { idempotency, link } = join()
  await idempotency.begin('job', 'warm-up')
  link.once('create', 'unanswered')
  const begun = watched(idempotency.begin('job', 'k', { leaseMs: 30_000 }))
  await settle()
  expect(await operator.requestCancel('job', 'k')).toBe(true)
  await runtime.advance(5_000)
  expect(begun).toMatchObject({ state: 'rejected', error: { code: 'STORAGE_UNAVAILABLE' } })
  expect(await operator.getExecutionStatus('job', 'k')).toBeNull()
})

it('does not treat a released execution as the end of a job', async () => {
  const { join, runtime } = createWorld()
  await (await started(join().idempotency)).release()
  const waiting = watched(join().idempotency.waitForCompletion('job', 'k', { waitMs: 1_000 }))
  await runtime.advance(1_000)
  expect(waiting).toMatchObject({
    state: 'rejected',
    error: {
      code: 'EXECUTION_IN_PROGRESS',
      message: expect.stringMatching(/released unfinished.*Start the job to continue it\.$/),
    },
  })
})
