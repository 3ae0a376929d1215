import { randomUUID } from 'node:crypto'
import { type ExecutionSnapshot, type Idempotency, type Storage, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientName, connect } from '../src/connect.ts'
import { commandsDuring } from '../src/count-commands.ts'
import { redisWorld } from '../src/job-world.ts'

interface Opened extends AsyncDisposable {
  readonly storage: Storage
}

const url = process.env['REDIS_URL'] ?? ''
const storages: Readonly<Record<string, () => Promise<Opened>>> = {
  ioredis: () => connect('ioredis', url),
  redis: () => connect('redis', url),
  'a cluster': async () => {
    const servers = await RedisCluster.start()
    const cluster = new Cluster([...servers.seeds])
    const storage = ioredisStorage(cluster)
    return {
      storage,
      async [Symbol.asyncDispose]() {
        await storage.close()
        cluster.disconnect()
        await servers.stop()
      },
    }
  },
}

describe.each(Object.keys(storages))('operators, on %s', (name) => {
  let opened: Opened
  // Its own prefix, so that it meets no other test's job types.
  const prefix = `ops-${randomUUID()}`
  const join = (): Idempotency =>
    createHoldfast({ storage: opened.storage, prefix, callTimeoutMs: 60_000 }).idempotency
  beforeAll(async () => {
    opened = (await storages[name]?.()) as Opened
  })
  afterAll(async () => opened[Symbol.asyncDispose]())

  const all = async (
    idempotency: Idempotency,
    jobType: string,
    status?: ExecutionSnapshot['status'],
    limit = 7,
  ): Promise<ExecutionSnapshot[]> => {
    const found: ExecutionSnapshot[] = []
    let cursor: string | undefined
    do {
      const page = await idempotency.list(jobType, {
        limit,
        ...(status === undefined ? {} : { status }),
        ...(cursor === undefined ? {} : { cursor }),
      })
      expect(page.executions.length).toBeLessThanOrEqual(limit)
      found.push(...page.executions)
      ;({ cursor } = page)
    } while (cursor !== undefined)
    return found
  }

  it('list by type and status, page by page, each once, and only those of their prefix', async () => {
    const [idempotency, other] = [join(), join()]
    const jobType = 'listed'
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const execution = await idempotency.tryStartExecution(jobType, `key ${i} {é}`)
        if (i % 3 === 1) await execution?.markSuccess({ i })
        if (i % 3 === 2) await execution?.markFailure(new Error(`no ${i}`))
      }),
    )
    await other.tryStartExecution('another', 'key 0')
    const listed = await all(other, jobType)
    expect(new Set(listed.map(({ jobKey }) => jobKey)).size).toBe(60)
    expect(listed).toHaveLength(60)
    for (const status of ['executing', 'completed', 'failed'] as const) {
      const some = await all(other, jobType, status)
      expect(some).toHaveLength(20)
      expect(some.every((snapshot) => snapshot.status === status && snapshot.jobType === jobType)).toBe(true)
    }
    expect((await all(other, jobType, 'completed'))[0]?.result).toEqual({ i: expect.any(Number) })
    expect(await other.listJobTypes()).toEqual(expect.arrayContaining(['another', jobType]))
    await idempotency.close()
  })

  it('look at one, ask it to stop, and forget it', async () => {
    const [owner, operator] = [join(), join()]
    const execution = await owner.tryStartExecution('watched', 'k', { leaseMs: 3_000 })
    await execution?.updateProgress(33, 'a third')
    expect(await operator.getExecutionStatus('watched', 'k')).toMatchObject({
      status: 'executing',
      progressPercentage: 33,
      progressMessage: 'a third',
    })
    expect(await operator.requestCancel('watched', 'k', { reason: 'by hand' })).toBe(true)
    await new Promise<void>((resolve) => {
      if (execution?.signal.aborted) resolve()
      execution?.signal.addEventListener('abort', () => resolve())
    })
    expect(execution?.signal.reason).toMatchObject({ code: 'EXECUTION_CANCELLED', message: 'by hand' })
    expect(await operator.forget('watched', 'k')).toBe(true)
    expect(await operator.forget('watched', 'k')).toBe(false)
    expect(await operator.getExecutionStatus('watched', 'k')).toBeNull()
    expect((await operator.list('watched')).executions).toEqual([])
    await expect(execution?.markSuccess()).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  it('clean up by age, and never touch what runs, stalled or not', async () => {
    const idempotency = join()
    const jobType = `cleaned-${randomUUID()}`
    const dead = join()
    await dead.tryStartExecution(jobType, 'stalled', { leaseMs: 100 })
    await dead.close()
    await idempotency.tryStartExecution(jobType, 'running')
    for (let i = 0; i < 30; i += 1) await idempotency.run(jobType, `old ${i}`, () => i)
    await idempotency.run(jobType, 'old failure', () => Promise.reject(new Error('x'))).catch(() => {})
    const ended = Math.max(...(await all(idempotency, jobType, 'failed')).map((one) => Number(one.endTime)))
    // By the clock of the storage, which also says how old a record is.
    while ((await opened.storage.time()) <= ended + 300)
      await new Promise((resolve) => setTimeout(resolve, 20))
    await idempotency.run(jobType, 'new', () => 1)
    expect(await idempotency.cleanupExpiredExecutions(3_600_000, { jobType })).toBe(0)
    const removed = await idempotency.cleanupExpiredExecutions(300, { jobType })
    const left = (await all(idempotency, jobType)).map(({ jobKey }) => jobKey).sort()
    // On a slow machine the new one may have become old meanwhile, but not a running one.
    expect(left.filter((key) => key !== 'new')).toEqual(['running', 'stalled'])
    expect(removed).toBe(left.includes('new') ? 31 : 32)
    // Of all types, those of others included: removes every ended execution, and no running one.
    await idempotency.cleanupExpiredExecutions(0)
    expect((await all(idempotency, jobType)).map(({ jobKey }) => jobKey).sort()).toEqual([
      'running',
      'stalled',
    ])
    expect(await all(idempotency, 'listed', 'completed')).toEqual([])
  })
})

