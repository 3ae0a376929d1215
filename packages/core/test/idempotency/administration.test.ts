import { describe, expect, it } from 'vitest'
import { type ExecutionSnapshot, createIdempotency, memoryStorage } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

describe('list', () => {
  it('refuses what is no state', async () => {
    const { idempotency } = createWorld().join()
    await expect(idempotency.list('job', { status: 'running' as unknown as 'failed' })).rejects.toMatchObject(
      {
        code: 'INVALID_ARGUMENT',
        message: `status must be 'executing', 'stalled', 'completed', 'failed' or 'released'; got "running".`,
      },
    )
  })

  it('finds those that are stalled among the executing ones, and the released among the failed ones', async () => {
    const { join, runtime } = createWorld()
    const { idempotency } = join()
    const dead = join()
    await dead.idempotency.begin('job', 'stalled', { leaseMs: 1_000 })
    dead.link.blackHole = true
    await idempotency.begin('job', 'executing')
    const released = await idempotency.tryStartExecution('job', 'released')
    await released?.release()
    const failed = await idempotency.tryStartExecution('job', 'failed')
    await failed?.markFailure(new Error('no paper'))
    await runtime.advance(2_000)
    const keysOf = async (status: NonNullable<Parameters<typeof idempotency.list>[1]>['status']) =>
      (await idempotency.list('job', { status })).executions.map(({ jobKey }) => jobKey).toSorted()
    expect(await keysOf('stalled')).toEqual(['stalled'])
    expect(await keysOf('executing')).toEqual(['executing', 'stalled'])
    expect(await keysOf('released')).toEqual(['released'])
    expect(await keysOf('failed')).toEqual(['failed', 'released'])
  })

  it('is paged, and filtered by status; it sees one job type only', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    for (let i = 0; i < 25; i += 1) {
      const execution = await idempotency.tryStartExecution('job', `k${i}`)
      if (i % 5 === 1) await execution?.markSuccess(i)
      if (i % 5 === 2) await execution?.markFailure(new Error(`${i}`))
    }
    await idempotency.begin('other', 'x')
    const all = async (status?: ExecutionSnapshot['status']): Promise<string[]> => {
      const keys: string[] = []
      let cursor: string | undefined
      do {
        const page: { executions: readonly ExecutionSnapshot[]; cursor?: string | undefined } =
          await idempotency.list('job', {
            limit: 4,
            ...(status === undefined ? {} : { status }),
            ...(cursor === undefined ? {} : { cursor }),
          })
        expect(page.executions.length).toBeLessThanOrEqual(4)
        keys.push(...page.executions.map(({ jobKey }) => jobKey))
        ;({ cursor } = page)
      } while (cursor !== undefined)
      return keys
    }
    expect(new Set(await all()).size).toBe(25)
    expect(await all('completed')).toHaveLength(5)
    expect(await all('failed')).toHaveLength(5)
    expect(await all('executing')).toHaveLength(15)
    expect(await idempotency.listJobTypes()).toEqual(['job', 'other'])
  })
})

describe('list of records that this version cannot read', () => {
  it('names them apart', async () => {
    const storage = memoryStorage()
    const idempotency = createIdempotency(storage, { prefix: 'shop' })
    await idempotency.run('job', 'old', () => 1)
    const write = { writeId: 'w', ttlMs: 60_000, notify: false }
    await storage.records.put({ collection: 'shop:job', id: 'new' }, null, { ...write, value: '{"v":2}' })
    const { executions, unreadable } = await idempotency.list('job')
    expect([executions.map(({ jobKey }) => jobKey), unreadable]).toEqual([['old'], ['new']])
    await idempotency.close()
  })
})

describe('job types', () => {
  it('are remembered by one command a day, for as long as they are used', async () => {
    const { runtime, commands, join } = createWorld()
    const { idempotency } = join()
    await idempotency.run('job', 'k', () => 1)
    await settle()
    commands.length = 0
    await idempotency.run('job', 'k2', () => 1)
    expect(commands).toEqual(['create k2', 'replace k2'])
    for (let day = 0; day < 40; day += 1) {
      await runtime.advance(86_400_000)
      await idempotency.run('job', 'k', () => 1)
      await settle()
    }
    expect(await idempotency.listJobTypes()).toEqual(['job'])
    await runtime.advance(31 * 86_400_000)
    expect(await idempotency.listJobTypes()).toEqual([])
  })
})

