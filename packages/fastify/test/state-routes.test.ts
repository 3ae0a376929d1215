import { hostname } from 'node:os'
import swagger from '@fastify/swagger'
import { StorageUnavailableError, createHoldfast, memoryStorage } from '@holdfast/core'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { type Authorize, describeIdempotency, holdfast, holdfastHealth, holdfastState } from '../src/index.ts'

const apps: FastifyInstance[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

const authorize = async ({ headers }: FastifyRequest, reply: FastifyReply): Promise<boolean> => {
  if (headers.authorization === undefined) await reply.code(401).send({ who: 'are you' })
  return headers.authorization === 'admin'
}

async function stateApp(exposeData = false): Promise<FastifyInstance> {
  const app = fastify()
  apps.push(app)
  await app.register(swagger, { openapi: {}, transform: describeIdempotency })
  await app.register(holdfast, { storage: memoryStorage(), http: { scope: 'global' } })
  await app.register(holdfastHealth)
  await app.register(holdfastState, { prefix: '/ops', authorize, exposeData })
  app.post('/orders/:id', { config: { idempotency: true } }, async () => ({ secret: 'answer' }))
  return app
}

const admin = { authorization: 'admin' }
const jobPath = (jobType: string, jobKey: string): string =>
  `/ops/executions/${encodeURIComponent(jobType)}/${encodeURIComponent(jobKey)}`

describe('state routes', () => {
  test('stand behind the authorisation of the app', async () => {
    const app = await stateApp()
    const routes = [
      ['GET', '/ops/executions'],
      ['GET', '/ops/executions/j'],
      ['GET', '/ops/executions/j/k'],
      ['GET', '/ops/executions/j/k/events'],
      ['POST', '/ops/executions/j/k/cancel'],
      ['DELETE', '/ops/executions/j/k'],
      ['GET', '/ops/locks/l'],
      ['GET', '/ops/cache/stats'],
    ] as const
    for (const [method, url] of routes) {
      expect((await app.inject({ method, url })).statusCode).toBe(401)
      const guest = await app.inject({ method, url, headers: { authorization: 'guest' } })
      expect(guest.statusCode).toBe(403)
      expect(guest.headers['content-type']).toMatch(/^application\/problem\+json/)
    }
    const open = fastify()
    apps.push(open)
    await open.register(holdfast, { storage: memoryStorage() })
    await expect(open.register(holdfastState, {} as never)).rejects.toThrow(/authorize is missing/)
  })

  test.each<[string, Authorize]>([
    ['false', () => false],
    ['a promise of false', async () => false],
    ['a promise of nothing', (async () => undefined) as never],
    ['a promise of what is merely true enough', (async () => 'yes') as never],
  ])('refuse everybody for whom authorize returns %s', async (_name, never) => {
    const app = fastify()
    apps.push(app)
    await app.register(holdfast, { storage: memoryStorage() })
    await app.register(holdfastState, { authorize: never })
    expect((await app.inject('/executions')).statusCode).toBe(403)
  })

  test('refuse a hook that decides by calling done', async () => {
    const app = fastify()
    apps.push(app)
    await app.register(holdfast, { storage: memoryStorage() })
    const hook = (_request: unknown, _reply: unknown, done: () => void): void => done()
    await expect(app.register(holdfastState, { authorize: hook as never })).rejects.toThrow(
      /returns true or false/,
    )
  })

  test('have no HEAD that would follow an execution and read nothing of it', async () => {
    const app = await stateApp()
    const begun = await app.holdfast.idempotency.begin('import', 'k')
    if (begun.status !== 'started') throw new Error(begun.status)
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length
    const before = timers()
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    for (let n = 0; n < 50; n += 1) {
      const { status } = await fetch(`${url}${jobPath('import', 'k')}/events`, {
        method: 'HEAD',
        headers: { ...admin, connection: 'close' },
      })
      expect(status).toBe(404)
    }
    expect(timers() - before).toBeLessThan(20)
    await begun.execution.markSuccess()
  })

  test('show executions, without data unless the app says so', async () => {
    const app = await stateApp()
    const run = (body: () => unknown) => app.holdfast.idempotency.run('import', 'file 1/2', body)
    await run(() => ({ secret: 1n }))
    const { headers } = { headers: admin }
    const one = await app.inject({ url: jobPath('import', 'file 1/2'), headers })
    expect(one.json()).toMatchObject({
      jobType: 'import',
      jobKey: 'file 1/2',
      status: 'completed',
      attempt: 1,
      progressPercentage: 100,
      errorMessage: null,
    })
    expect(one.body).not.toContain('secret')
    const none = await app.inject({ url: jobPath('import', 'none'), headers })
    expect(none.statusCode).toBe(404)
    expect(none.headers['content-type']).toMatch(/^application\/problem\+json/)

    const exposing = await stateApp(true)
    await exposing.holdfast.idempotency.run('import', 'f', () => ({ secret: 1n }))
    expect((await exposing.inject({ url: jobPath('import', 'f'), headers })).json()).toMatchObject({
      result: { secret: { $holdfast: 'bigint', data: '1' } },
    })
  })

  test('list job types and executions, idempotent requests among them', async () => {
    const app = await stateApp()
    await app.inject({ method: 'POST', url: '/orders/7', headers: { 'idempotency-key': 'client-key' } })
    await app.holdfast.idempotency
      .run('import', 'bad', () => Promise.reject(new Error('it broke')))
      .catch(() => undefined)
    const types = await app.inject({ url: '/ops/executions', headers: admin })
    expect(types.json()).toEqual({ jobTypes: ['http:POST /orders/:id', 'import'] })
    const listed = await app.inject({
      url: `/ops/executions/${encodeURIComponent('http:POST /orders/:id')}?status=completed&limit=10`,
      headers: admin,
    })
    expect(listed.json()).toMatchObject({ executions: [{ status: 'completed' }], cursor: null })
    expect(listed.body).not.toContain('client-key')
    const failed = await app.inject({ url: '/ops/executions/import?status=failed', headers: admin })
    expect(failed.json()).toMatchObject({ executions: [{ errorMessage: 'it broke', errorCode: null }] })
    expect(failed.body).not.toContain('stack')
    // The message of this one names the instance that holds the lock.
    let free: () => void = () => undefined
    const held = app.holdfast.locks.run('l', () => new Promise<void>((resolve) => (free = resolve)))
    const wait = () => app.holdfast.locks.run('l', { waitMs: 1 }, () => 1)
    await expect(app.holdfast.idempotency.run('import', 'late', wait)).rejects.toThrow('Held by')
    free()
    await held
    const late = await app.inject({ url: jobPath('import', 'late'), headers: admin })
    expect(late.json()).toMatchObject({ errorMessage: null, errorCode: 'LOCK_TIMEOUT' })
    const bad = await app.inject({ url: '/ops/executions/import?limit=0', headers: admin })
    expect(bad.statusCode).toBe(400)
  })

  test('stream the progress of an execution until its end', async () => {
    const app = await stateApp()
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const begun = await app.holdfast.idempotency.begin('import', 'k')
    if (begun.status !== 'started') throw new Error(begun.status)
    await begun.execution.updateProgress(10, 'begun')
    const response = await fetch(`${url}${jobPath('import', 'k')}/events`, { headers: admin })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const until = async (part: string): Promise<void> => {
      while (!text.includes(part)) {
        const { value, done } = (await reader?.read()) ?? { done: true }
        if (done) throw new Error(`the stream ended without ${part}: ${text}`)
        text += value
      }
    }
    await until('"progressPercentage":10')
    await begun.execution.updateProgress(60, 'nearly')
    await until('"progressMessage":"nearly"')
    await begun.execution.markSuccess()
    await until('"status":"completed"')
    expect((await reader?.read())?.done).toBe(true)
    expect(text).toMatch(/^id: \S+\nevent: execution\ndata: \{.*\}$/m)
  })

  test('cancel and forget', async () => {
    const app = await stateApp()
    const begun = await app.holdfast.idempotency.begin('import', 'k')
    if (begun.status !== 'started') throw new Error(begun.status)
    const cancel = { method: 'POST', url: `${jobPath('import', 'k')}/cancel`, headers: admin } as const
    const asked = await app.inject({ ...cancel, payload: { reason: 'wrong file' } })
    expect([asked.statusCode, asked.json()]).toEqual([202, { requested: true }])
    const seen = await app.inject({ url: jobPath('import', 'k'), headers: admin })
    expect(seen.json()).toMatchObject({ cancelRequested: 'wrong file' })
    await begun.execution.markFailure(new Error('stopped'))
    expect((await app.inject(cancel)).statusCode).toBe(404)

    const forget = { method: 'DELETE', url: jobPath('import', 'k'), headers: admin } as const
    expect((await app.inject(forget)).statusCode).toBe(204)
    expect((await app.inject(forget)).statusCode).toBe(404)
  })

  test('show who holds a lock', async () => {
    const app = await stateApp()
    await using lease = await app.holdfast.locks.acquire('printer')
    const held = await app.inject({ url: '/ops/locks/printer', headers: admin })
    const { fencingToken, token } = lease
    expect(held.json()).toMatchObject({ name: 'printer', waiting: 0, holders: [{ fencingToken }] })
    const exposing = await stateApp(true)
    await using other = await exposing.holdfast.locks.acquire('printer')
    const shown = await exposing.inject({ url: '/ops/locks/printer', headers: admin })
    expect(shown.json()).toMatchObject({ holders: [{ token: other.token }], queue: [] })
    expect(held.body).not.toContain(token)
  })

  test('show which instance it is only when the app says so', async () => {
    const standard = `${hostname()}:${process.pid}`
    for (const exposed of [false, true]) {
      const app = await stateApp(exposed)
      await using lease = await app.holdfast.locks.acquire('printer')
      await app.holdfast.idempotency.run('import', 'f', () => lease.name)
      for (const url of ['/ops/locks/printer', jobPath('import', 'f'), '/ops/executions/import']) {
        const { body } = await app.inject({ url, headers: admin })
        expect([url, body.includes(standard)]).toEqual([url, exposed])
        expect([url, body.includes(hostname())]).toEqual([url, exposed])
      }
    }
  })

  test('show how the cache is doing', async () => {
    const app = await stateApp()
    await app.holdfast.cache.getOrCreate('a', () => 1)
    await app.holdfast.cache.get('a')
    const stats = await app.inject({ url: '/ops/cache/stats', headers: admin })
    expect(stats.json()).toMatchObject({ hits: 1, misses: 1, hitRate: 0.5, loads: 1, breaker: 'closed' })
    const { delta: _, ...shown } = app.holdfast.cache.stats()
    expect(stats.json()).toEqual(shown)
  })

  test('show how the cache is doing before it has done anything', async () => {
    const stats = await (await stateApp()).inject({ url: '/ops/cache/stats', headers: admin })
    const { hitRate, ...numbers } = stats.json<Record<string, unknown>>()
    expect(hitRate).toBeUndefined()
    expect(numbers).toMatchObject({ hits: 0, queuedRemovals: 0, breaker: 'closed' })
  })

  test('are described for @fastify/swagger, as are idempotent routes', async () => {
    const app = await stateApp()
    await app.ready()
    const { paths = {} } = app.swagger() as unknown as { paths?: Record<string, Record<string, object>> }
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/health', '/ops/executions/{jobType}/{jobKey}', '/ops/locks/{name}']),
    )
    expect(paths['/orders/{id}']?.['post']).toMatchObject({
      parameters: expect.arrayContaining([
        expect.objectContaining({ in: 'header', name: 'Idempotency-Key', required: true }),
      ]) as unknown,
      responses: { 409: {}, 422: {} },
    })
  })
})

