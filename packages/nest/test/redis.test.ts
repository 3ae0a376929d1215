import { randomUUID } from 'node:crypto'
import { ConsoleLogger, Controller, Get, Injectable } from '@nestjs/common'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import { Test } from '@nestjs/testing'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { type RedisStorageName, redisStorages } from '@holdfast/test-http-conformance/targets'
import { startRedis } from '@holdfast/test-support/redis'
import { ask as askServer } from '@holdfast/test-support/resp'
import {
  Cached,
  Holdfast,
  HoldfastHealthIndicator,
  HoldfastModule,
  IdempotentJob,
  Locked,
} from '@holdfast/nest'
import { describe, expect, it } from 'vitest'

const redisUrl = process.env['REDIS_URL'] ?? ''
const clients: readonly RedisStorageName[] = ['ioredis', 'redis']

describe.for(clients)('two apps on Redis through %s', (client) => {
  it('exclude each other, run a job once and share a cache', async () => {
    const counts = { inside: 0, most: 0, jobs: 0, loads: 0 }

    @Injectable()
    class Work {
      @Locked('critical')
      async critical(): Promise<void> {
        counts.inside += 1
        counts.most = Math.max(counts.most, counts.inside)
        await new Promise(setImmediate)
        counts.inside -= 1
      }

      @IdempotentJob('report', (id: string) => id, { onInProgress: 'wait' })
      async report(id: string): Promise<string> {
        counts.jobs += 1
        await new Promise(setImmediate)
        return `${id} ${counts.jobs}`
      }

      @Cached((id: string) => `user:${id}`)
      async user(id: string): Promise<string> {
        counts.loads += 1
        await new Promise(setImmediate)
        return `${id} ${counts.loads}`
      }
    }

    const opened = await Promise.all([redisStorages[client](redisUrl), redisStorages[client](redisUrl)])
    const prefix = `nest-${randomUUID()}`
    const apps = await Promise.all(
      opened.map(({ storage }) =>
        Test.createTestingModule({
          imports: [HoldfastModule.forRoot({ storage, prefix })],
          providers: [Work],
        }).compile(),
      ),
    )
    const works = apps.map((app) => app.get(Work))
    const each = <T>(call: (work: Work) => Promise<T>) =>
      Promise.all([...works, ...works, ...works].map((work) => call(work)))

    await each((work) => work.critical())
    expect(counts).toMatchObject({ inside: 0, most: 1 })
    expect(new Set(await each((work) => work.report('r')))).toEqual(new Set(['r 1']))
    expect(new Set(await each((work) => work.user('u')))).toEqual(new Set(['u 1']))
    expect(counts).toMatchObject({ jobs: 1, loads: 1 })

    await Promise.all(apps.map((app) => app.close()))
    // The clients are whose they were.
    expect(await Promise.all(opened.map(({ storage }) => storage.time()))).toHaveLength(2)
    await Promise.all(opened.map((each) => each.end()))
  })

  it('say through Terminus whether Redis answers', async () => {
    @Controller('health')
    class Health {
      readonly #service: HealthCheckService
      readonly #holdfast: HoldfastHealthIndicator

      constructor(service: HealthCheckService, holdfast: HoldfastHealthIndicator) {
        this.#service = service
        this.#holdfast = holdfast
      }

      @Get()
      check() {
        return this.#service.check([() => this.#holdfast.isHealthy('redis')])
      }
    }

    const redis = await startRedis()
    const opened = await redisStorages[client](redis.url)
    const { storage } = opened
    const module = await Test.createTestingModule({
      imports: [
        TerminusModule.forRoot({ logger: false }),
        HoldfastModule.forRoot({ storage, callTimeoutMs: 1_000 }),
      ],
      controllers: [Health],
    }).compile()
    const logged: string[] = []
    const logger = new (class extends ConsoleLogger {
      override log(message: string, context: string) {
        if (context.startsWith('Holdfast')) logged.push(`${context}: ${message.replace(/\d+/, 'N')}`)
      }

      override warn(message: string, context: string) {
        this.log(message, context)
      }
    })()
    const app = module.createNestApplication({ logger })
    await app.listen(0, '127.0.0.1')
    const ask = async () => {
      const response = await fetch(`${await app.getUrl()}/health`, { headers: { connection: 'close' } })
      return { status: response.status, body: (await response.json()) as unknown }
    }
    await expect.poll(() => storage.connection.state).toBe('ready')
    await expect.poll(ask).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        details: { redis: { status: 'up', connection: 'ready', findings: expect.any(Array) as object } },
      },
    })
    // It answers, but does nothing: Terminus has no 503 for `degraded`.
    await askServer(redis, 'REPLICAOF', '127.0.0.1', 1)
    expect(await ask()).toMatchObject({
      status: 503,
      body: { error: { redis: { status: 'down', message: 'REPLICA' } } },
    })
    expect(await app.get(Holdfast).health()).toMatchObject({ status: 'degraded' })
    await redis.stop()
    await expect.poll(() => storage.connection.state).toBe('down')
    expect(await ask()).toMatchObject({
      status: 503,
      body: {
        status: 'error',
        error: { redis: { status: 'down', roundTripMs: null, message: 'STORAGE_UNAVAILABLE' } },
      },
    })
    expect(await app.get(Holdfast).health()).toMatchObject({ status: 'down' })
    expect(logged).toContain('Holdfast default: Lost the storage, waiting for it')
    await app.close()
    await opened.end()
  })
})

it('shows a cache that refuses all work, and is up: loads run', async () => {
  const finding = {
    code: 'REPLICA',
    severity: 'error',
    message: 'It is a replica.',
    fix: 'Connect.',
  } as const
  const verify = async () => [{ ...finding, stopsWork: true, stopsCache: true }]
  await using holdfast = createHoldfast({
    storage: memoryStorage(),
    cacheStorage: { ...memoryStorage(), verify },
  })
  const { redis } = await new HoldfastHealthIndicator(holdfast).isHealthy('redis')
  expect(redis).toMatchObject({ status: 'up', findings: [{ code: 'CACHE_REPLICA', stopsCache: true }] })
  expect(redis).not.toHaveProperty('message')
})
