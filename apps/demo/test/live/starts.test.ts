/** What a world tells of starts, of who ran, and of what the database says. */
import { describe, it } from 'vitest'
import { aWorld } from './a-world.ts'

describe('fifteen starts of one job', () => {
  it('run it once, and every caller gets an answer, and the world tells it', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished })
    expect(world.state().instances).toMatchObject([
      { name: 'instance-1', client: 'ioredis', state: 'up', isCut: false },
      { name: 'instance-2', client: 'node-redis', state: 'up' },
      { name: 'instance-3', client: 'ioredis', state: 'up' },
    ])
    for (const permits of [1, 2])
      expect(await until('lock', (lock) => lock.permits === permits)).toMatchObject({
        holders: [],
        waiting: [],
        last: null,
      })
    expect(await world.act('fire', { times: 15, waiting: 2 })).toMatchObject({ ok: true })
    await until('call.answered', () => all('call.answered').length === 15)

    const asked = all('call.asked')
    expect(asked.map(({ source }) => source).toSorted()).toEqual(
      ['instance-1', 'instance-2', 'instance-3'].flatMap((name) => Array.from({ length: 5 }, () => name)),
    )
    expect(asked.filter(({ policy }) => policy === 'wait')).toHaveLength(2)
    const outcomes = Object.groupBy(all('call.answered'), ({ outcome }) => outcome)
    expect(Object.keys(outcomes).toSorted()).toEqual(['ran', 'turnedAway', 'waited'])
    expect(outcomes.ran).toHaveLength(1)
    expect(outcomes.turnedAway).toHaveLength(12)
    expect(outcomes.turnedAway?.[0]?.code).toBe('EXECUTION_IN_PROGRESS')

    const [attempt, ...others] = all('attempt.started')
    expect(others).toEqual([])
    expect(attempt).toMatchObject({
      source: outcomes.ran?.[0]?.source,
      callId: outcomes.ran?.[0]?.callId,
      attempt: 1,
      leaseMs: 3_000,
      takenOverFrom: null,
      parentExecutionId: null,
      fromPercent: 0,
    })
    expect(new Set(outcomes.turnedAway?.map(({ executionId }) => executionId))).toEqual(
      new Set([attempt?.executionId]),
    )
    for (const { executionId, behind } of all('call.waiting'))
      expect({ executionId, behind }).toEqual({ executionId: attempt?.executionId, behind: attempt?.source })
    expect(all('call.waiting')).toHaveLength(2)
    expect(await until('attempt.ended')).toMatchObject({
      executionId: attempt?.executionId,
      outcome: 'completed',
      reason: null,
    })

    await until('verdict', ({ ended }) => ended === 1)
    expect(all('verdict').at(-1)).toMatchObject({ ended: 1, twice: 0, refusedWrites: 0, controlTooMany: 0 })
    const rows = all('row')
    expect(rows.filter(({ event }) => event === 'begin')).toMatchObject([
      { executionId: attempt?.executionId, instance: attempt?.source, jobKey: attempt?.jobKey },
    ])
    expect(rows.filter(({ event }) => event === 'end')).toHaveLength(1)
    expect(all('effect.saved').map(({ effect }) => effect)).toEqual([
      'findings',
      'comments',
      'charge',
      'notifications',
    ])
    expect(all('effect.saved')[0]).toMatchObject({
      source: 'database',
      instance: attempt?.source,
      fencingToken: attempt?.fencingToken,
    })
  })

  it('stamps events where they happen, and forwards what the instances log', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 1 })
    const before = performance.timeOrigin + performance.now()
    await world.act('fire', { times: 1, waiting: 0 })
    const { executionId } = await until('attempt.ended')
    const after = performance.timeOrigin + performance.now()
    await until('verdict', ({ ended }) => ended === 1)
    for (const type of ['call.asked', 'attempt.started', 'attempt.ended', 'row'] as const) {
      for (const { at } of all(type)) {
        expect(at, type).toBeGreaterThan(before)
        expect(at, type).toBeLessThan(after)
      }
    }
    const lines = await world.logs(executionId)
    expect(lines).toEqual(all('log').filter((line) => line.executionId === executionId))
    expect(lines[0]).toMatchObject({ instance: 'instance-1', level: 'info', message: 'begin' })
    expect(lines.at(-1)).toMatchObject({ message: 'end: 1 finding in 2 files', jobType: 'ai-review' })
  })
})