describe('a list', () => {
  it.each(['ioredis', 'redis'] as const)(
    'does not walk through keys of others: %s',
    async (client: ClientName) => {
      const world = await redisWorld(client, url)
      const { idempotency, proxy } = await world.join({ prefix: `few-${randomUUID()}` })
      const foreign = new Redis(url)
      const many = Array.from({ length: 20_000 }, (_, i) => [`foreign-${i}`, 'x']).flat()
      await foreign.mset(many)
      try {
        for (let i = 0; i < 5; i += 1) await idempotency.run('few', `k${i}`, () => i)
        const sent = await commandsDuring(proxy === undefined ? [] : [proxy], async () => {
          expect((await idempotency.list('few')).executions).toHaveLength(5)
        })
        expect(sent.filter((name) => name === 'scan' || name === 'keys')).toEqual([])
        expect(sent.length).toBeLessThanOrEqual(40)
      } finally {
        await foreign.del(...many.filter((_, i) => i % 2 === 0))
        foreign.disconnect()
        await world.close()
      }
    },
  )

  it('of progress can be read with redis-cli: a record is text', async () => {
    const world = await redisWorld('ioredis', url)
    const prefix = `cli-${randomUUID()}`
    const { idempotency } = await world.join({ prefix })
    const execution = await idempotency.tryStartExecution('shown', 'k')
    await execution?.updateProgress(42, 'forty-two')
    const redis = new Redis(url)
    const key = (await redis.keys(`*${prefix}:shown*`)).find((name) => name.endsWith(':k')) ?? ''
    expect(await redis.get(key)).toMatch(/"progress":\{"percentage":42,"message":"forty-two"\}/)
    redis.disconnect()
    await world.close()
  })
})
