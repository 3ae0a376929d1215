import { createHoldfast, memoryStorage } from '@holdfast/core'
import fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { type HoldfastPluginOptions, type RouteIdempotencyOptions, holdfast } from '../src/index.ts'

const apps: FastifyInstance[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

async function appWith(options: Partial<HoldfastPluginOptions> = {}): Promise<FastifyInstance> {
  const app = fastify()
  apps.push(app)
  const http = { scope: 'global' as const }
  await app.register(holdfast, { storage: memoryStorage(), http, ...options } as HoldfastPluginOptions)
  return app
}

const post = { method: 'POST', headers: { 'idempotency-key': 'k' }, payload: { a: 1 } } as const

describe('registering', () => {
  test('gives the app locks, jobs and a cache', async () => {
    const app = await appWith()
    expect(await app.holdfast.locks.run('l', () => 1)).toBe(1)
    expect((await app.holdfast.idempotency.run('j', 'k', () => 2)).result).toBe(2)
    expect(await app.holdfast.cache.getOrCreate('c', () => 3)).toBe(3)
    expect(await app.holdfast.health()).toMatchObject({ status: 'up', connection: 'ready' })
  })

  test('takes what a route leaves undefined from the app', async () => {
    const app = await appWith({ http: { scope: 'global', header: 'x-once' } })
    let handled = 0
    const config = { idempotency: { header: undefined } }
    app.post('/a', { config, handler: async () => (handled += 1) })
    const request = { ...post, url: '/a', headers: { 'x-once': 'k' } }
    expect((await app.inject(request)).payload).toBe('1')
    expect((await app.inject(request)).payload).toBe('1')
    expect(handled).toBe(1)
  })

  test('refuses unknown options, and not those that Fastify takes itself', async () => {
    const wrong = (options: object) => options as Partial<HoldfastPluginOptions>
    await expect(appWith(wrong({ callTimeoutMS: 1 }))).rejects.toThrow(/did you mean `callTimeoutMs`/)
    const app = await appWith(
      wrong({ logLevel: 'warn', logSerializers: {}, graceMs: 5, logConnection: true }),
    )
    const handler = async () => 1
    const config = { idempotency: { requred: false } as object as RouteIdempotencyOptions }
    expect(() => app.post('/a', { config, handler })).toThrow(/did you mean `required`/)
  })

  test.each<[string, (app: FastifyInstance) => void]>([
    [
      'before the plugin, which was not awaited',
      (app) => void app.register(holdfast, { storage: memoryStorage() }),
    ],
    ['without the plugin', () => undefined],
    [
      'beside the plugin',
      (app) =>
        void app.register(async (child) => {
          await child.register(holdfast, { storage: memoryStorage() })
        }),
    ],
  ])('a route that asks for idempotency %s keeps the app from starting', async (_name, register) => {
    const app = fastify()
    apps.push(app)
    register(app)
    app.post('/pay', { config: { idempotency: true } }, async () => 'paid')
    app.get('/health', async () => 'up')
    await expect(app.ready()).rejects.toThrow(
      /POST \/pay asks for idempotency and is not protected: await app/,
    )
  })

  test('reaches plugins below, and siblings may have their own', async () => {
    const app = fastify()
    apps.push(app)
    const storages = [memoryStorage(), memoryStorage()]
    for (const [n, storage] of storages.entries()) {
      await app.register(async (child) => {
        await child.register(holdfast, { storage, http: { scope: 'global' } })
        await child.register(async (grandchild) => {
          const route = { config: { idempotency: true }, handler: async () => ({ n }) }
          grandchild.post(`/${n}`, route)
        })
      })
    }
    await app.ready()
    expect(app.hasDecorator('holdfast')).toBe(false)
    for (const n of [0, 1]) {
      expect((await app.inject({ ...post, url: `/${n}` })).json()).toEqual({ n })
      const replay = await app.inject({ ...post, url: `/${n}` })
      expect(replay.headers['idempotent-replayed']).toBe('true')
    }
  })

  test('a second time in one context or below is refused by name', async () => {
    const app = await appWith()
    const again = { storage: memoryStorage(), http: { scope: 'global' as const } }
    await expect(app.register(holdfast, again)).rejects.toThrow(/is registered here or above already/)
    const other = await appWith()
    await expect(
      other.register(async (child) => {
        await child.register(holdfast, again)
      }),
    ).rejects.toThrow(/is registered here or above already/)
  })

  test('a route that does not ask gets no hook and keeps its handler', async () => {
    const app = await appWith()
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => void routes.push(route))
    const handler = async (): Promise<string> => 'ok'
    app.post('/plain', handler)
    app.post('/off', { config: { idempotency: false } }, handler)
    app.post('/on', { config: { idempotency: true } }, handler)
    for (const [n, route] of routes.entries()) {
      const hooks = [route.onSend, route.onError, route.onResponse]
      if (n < 2) expect([...hooks, route.handler]).toEqual([...hooks.map(() => undefined), handler])
      else expect([...hooks, route.handler]).not.toContain(undefined)
      expect(route.preHandler).toBeUndefined()
    }
    await app.ready()
  })

  test('what cannot work fails at registration', async () => {
    const app = await appWith()
    const handler = async (): Promise<string> => 'ok'
    const idempotency = {}
    expect(() => app.get('/a', { config: { idempotency }, handler })).toThrow(/GET \/a cannot be idempotent/)
    expect(() => app.put('/a', { config: { idempotency }, handler })).toThrow(/PUT \/a cannot be idempotent/)
    app.put('/b', { config: { idempotency: { methods: ['PUT'] } }, handler })
    app.route({ method: ['GET', 'POST'], url: '/c', config: { idempotency }, handler })
    const bare = await appWith({ http: {} })
    expect(() => bare.post('/a', { config: { idempotency: true }, handler })).toThrow(/scope is missing/)
  })

  test('a route that takes several methods is idempotent in those that change something', async () => {
    const app = await appWith()
    let runs = 0
    app.route({
      method: ['GET', 'POST', 'PUT'],
      url: '/a',
      config: { idempotency: { methods: ['POST', 'PUT'] } },
      handler: async () => ({ run: (runs += 1) }),
    })
    const seen = []
    for (const method of ['GET', 'GET', 'POST', 'POST', 'PUT', 'PUT'] as const) {
      seen.push((await app.inject({ ...post, method, url: '/a' })).json())
    }
    expect(seen.map(({ run }) => run as number)).toEqual([1, 2, 3, 3, 4, 4])
  })
})

