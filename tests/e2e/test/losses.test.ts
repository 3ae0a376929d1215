import { randomUUID } from 'node:crypto'
import type { ExecutionContext, ExecutionLostError, Idempotency } from '@holdfast/core'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clients } from '../src/connect.ts'
import { type JobWorld, redisWorld } from '../src/job-world.ts'

const url = process.env['REDIS_URL'] ?? ''

describe.each(clients)('an owner that finds its record gone or taken says how, on %s', (client) => {
  const prefix = `lost-${randomUUID()}`
  const redis = new Redis(url)
  let world: JobWorld
  let operator: Idempotency
  let owner: Idempotency
  beforeAll(async () => {
    world = await redisWorld(client, url)
    ;({ idempotency: operator } = await world.join({ prefix, instance: 'heir' }))
    ;({ idempotency: owner } = await world.join({ prefix, instance: 'owner' }))
  })
  afterAll(async () => {
    await world.close()
    redis.disconnect()
  })

  const started = async (jobKey: string, leaseMs: number): Promise<ExecutionContext> => {
    const execution = await owner.tryStartExecution('job', jobKey, { leaseMs })
    if (execution === null) throw new Error('it runs elsewhere')
    return execution
  }

  const lossOf = async (execution: ExecutionContext): Promise<ExecutionLostError> => {
    const error = await execution.saveCheckpoint(1).then(
      () => new Error('it was stored'),
      (refused: unknown) => refused,
    )
    expect(error).toMatchObject({ code: 'LEASE_LOST' })
    return error as ExecutionLostError
  }

  it('forgotten by another instance', async () => {
    const execution = await started('forgotten', 60_000)
    await operator.forget('job', 'forgotten')
    expect(await lossOf(execution)).toMatchObject({ reason: 'forgotten', current: null })
  })

  it('vanished, as after FLUSHALL', async () => {
    const execution = await started('vanished', 60_000)
    const keys = await redis.keys(`*${prefix}:job:*vanished*`)
    expect(await redis.del(...keys)).toBe(1)
    expect(await lossOf(execution)).toMatchObject({ reason: 'vanished', current: null })
  })

  it('none, when the storage lost only its last writes and no process has taken over', async () => {
    const execution = await started('set back', 60_000)
    const [key = ''] = await redis.keys(`*${prefix}:job:*set back*`)
    const before = (await redis.get(key)) ?? ''
    await execution.saveCheckpoint('lost')
    await redis.set(key, before, 'KEEPTTL')
    await execution.updateProgress(50)
    await execution.markSuccess('done')
    expect(await operator.getExecutionStatus('job', 'set back')).toMatchObject({
      status: 'completed',
      result: 'done',
      fencingToken: execution.fencingToken,
    })
  })

  it('taken over, with the successor and its start', async () => {
    const execution = await started('taken', 60_000)
    await operator.forget('job', 'taken')
    const heir = await operator.tryStartExecution('job', 'taken')
    const error = await lossOf(execution)
    expect(error).toMatchObject({
      reason: 'takenOver',
      current: { executionId: heir?.executionId, instance: 'heir', startTime: heir?.startTime },
    })
    expect(error.message).toContain(`now ${heir?.executionId} of heir (attempt 1, started `)
  })
})
