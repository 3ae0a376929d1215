/** The same world on other grounds: one process on memory storage, a cluster, one client and one framework. */
import { beforeEach, describe, it } from 'vitest'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

describe('a world on memory storage', () => {
  it('is one instance in this process, and says what it lacks', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld(
      { onTestFinished },
      { storage: 'memory', framework: 'nest', paceMs: 500 },
    )
    const { instances, missingActions, storage, redis } = world.state()
    expect(storage).toBe('memory')
    expect(instances).toEqual([
      { name: 'instance-1', client: 'memory', framework: 'nest', state: 'up', isCut: false, pid: null },
    ])
    expect(redis).toMatchObject({ version: null, persistence: null, canBeStopped: false })
    expect(Object.keys(missingActions).toSorted()).toEqual([
      'cut',
      'freeze',
      'kill',
      'restore',
      'start',
      'start-redis',
      'stop-redis',
      'thaw',
    ])
    expect(await world.act('kill', { instance: 'instance-1' })).toEqual({
      ok: false,
      message: missingActions.kill,
    })

    await world.act('fire', { times: 3, waiting: 3 })
    await until('verdict', ({ ended }) => ended === 1)
    await until('call.answered', () => all('call.answered').length === 3)
    expect(
      all('call.answered')
        .map(({ outcome }) => outcome)
        .toSorted(),
    ).toEqual(['ran', 'waited', 'waited'])
    const { jobType, jobKey, executionId } = await until('attempt.started')
    expect(await world.record(jobType, jobKey)).toMatchObject({
      attempts: [{ executionId, ended: 'completed' }],
    })
    expect(all('verdict').at(-1)).toMatchObject({ ended: 1, twice: 0 })
  })
})

describe('a world on a cluster', () => {
  beforeEach(onlyInWholeDemo)

  it('runs a job once, on one client and one framework', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld(
      { onTestFinished },
      { storage: 'cluster', client: 'node-redis', framework: 'fastify', instances: 2 },
    )
    expect(world.state().instances).toMatchObject([
      { client: 'node-redis', framework: 'fastify' },
      { client: 'node-redis', framework: 'fastify' },
    ])
    expect(world.state().missingActions).toHaveProperty('cut')
    await world.act('fire', { times: 4, waiting: 0 })
    await until('verdict', ({ ended }) => ended === 1)
    const { jobType, jobKey, executionId } = await until('attempt.started')
    expect((await world.record(jobType, jobKey))?.raw).toContain(executionId)
    expect(all('verdict').at(-1)).toMatchObject({ ended: 1, twice: 0 })
  })
})
