import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { documentedRights } from '../documented-rights.ts'
import { handle } from '../../src/server/handle.ts'
import { echo, openStage } from './open-server.ts'

it('a user with the documented rights serves', async () => {
  await using redis = await startRedis()
  const admin = new Redis(redis.url)
  // What ioredis asks for when it connects.
  await admin.call('ACL', 'SETUSER', 'worker', ...documentedRights('worker'), '+info')
  const url = redis.url.replace('redis://', 'redis://worker:secret@')
  await using stage = await openStage('ioredis', { prefix: '{hangfire}:', mode: 'own', dialect: {} }, url)
  const body = handle(
    echo,
    {
      automaticRetry: { attempts: 1, delaysMs: [10], onAttemptsExceeded: 'delete' },
      disableConcurrentExecution: { waitMs: 10_000 },
    },
    async ([text], job) => {
      await job.updateProgress(10, text)
      if (text === 'fails') throw new Error(text)
    },
  )
  const server = await stage.serve([body])
  const [fails, succeeds] = [await stage.enqueue('fails'), await stage.enqueue('succeeds')]
  const stateOf = (id: string): Promise<string | null> => admin.hget(`{hangfire}:job:${id}`, 'State')
  await expect.poll(async () => await stateOf(fails)).toBe('Deleted')
  await expect.poll(async () => await stateOf(succeeds)).toBe('Succeeded')
  await server.stop()
  const log = (await admin.call('ACL', 'LOG')) as unknown[]
  expect(log).toEqual([])
  admin.disconnect()
})
