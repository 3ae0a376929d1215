/** examples/host: what each bootstrap prints, and how it ends, on a good Redis, on none, and on every kind that is no good. */
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { RespConnection } from '@holdfast/test-support/resp'
import { freePort } from '@holdfast/test-support/servers'
import { type TestContext, afterAll, beforeAll, describe, it } from 'vitest'
import { HOSTS, Host, type HostName, type Hosts, compileHosts } from '../../src/host/host.ts'
import { olderRedis } from '../../src/host/older-redis.ts'
import { until } from '../../src/poll.ts'

const DURABLE = ['--appendonly', 'yes']
const UNAVAILABLE = 69
const CONFIGURATION = 78

let hosts: Hosts
let good: RunningRedis
beforeAll(async () => {
  hosts = await compileHosts()
  good = await startRedis({ args: DURABLE })
})
afterAll(async () => {
  await good.stop()
  await hosts[Symbol.asyncDispose]()
})

/** Of the test itself: several run at a time. */
type Test = Pick<TestContext, 'onTestFinished'>

async function started(
  { onTestFinished }: Test,
  name: HostName,
  env: Readonly<Record<string, string>>,
): Promise<Host> {
  const host = await Host.start(hosts, name, env)
  onTestFinished(() => void host.child.kill('SIGKILL'))
  return host
}

async function serving(host: Host): Promise<void> {
  await until(async () => (await host.ask('/live').catch(() => 0)) === 200 || undefined)
}

async function ask(url: string, ...words: readonly (string | number)[]): Promise<void> {
  using connection = await RespConnection.open({ port: Number(new URL(url).port) })
  await connection.send(...words)
}

async function server(
  { onTestFinished }: Test,
  args: readonly string[],
  port?: number,
): Promise<RunningRedis> {
  const redis = await startRedis({ args, ...(port === undefined ? {} : { port }) })
  onTestFinished(async () => await redis.stop())
  return redis
}

/** Each Redis that is no good: where it is, what the bootstrap says of it, and its exit code. */
const REFUSED: Readonly<Record<string, (test: Test) => Promise<Refused>>> = {
  'that is not there': async () => ({
    env: { REDIS_URL: `redis://127.0.0.1:${await freePort()}` },
    says: ['Redis does not answer', 'ECONNREFUSED'],
    code: UNAVAILABLE,
  }),
  'that wants another password': async (test) => ({
    env: {
      REDIS_URL: (await server(test, [...DURABLE, '--requirepass', 'right'])).url,
      REDIS_PASSWORD: 'wrong',
    },
    says: ['Redis refuses the login', 'WRONGPASS', 'REDIS_PASSWORD'],
    code: CONFIGURATION,
  }),
  'that wants a password': async (test) => ({
    env: { REDIS_URL: (await server(test, [...DURABLE, '--requirepass', 'right'])).url },
    says: ['Redis refuses the login', 'NOAUTH', 'REDIS_PASSWORD'],
    code: CONFIGURATION,
  }),
  'that evicts': async (test) => ({
    env: {
      REDIS_URL: (
        await server(test, [...DURABLE, '--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'])
      ).url,
    },
    says: ['EVICTION_POLICY', 'maxmemory-policy noeviction'],
    code: CONFIGURATION,
  }),
  'whose user lacks rights': async () => {
    await ask(good.url, 'ACL', 'SETUSER', 'few', 'on', '>few', '~*', '&*', '+@all', '-eval', '-evalsha')
    return {
      env: { REDIS_URL: good.url.replace('//', '//few:few@') },
      says: ['COMMANDS_REFUSED', '+eval'],
      code: CONFIGURATION,
    }
  },
  'that is a replica': async (test) => {
    const replica = await server(test, [...DURABLE, '--replicaof', '127.0.0.1', String(good.port)])
    return { env: { REDIS_URL: replica.url }, says: ['REPLICA', 'primary'], code: CONFIGURATION }
  },
  'that is too old': async ({ onTestFinished }) => {
    const older = await olderRedis(good.port)
    onTestFinished(async () => await older[Symbol.asyncDispose]())
    return { env: { REDIS_URL: older.url }, says: ['SERVER_TOO_OLD', '6.2'], code: CONFIGURATION }
  },
  'that keeps nothing, where warnings refuse': async (test) => ({
    env: { REDIS_URL: (await server(test, [])).url, HOLDFAST_START_CHECK: 'warnings' },
    says: ['NO_PERSISTENCE', 'appendonly yes'],
    code: CONFIGURATION,
  }),
}

