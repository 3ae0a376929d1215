/** examples/compose: the files are right for Compose and Docker, and what they run works, without containers. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { validate } from 'dockerfile-utils'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { openShell } from '../../src/operations/redis-cli.ts'
import { commandOfImage, composeWith, textOf } from '../../src/quick-start/compose.ts'
import { Reader, freePorts } from '../../src/quick-start/reader.ts'

/** Its declarations cannot be read by a module. Its checks begin with the schema of Compose. */
const require = createRequire(import.meta.url)
const { DCLinter } = require('dclint') as {
  DCLinter: new (config: { readonly rules: object; readonly exclude: readonly string[] }) => {
    lintFiles(
      paths: readonly string[],
      recursive: boolean,
    ): readonly {
      readonly messages: readonly { readonly type: string; readonly rule: string; readonly message: string }[]
    }[]
  }
}

const folder = join(import.meta.dirname, '../../../../examples/compose')
const REDIS_PASSWORD = 'another-password'

describe('the files for Compose and Docker', () => {
  it('docker-compose.yml follows the schema of Compose', () => {
    const results = new DCLinter({ rules: {}, exclude: [] }).lintFiles(
      [join(folder, 'docker-compose.yml')],
      false,
    )
    expect(results).toHaveLength(1)
    expect(results[0]?.messages.filter(({ type }) => type === 'error')).toEqual([])
  })

  it('Docker can read the Dockerfile', () => {
    expect(validate(textOf('Dockerfile')).map(({ message }) => message)).toEqual([])
  })

  it('every instance has another port', () => {
    const { web } = composeWith({}).services
    const [, first, last] = /:(\d+)-(\d+):3000$/.exec(web.ports[0] ?? '') ?? []
    expect(Number(last) - Number(first) + 1).toBe(web.deploy?.replicas)
    expect(web.environment['PORT']).toBe('3000')
  })

  it('everything that is mounted is there', () => {
    const { services, volumes } = composeWith({})
    const sources = services.redis.volumes?.map((each) => each.split(':')[0] ?? '') ?? []
    expect(sources.filter((each) => each.startsWith('./')).map((each) => textOf(each))).toHaveLength(1)
    expect(sources.filter((each) => !each.startsWith('./'))).toEqual(Object.keys(volumes))
  })
})

describe('what docker-compose.yml runs', () => {
  it('is a healthy Redis behind a password, and three instances that place one order', async () => {
    await using running = await redisOfCompose()
    const { redis, data } = running
    const { services } = composeWith({ REDIS_PASSWORD })
    const { port } = redis

    // The health check, as the container runs it, and without the password.
    const [kind, check = ''] = services.redis.healthcheck.test
    expect(kind).toBe('CMD-SHELL')
    await using shell = await openShell(port, { env: services.redis.environment })
    expect(await shell.run([`(${check}); echo $?`])).toEqual(['0'])
    await using stranger = await openShell(port)
    expect(await stranger.run([`(${check}); echo $?`, 'redis-cli get x'])).toEqual([
      '1',
      'NOAUTH Authentication required.',
    ])

    const url = services.web.environment['REDIS_URL']?.replace('redis:6379', `127.0.0.1:${port}`) ?? ''
    const client = new Redis(url)
    client.on('error', () => {}) // health() says what is wrong
    const holdfast = createHoldfast({ storage: ioredisStorage(client), prefix: 'shop' })
    expect(await holdfast.health()).toMatchObject({ status: 'up', findings: [] })
    await holdfast.close()
    await client.quit()

    await using reader = new Reader(url)
    const numbers = Array.from({ length: services.web.deploy?.replicas ?? 0 }, (_, i) => String(i + 1))
    const ports = await freePorts(numbers)
    const environments = numbers.map((number) => ({
      ...services.web.environment,
      REDIS_URL: url,
      PORT: ports + number,
    }))
    const web = environments.map((env) => reader.start(`exec ${commandOfImage().join(' ')}`, env))
    await Promise.all(web.map(async (each) => await each.says('listens')))

    const answers = await Promise.all(
      environments.map(async ({ PORT }) => {
        const headers = { 'idempotency-key': 'cart-7', 'content-type': 'application/json' }
        const options = { method: 'POST', headers, body: '{"cart":7}' }
        return await (await fetch(`http://127.0.0.1:${PORT}/orders`, options)).text()
      }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(
      web
        .map((each) => each.said())
        .join('')
        .split('places the order'),
    ).toHaveLength(2)

    const [, ...words] = services.web.healthcheck.test
    const probe = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')
    const first = environments[0] ?? {}
    expect(await reader.run(probe, first)).toEqual({ code: 0, said: '' })
    await web[0]?.end('SIGTERM')
    expect(web[0]?.child.exitCode).toBe(0)
    expect((await reader.run(probe, first)).code).toBe(1)

    // A new container on the same volume still knows that the order was placed.
    await redis.stop()
    await using again = await redisOfCompose(data, port)
    expect(again.redis.port).toBe(port)
    await using later = await openShell(port, { env: services.redis.environment })
    const [found] = await later.run(["redis-cli --scan --pattern '{holdfast:r:shop:http:*}:*'"])
    expect(found).toMatch(/^\{holdfast:r:shop:http:POST \/orders:\d+\}:\S+$/)
  })
})

interface Running extends AsyncDisposable {
  readonly redis: RunningRedis
  readonly data: ReturnType<typeof temporaryDirectory>
}

/** The command of the service, with its file and its data where they are on this machine. */
async function redisOfCompose(data = temporaryDirectory(), port?: number): Promise<Running> {
  const { command = [], volumes = [] } = composeWith({ REDIS_PASSWORD }).services.redis
  const [program, configuration, ...args] = command
  expect(program).toBe('redis-server')
  const [mount] = volumes.filter((each) => each.includes(`:${configuration}:`))
  const configFile = join(folder, mount?.split(':')[0] ?? 'is not mounted')
  const redis = await startRedis({
    configFile,
    dir: data.path,
    args,
    ...(port === undefined ? {} : { port }),
  })
  return {
    redis,
    data,
    async [Symbol.asyncDispose]() {
      await redis.stop()
      await data.remove()
    },
  }
}