describe('an idempotent route', () => {
  test('tells its handler of the execution, and other routes of none', async () => {
    const app = await appWith()
    app.post('/a', { config: { idempotency: { required: false } } }, async ({ idempotency }) => {
      await idempotency?.execution.updateProgress(50)
      return { key: idempotency?.key ?? null, attempt: idempotency?.execution.attempt ?? null }
    })
    app.post('/b', async ({ idempotency }) => ({ idempotency }))
    expect((await app.inject({ ...post, url: '/a' })).json()).toEqual({ key: 'k', attempt: 1 })
    expect((await app.inject({ ...post, headers: {}, url: '/a' })).json()).toEqual({
      key: null,
      attempt: null,
    })
    expect((await app.inject({ ...post, url: '/b' })).json()).toEqual({ idempotency: null })
  })

  test('replays byte for byte what hooks of the app made of the first answer', async () => {
    const app = await appWith()
    let wrapped = 0
    app.addHook('onSend', async (_request, reply, payload) => {
      void reply.header('content-type', 'application/json')
      return `{"wrapped":${(wrapped += 1)},"by":${String(payload)}}`
    })
    app.post('/a', { config: { idempotency: true } }, async () => ({ ok: true }))
    const first = await app.inject({ ...post, url: '/a' })
    expect(first.json()).toEqual({ wrapped: 1, by: { ok: true } })
    const replay = await app.inject({ ...post, url: '/a' })
    expect(replay.headers['idempotent-replayed']).toBe('true')
    expect(replay.body).toBe(first.body)
    const other = await app.inject({ ...post, payload: { a: 2 }, url: '/a' })
    expect(other.json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    expect(other.headers['content-type']).toBe('application/problem+json')
  })

  test('hooks of the route run in their order, and the claim after them', async () => {
    const app = await appWith()
    const seen: string[] = []
    app.post(
      '/a',
      {
        config: { idempotency: true },
        preHandler: [
          async ({ idempotency }) => void seen.push(`preHandler ${idempotency?.key}`),
          async () => void seen.push('second'),
        ],
        onSend: async (_request, _reply, payload) => {
          seen.push(`onSend ${String(payload)}`)
          return payload
        },
      },
      async ({ idempotency }) => {
        seen.push(`handler ${idempotency?.key}`)
        return 'done'
      },
    )
    await app.inject({ ...post, url: '/a' })
    expect(seen).toEqual(['preHandler undefined', 'second', 'handler k', 'onSend done'])
  })

  test('keeps the key while a handler works that Fastify has given up on', async () => {
    const app = await appWith()
    const finish: (() => void)[] = []
    app.post('/a', { config: { idempotency: true }, handlerTimeout: 1_000 }, async () => {
      if (finish.length > 0) return 'second'
      await new Promise<void>((resolve) => finish.push(resolve))
      return 'late'
    })
    expect((await app.inject({ ...post, url: '/a' })).statusCode).toBe(503)
    // On a busy machine the time may be over before the handler begins, and before there is another answer.
    await expect
      .poll(async () => {
        if (finish.length === 0) await app.inject({ ...post, url: '/a' })
        return finish.length
      })
      .toBe(1)
    await expect
      .poll(async () => (await app.inject({ ...post, url: '/a' })).body)
      .toContain('IDEMPOTENCY_IN_PROGRESS')
    finish[0]?.()
    // It has done its work, and the client that wanted its answer has gone.
    await expect
      .poll(async () => (await app.inject({ ...post, url: '/a' })).body)
      .toContain('IDEMPOTENCY_RESPONSE_NOT_STORED')
    expect(finish).toHaveLength(1)
  })

  test('hooks that break every answer leave no stuck key', async () => {
    const app = await appWith()
    let isBroken = true
    app.addHook('onSend', async () => {
      if (isBroken) throw new Error('this hook breaks the error answer, too')
    })
    app.post('/a', { config: { idempotency: true } }, async () => 'ok')
    expect((await app.inject({ ...post, url: '/a' })).statusCode).toBe(500)
    isBroken = false
    await expect.poll(async () => (await app.inject({ ...post, url: '/a' })).body).toBe('ok')
  })

  test('a Response that is kept has its status and all its headers', async () => {
    const app = await appWith()
    const idempotency = { streams: 'buffer' } as const
    app.post('/a', { config: { idempotency } }, async () => {
      const headers = new Headers({ 'content-type': 'text/x', location: '/a/1' })
      headers.append('set-cookie', 'a=1')
      headers.append('set-cookie', 'b=2')
      return new Response('body', { status: 201, headers })
    })
    const first = await app.inject({ ...post, url: '/a' })
    expect(first.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    const replay = await app.inject({ ...post, url: '/a' })
    expect(replay).toMatchObject({ statusCode: 201, body: 'body' })
    expect(replay.headers).toMatchObject({ 'content-type': 'text/x', location: '/a/1' })
    expect(replay.headers['set-cookie']).toBeUndefined()
  })

  test.each([new Error('no'), { statusCode: 401 }, undefined, null, '', 0])(
    'a resolver that throws %j keeps the handler from being called',
    async (thrown) => {
      const app = await appWith()
      let runs = 0
      const scope = (): string => {
        throw thrown
      }
      app.post('/a', { config: { idempotency: { scope } } }, async () => ({ run: (runs += 1) }))
      const { statusCode } = await app.inject({ ...post, url: '/a' })
      expect([statusCode, runs]).toEqual([statusCode >= 400 ? statusCode : 'an error', 0])
    },
  )

  test('an upload that no parser has read cannot be compared: give fingerprint', async () => {
    const app = await appWith()
    app.addContentTypeParser('video/mp4', (_request, payload, done) => {
      payload.resume()
      done(null)
    })
    const video = { ...post, headers: { ...post.headers, 'content-type': 'video/mp4' }, payload: 'bytes' }
    const idempotency: RouteIdempotencyOptions = { fingerprint: ({ headers }) => headers['x-digest'] }
    app.post('/a', { config: { idempotency: true } }, async () => 'ok')
    app.post('/b', { config: { idempotency } }, async () => 'ok')
    const refused = await app.inject({ ...video, url: '/a' })
    expect(refused.statusCode).toBe(415)
    expect(refused.json()).toMatchObject({ code: 'IDEMPOTENCY_BODY_NOT_READ', retryable: false })
    const digest = (value: string) => ({
      ...video,
      headers: { ...video.headers, 'x-digest': value },
      url: '/b',
    })
    expect((await app.inject(digest('1'))).statusCode).toBe(200)
    expect((await app.inject(digest('1'))).headers['idempotent-replayed']).toBe('true')
    expect((await app.inject(digest('2'))).statusCode).toBe(422)
  })
})

describe('a ready instance', () => {
  test('is used as it is, and closed only when asked', async () => {
    const ready = createHoldfast({ storage: memoryStorage() })
    const app = await appWith({ holdfast: ready })
    expect(app.holdfast).toBe(ready)
    await app.close()
    expect(await ready.idempotency.run('j', 'k', () => 1)).toMatchObject({ status: 'executed' })

    const handed = await appWith({ holdfast: ready, closeHoldfast: true })
    await handed.close()
    await expect(ready.idempotency.run('j', 'k2', () => 1)).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
