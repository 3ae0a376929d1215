/** Redis out of reach: of all instances, and of one. */
import { beforeEach, describe, it } from 'vitest'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

beforeEach(onlyInWholeDemo)

describe('a Redis that is stopped', () => {
  it('lets the running job finish, refuses new starts, and comes back with its data', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { leaseMs: 30_000, instances: 2 })
    expect(world.state().redis).toMatchObject({ state: 'up', canBeStopped: true, persistence: 'AOF' })
    await world.act('fire', { times: 1, waiting: 0 })
    const first = await until('attempt.started')
    await until('attempt.seen', ({ percent }) => percent >= 30)
    expect(await world.act('stop-redis', {})).toEqual({ ok: true, message: 'Redis is stopped.' })
    expect(await world.act('stop-redis', {})).toMatchObject({ ok: false })
    expect(world.state().redis.state).toBe('stopped')
    await until('connection', ({ state }) => state === 'lost')

    await world.act('fire', { times: 2, waiting: 0 })
    await until(
      'call.answered',
      () => all('call.answered').filter(({ outcome }) => outcome === 'noRedis').length === 2,
    )
    expect(all('call.answered').find(({ outcome }) => outcome === 'noRedis')?.code).toBe(
      'STORAGE_UNAVAILABLE',
    )

    expect(await until('review', ({ number, stage }) => number === 2 && stage !== null)).toMatchObject({
      state: 'Pending',
      stage: 'not started: no Redis',
      attempt: 0,
    })
    expect(await world.act('start-redis', {})).toMatchObject({ ok: true })
    expect(
      await until('attempt.ended', ({ executionId }) => executionId === first.executionId),
    ).toMatchObject({
      outcome: 'completed',
    })
    await until('verdict', ({ ended }) => ended === 1)
    expect(all('verdict').at(-1)).toMatchObject({ ended: 1, twice: 0 })
    expect(all('attempt.started')).toHaveLength(1)
    expect(world.state().redis.state).toBe('up')
    expect(all('redis.stopped')).toHaveLength(1)
    expect(all('redis.started')).toHaveLength(1)
  })
})

describe('an instance whose network is cut', () => {
  it('is the only one that gets no answer, until the network is restored', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 2 })
    expect(await world.act('cut', { instance: 'instance-2' })).toMatchObject({ ok: true })
    expect(await world.act('cut', { instance: 'instance-2' })).toMatchObject({ ok: false })
    expect(await until('connection', ({ state }) => state === 'lost')).toMatchObject({
      instance: 'instance-2',
    })
    expect(world.state().instances.map(({ isCut }) => isCut)).toEqual([false, true])

    await world.act('fire', { times: 2, waiting: 0 })
    await until('call.answered', () => all('call.answered').length === 2)
    const outcomes = all('call.answered').map(({ source, outcome }) => `${source} ${outcome}`)
    expect(outcomes).toContain('instance-2 noRedis')
    expect(outcomes.filter((each) => each.endsWith('noRedis'))).toHaveLength(1)
    expect(await world.act('start', { instance: 'instance-2' })).toMatchObject({ ok: false })

    expect(await world.act('restore', { instance: 'instance-2' })).toMatchObject({ ok: true })
    await until('connection', ({ state, instance }) => state === 'ready' && instance === 'instance-2')
    expect(all('instance.cut')).toMatchObject([{ instance: 'instance-2', source: 'coordinator' }])
    expect(all('instance.restored')).toHaveLength(1)
  })
})