describe('the health route', () => {
  test('says up with the round trip and what verify() found', async () => {
    const app = await stateApp()
    const { statusCode, headers, ...response } = await app.inject({ url: '/health' })
    expect(statusCode).toBe(200)
    expect(headers['cache-control']).toBe('no-store')
    const health = response.json<Record<string, unknown>>()
    expect(health).toMatchObject({ status: 'up', connection: 'ready', findings: [], error: null })
    expect(health['roundTripMs']).toBeTypeOf('number')
  })

  test('shows no address of a server, and logs it', async () => {
    const address = '10.11.12.13:6379'
    const down = Object.assign(createHoldfast({ storage: memoryStorage() }), {
      health: async (): Promise<object> => ({
        status: 'down',
        connection: 'down',
        findings: [
          { code: 'REPLICA', severity: 'error', message: `${address} is one`, fix: `not ${address}` },
        ],
        error: new StorageUnavailableError(`connect ECONNREFUSED ${address}`, { maybeApplied: false }),
      }),
    })
    const logged: string[] = []
    const app = fastify({ logger: { stream: { write: (line) => void logged.push(line) } } })
    apps.push(app)
    await app.register(holdfast, { holdfast: down })
    await app.register(holdfastHealth)
    await app.register(holdfastHealth, { path: '/internal', exposeDetails: true })
    const { statusCode, body } = await app.inject('/health')
    expect(statusCode).toBe(503)
    expect(body).not.toContain('10.11.12.13')
    expect(JSON.parse(body)).toMatchObject({ error: 'STORAGE_UNAVAILABLE', findings: [{ code: 'REPLICA' }] })
    expect(logged.join('')).toContain(address)
    expect((await app.inject('/internal')).body).toContain(address)
  })
})