/** The start check, which all share, is tried with all of them over Fastify; the others have it, and each its own client's. */
const TRIED: Readonly<Record<Exclude<HostName, 'fastify'>, readonly string[]>> = {
  nest: ['that is not there', 'that wants another password', 'that evicts'],
  express: ['that is not there', 'that wants another password'],
}

function isTried(kind: string, name: HostName): boolean {
  return name === 'fastify' || TRIED[name].includes(kind)
}

interface Refused {
  readonly env: Readonly<Record<string, string>>
  readonly says: readonly string[]
  readonly code: number
}

describe.concurrent.each(HOSTS)('the bootstrap for %s', (name) => {
  it('serves on a good Redis, logs an outage, and ends by SIGTERM', async (test) => {
    const { expect } = test
    const redis = await server(test, DURABLE)
    const host = await started(test, name, {
      REDIS_URL: redis.url,
      HOLDFAST_INSTANCE: 'web-1',
      HOLDFAST_PREFIX: name,
    })
    await serving(host)
    expect(await host.ask('/health')).toBe(200)
    const order = { method: 'POST', headers: { 'idempotency-key': 'k' } }
    expect([await host.ask('/orders', order), await host.ask('/orders', order)]).toEqual([201, 201])
    expect(host.said()).not.toMatch(/not started|warn/i)

    await redis.stop()
    await until(() => /lost the storage/i.test(host.said()) || undefined)
    expect([await host.ask('/live'), await host.ask('/health')]).toEqual([200, 503])
    await server(test, DURABLE, redis.port)
    await until(() => /connected to the storage/i.test(host.said()) || undefined)
    expect(await host.ask('/health')).toBe(200)

    host.child.kill('SIGTERM')
    // Nest ends the process by the signal that it got.
    expect(await host.ended()).toEqual(
      name === 'nest' ? { code: null, signal: 'SIGTERM' } : { code: 0, signal: null },
    )
  })

  it.for(Object.entries(REFUSED).filter(([kind]) => isTried(kind, name)))(
    'refuses a Redis %s',
    async ([, make], test) => {
      const { expect } = test
      const { env, says, code } = await make(test)
      const host = await started(test, name, { HOLDFAST_START_WAIT_MS: '300', ...env })
      expect(await host.ended()).toEqual({ code, signal: null })
      expect(host.said()).toContain('not started')
      for (const text of says) expect(host.said()).toContain(text)
      expect(host.said()).not.toMatch(/right|few:few/)
    },
  )

  it('waits for a Redis that starts later, and warns of what does not refuse', async (test) => {
    const { expect } = test
    const port = await freePort()
    const host = await started(test, name, {
      REDIS_URL: `redis://127.0.0.1:${port}`,
      HOLDFAST_START_WAIT_MS: '600000',
    })
    await until(() => host.said().includes('ECONNREFUSED') || undefined)
    await server(test, [], port)
    await serving(host)
    expect(host.said()).toContain('NO_PERSISTENCE')
    host.child.kill('SIGTERM')
    await host.ended()
  })

  it('ends by SIGTERM while it waits', async (test) => {
    const { expect } = test
    const REDIS_URL = `redis://127.0.0.1:${await freePort()}`
    const host = await started(test, name, { REDIS_URL, HOLDFAST_START_WAIT_MS: '600000' })
    await until(() => host.said().includes('ECONNREFUSED') || undefined)
    host.child.kill('SIGTERM')
    const { code, signal } = await host.ended()
    expect([code, signal]).toEqual(name === 'nest' ? [null, 'SIGTERM'] : [0, null])
    expect(host.said()).not.toContain('not started')
  })

  it('names what is wrong with the environment', async (test) => {
    const { expect } = test
    const host = await started(test, name, { REDIS_ULR: good.url, HOLDFAST_LEASE_MS: '30s' })
    expect(await host.ended()).toEqual({ code: CONFIGURATION, signal: null })
    expect(host.said()).toContain('REDIS_ULR is not read: did you mean REDIS_URL?')
    expect(host.said()).toContain('HOLDFAST_LEASE_MS is "30s": write milliseconds')
  })
})

it.concurrent('serves without a Redis where the check is off', async (test) => {
  const { expect } = test
  const REDIS_URL = `redis://127.0.0.1:${await freePort()}`
  const host = await started(test, 'fastify', { REDIS_URL, HOLDFAST_START_CHECK: 'off' })
  await serving(host)
  expect(await host.ask('/health')).toBe(503)
})