describe('cleanupExpiredExecutions', () => {
  it('honours the age, and touches nothing that runs, stalled or not', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const dead = join()
    await dead.idempotency.begin('job', 'stalled', { leaseMs: 1_000 })
    dead.link.blackHole = true
    await idempotency.begin('job', 'running')
    await idempotency.run('job', 'old', () => 1)
    await idempotency.run('other', 'old failure', () => Promise.reject(new Error('x'))).catch(() => undefined)
    await runtime.advance(60_000)
    await idempotency.run('job', 'new', () => 1)
    // They may have ended late in their millisecond, and this is early in its own.
    expect(await idempotency.cleanupExpiredExecutions(60_000)).toBe(0)
    await runtime.advance(1)
    expect(await idempotency.cleanupExpiredExecutions(60_001)).toBe(0)
    expect(await idempotency.cleanupExpiredExecutions(60_000, { jobType: 'other' })).toBe(1)
    expect(await idempotency.cleanupExpiredExecutions(60_000)).toBe(1)
    const left = (await idempotency.list('job')).executions.map(({ jobKey }) => jobKey).sort()
    expect(left).toEqual(['new', 'running', 'stalled'])
    expect(await idempotency.cleanupExpiredExecutions(0)).toBe(1)
    expect(await idempotency.cleanupExpiredExecutions(0)).toBe(0)
  })

  it('leaves alone what was started again since it looked', async () => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    await idempotency.run('job', 'k', () => 1)
    let arrive: (() => Promise<unknown>) | undefined
    link.once('compareAndDelete', { held: (execute) => (arrive = execute) })
    const cleaning = idempotency.cleanupExpiredExecutions(0, { jobType: 'job' })
    await settle()
    await join().idempotency.begin('job', 'k', { onCompleted: 'rerun' })
    await arrive?.()
    expect(await cleaning).toBe(0)
    expect(await idempotency.isExecuting('job', 'k')).toBe(true)
  })
})

describe('a snapshot', () => {
  it('contains every field', async () => {
    const { runtime, now, join } = createWorld()
    const { idempotency } = join({ instance: 'worker-7' })
    const startedAt = now()
    const execution = await idempotency.tryStartExecution('job', 'k', { leaseMs: 9_000 })
    await runtime.advance(1_000)
    await execution?.saveCheckpoint({ page: 3 })
    await execution?.updateProgress(12, 'twelve')
    const running = await idempotency.getExecutionStatus('job', 'k')
    expect(running).toEqual({
      jobType: 'job',
      jobKey: 'k',
      executionId: execution?.executionId,
      status: 'executing',
      stalled: false,
      attempt: 1,
      fencingToken: execution?.fencingToken,
      released: false,
      startTime: new Date(startedAt),
      endTime: null,
      updateTime: new Date(startedAt + 1_000),
      progressPercentage: 12,
      progressMessage: 'twelve',
      errorMessage: null,
      error: null,
      result: undefined,
      resultOmitted: null,
      resultProblem: null,
      checkpoint: { page: 3 },
      cancelRequested: null,
      parentExecutionId: null,
      instance: 'worker-7',
      leaseRemainingMs: 9_000,
    })
    expect(execution?.startTime).toEqual(running?.startTime)
    await runtime.advance(500)
    await execution?.markSuccess('r')
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({
      status: 'completed',
      startTime: new Date(startedAt),
      endTime: new Date(startedAt + 1_500),
      progressPercentage: 100,
      progressMessage: 'twelve',
      result: 'r',
      leaseRemainingMs: 0,
      fencingToken: execution?.fencingToken,
    })
  })

  it('is null for what was never started, and isExecuting is false for a stalled one', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    expect(await idempotency.getExecutionStatus('job', 'k')).toBeNull()
    expect(await idempotency.isExecuting('job', 'k')).toBe(false)
    const dead = join()
    await dead.idempotency.begin('job', 'k', { leaseMs: 1_000 })
    expect(await idempotency.isExecuting('job', 'k')).toBe(true)
    dead.link.blackHole = true
    await runtime.advance(1_000)
    expect(await idempotency.isExecuting('job', 'k')).toBe(false)
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ stalled: true })
  })
})

describe('the reason of requestCancel', () => {
  it('is a text', async () => {
    const { idempotency } = createWorld().join()
    await idempotency.begin('job', 'k')
    await expect(idempotency.requestCancel('job', 'k', { reason: 5 as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect((await idempotency.getExecutionStatus('job', 'k'))?.cancelRequested).toBeNull()
  })

  it('may be empty, and is seen then too', async () => {
    const { idempotency } = createWorld().join()
    await idempotency.begin('job', 'k')
    expect(await idempotency.requestCancel('job', 'k', { reason: '' })).toBe(true)
    expect((await idempotency.getExecutionStatus('job', 'k'))?.cancelRequested).toBe('')
  })
})
