import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type OutgoingHttpHeaders, type ServerResponse, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import {
  type ArgumentsHost,
  BadRequestException,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  ConsoleLogger,
  Controller,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  HttpException,
  type INestApplication,
  Injectable,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  type PipeTransform,
  Post,
  Put,
  Query,
  Redirect,
  Res,
  Scope,
  StreamableFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
  Version,
  VersioningType,
} from '@nestjs/common'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { send } from '@holdfast/http-kit'
import {
  Holdfast,
  HoldfastModule,
  type HoldfastModuleOptions,
  IdempotencyProblemException,
  Idempotent,
  type IdempotentOptions,
  Locked,
  currentLease,
  currentRequestExecution,
} from '@holdfast/nest'
import { Observable, delay, map, of, tap, finalize } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from './deferred.ts'

type Class = new (...args: never[]) => object

interface FastifyInstance {
  addHook(name: 'onRoute', hook: (route: { onSend?: unknown }) => void): void
}

/** What both platforms' responses have in common here. */
interface AnyResponse {
  status(code: number): AnyResponse
  header(name: string, value: string): AnyResponse
  send(body: unknown): unknown
  readonly raw?: AnyNodeResponse
}

interface AnyNodeResponse {
  statusCode: number
  end(text: string): void
}

const platforms = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter(),
}

interface RunningApp {
  readonly app: INestApplication
  readonly holdfast: Holdfast
  readonly url: string
}

const running: INestApplication[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()))
})

describe.for(Object.entries(platforms))('@Idempotent on %s', ([platform, adapter]) => {
  async function start(
    controllers: Class[],
    {
      prepare,
      ...options
    }: Partial<HoldfastModuleOptions> & { prepare?: (app: INestApplication) => void } = {},
    imports: DynamicModule[] = [],
  ): Promise<RunningApp> {
    const module = await Test.createTestingModule({
      imports: [
        ...imports,
        HoldfastModule.forRoot({
          storage: memoryStorage(),
          http: { scope: 'global' },
          graceMs: 500,
          ...options,
        } as HoldfastModuleOptions),
      ],
      controllers,
    }).compile()
    const app = module.createNestApplication<INestApplication>(adapter(), { logger: false })
    running.push(app)
    prepare?.(app)
    await app.listen(0, '127.0.0.1')
    const { port } = app.getHttpServer().address() as AddressInfo
    return { app, holdfast: app.get(Holdfast), url: `http://127.0.0.1:${port}` }
  }

  async function post(
    url: string,
    key: string | null = 'k',
    body: unknown = {},
    headers: OutgoingHttpHeaders = {},
  ) {
    const text = JSON.stringify(body)
    const { answer } = send(new URL(url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        ...(key === null ? {} : { 'idempotency-key': key }),
        ...headers,
      },
      body: Buffer.from(text),
    })
    const { status, headers: received, text: sent } = await answer
    return {
      status,
      text: sent,
      replayed: received['idempotent-replayed'] === 'true',
      headers: new Headers(received as Record<string, string>),
    }
  }

  const executionsOf = async (holdfast: Holdfast, route: string) => {
    const { executions } = await holdfast.idempotency.list(`http:POST ${route}`)
    return executions.map(({ status }) => status)
  }

  it('replays what the handler answered, with its status and headers', async () => {
    let runs = 0

    @Controller('orders')
    class Orders {
      @Post(':id')
      @HttpCode(202)
      @Header('Location', '/orders/7')
      @Header('X-Other', 'always')
      @Idempotent()
      create(@Param('id', ParseIntPipe) id: number, @Body() body: { amount: number }) {
        runs += 1
        return { id, ...body, runs, precise: 1.0, text: 'é😀' }
      }
    }

    const { url, holdfast } = await start([Orders], { prepare: (app) => app.setGlobalPrefix('v1') })
    const first = await post(`${url}/v1/orders/7`, 'k', { amount: 3 })
    const second = await post(`${url}/v1/orders/7`, '"k"', { amount: 3 })
    expect(first).toMatchObject({ status: 202, replayed: false })
    expect(second).toMatchObject({ status: 202, replayed: true, text: first.text })
    expect(second.headers.get('location')).toBe('/orders/7')
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'))
    expect(runs).toBe(1)
    expect(await executionsOf(holdfast, '/v1/orders/:id')).toEqual(['completed'])
    expect(await post(`${url}/v1/orders/8`, 'k', { amount: 3 })).toMatchObject({ replayed: false })
    expect(await post(`${url}/v1/orders/7`, 'k', { amount: 4 })).toMatchObject({ status: 422 })
    expect(runs).toBe(2)
  })

  it('does not use a key up that guards or pipes refuse', async () => {
    const seen: unknown[] = []

    @Injectable()
    class Guard implements CanActivate {
      canActivate(context: ExecutionContext) {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>()
        return headers['x-role'] !== 'nobody'
      }
    }

    @Controller()
    class Guarded {
      @Post('guarded')
      @UseGuards(Guard)
      @Idempotent()
      guarded(@Query('amount', ParseIntPipe) amount: number) {
        seen.push(amount)
        return { amount }
      }
    }

    const { url, holdfast } = await start([Guarded])
    expect(await post(`${url}/guarded?amount=1`, 'k', {}, { 'x-role': 'nobody' })).toMatchObject({
      status: 403,
    })
    expect(await post(`${url}/guarded?amount=much`, 'k')).toMatchObject({ status: 400 })
    expect(await executionsOf(holdfast, '/guarded')).toEqual([])
    expect(await post(`${url}/guarded?amount=1`, 'k')).toMatchObject({ status: 201, replayed: false })
    // Authorisation is asked again before a replay.
    expect(await post(`${url}/guarded?amount=1`, 'k', {}, { 'x-role': 'nobody' })).toMatchObject({
      status: 403,
    })
    expect(await post(`${url}/guarded?amount=1`, 'k')).toMatchObject({ status: 201, replayed: true })
    expect(seen).toEqual([1])
  })

  it('refuses with problem documents, whatever filters make of exceptions, and tells interceptors and filters', async () => {
    const seen: string[] = []

    @Catch()
    class Everything implements ExceptionFilter {
      catch(error: unknown, host: ArgumentsHost) {
        seen.push(error instanceof IdempotencyProblemException ? error.problem.code : String(error))
        host
          .switchToHttp()
          .getResponse<AnyResponse>()
          .status(418)
          .header('x-filter', 'yes')
          .send({ filtered: true })
      }
    }

    @Injectable()
    class Watching implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler) {
        return next.handle().pipe(finalize(() => seen.push('finalized')))
      }
    }

    @Controller()
    class Refusing {
      @Post()
      @UseFilters(Everything)
      @UseInterceptors(Watching)
      @Idempotent()
      handle() {
        return { handled: true }
      }
    }

    const { url, holdfast } = await start([Refusing])
    const missing = await post(url, null)
    expect(missing).toMatchObject({ status: 400 })
    expect(missing.headers.get('content-type')).toMatch('application/problem+json')
    expect(missing.headers.get('x-filter')).toBeNull()
    expect(JSON.parse(missing.text)).toMatchObject({ code: 'IDEMPOTENCY_KEY_MISSING', status: 400 })
    expect(await post(url, 'a b')).toMatchObject({ status: 400 })
    expect(await executionsOf(holdfast, '/')).toEqual([])
    expect(await post(url, 'k', { a: 1 })).toMatchObject({ status: 201 })
    expect(await post(url, 'k', { a: 2 })).toMatchObject({ status: 422 })
    expect(await post(url, 'k', { a: 1 })).toMatchObject({ status: 201, replayed: true })
    expect(seen).toEqual([
      'finalized',
      'IDEMPOTENCY_KEY_MISSING',
      'finalized',
      'IDEMPOTENCY_KEY_MALFORMED',
      'finalized',
      'finalized',
      'IDEMPOTENCY_KEY_REUSED',
      'finalized',
    ])
  })

  it('records what exception filters make of what a handler throws', async () => {
    let runs = 0

    @Catch(RangeError)
    class RangeFilter implements ExceptionFilter {
      catch(error: RangeError, host: ArgumentsHost) {
        host.switchToHttp().getResponse<AnyResponse>().status(418).send({ filtered: error.message })
      }
    }

    @Controller()
    class Throwing {
      @Post('filtered')
      @UseFilters(RangeFilter)
      @Idempotent()
      filtered() {
        runs += 1
        throw new RangeError(`run ${runs}`)
      }

      @Post('bad')
      @Idempotent()
      async bad() {
        runs += 1
        throw new BadRequestException({ run: runs })
      }

      @Post('broken')
      @Idempotent()
      broken() {
        runs += 1
        if (runs < 3) throw new Error('not yet')
        return { attempt: currentRequestExecution()?.attempt }
      }

      @Post('unserializable')
      @Idempotent()
      unserializable() {
        runs += 1
        return { big: 1n }
      }
    }

    const { url, holdfast } = await start([Throwing])
    expect(await post(`${url}/filtered`)).toMatchObject({ status: 418, text: '{"filtered":"run 1"}' })
    expect(await post(`${url}/filtered`)).toMatchObject({
      status: 418,
      text: '{"filtered":"run 1"}',
      replayed: true,
    })
    runs = 0
    expect(await post(`${url}/bad`)).toMatchObject({ status: 400, text: '{"run":1}' })
    expect(await post(`${url}/bad`)).toMatchObject({ status: 400, text: '{"run":1}', replayed: true })
    runs = 0
    expect(await post(`${url}/broken`)).toMatchObject({ status: 500 })
    const { executions } = await holdfast.idempotency.list('http:POST /broken')
    expect(executions[0]).toMatchObject({ status: 'failed', errorMessage: 'not yet' })
    expect(await post(`${url}/broken`)).toMatchObject({ status: 500, replayed: false })
    expect(await post(`${url}/broken`)).toMatchObject({ status: 201, text: '{"attempt":3}' })
    expect(await post(`${url}/broken`)).toMatchObject({ status: 201, text: '{"attempt":3}', replayed: true })
    runs = 0
    expect(await post(`${url}/unserializable`)).toMatchObject({ status: 500 })
    expect(await post(`${url}/unserializable`)).toMatchObject({ status: 500, replayed: false })
    expect(runs).toBe(2)
  })

  it('records what interceptors make of the result, and shows them about the same result again', async () => {
    const seen: unknown[] = []

    @Injectable()
    class Envelope implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler) {
        return next.handle().pipe(
          tap((value) => seen.push(value)),
          map((data: unknown) => ({ data, at: seen.length })),
        )
      }
    }

    @Injectable()
    class Failing implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler) {
        return next.handle().pipe(
          map(() => {
            throw new HttpException('after the handler', 422)
          }),
        )
      }
    }

    @Controller()
    @UseInterceptors(Envelope)
    class Intercepted {
      @Post('wrapped')
      @Idempotent()
      wrapped() {
        return { id: 1 }
      }

      @Post('failing')
      @UseInterceptors(Failing)
      @Idempotent()
      failing() {
        seen.push('ran')
        return { id: 1 }
      }
    }

    const { url } = await start([Intercepted])
    const first = await post(`${url}/wrapped`)
    expect(JSON.parse(first.text)).toEqual({ data: { id: 1 }, at: 1 })
    const second = await post(`${url}/wrapped`)
    expect([second.text, second.replayed]).toEqual([first.text, true])
    expect(seen).toEqual([{ id: 1 }, { data: { id: 1 }, at: 1 }])
    seen.length = 0
    const failed = await post(`${url}/failing`)
    expect(failed).toMatchObject({ status: 422 })
    expect(await post(`${url}/failing`)).toMatchObject({ status: 422, text: failed.text, replayed: true })
    expect(seen).toEqual(['ran'])
  })

  it('works with @Res(), also when it answers later, and with redirects', async () => {
    let runs = 0

    @Controller()
    class Own {
      @Post('own')
      @Idempotent()
      own(@Res() response: AnyResponse) {
        runs += 1
        response.status(203).header('etag', '"v1"').send({ own: runs })
      }

      @Post('later')
      @Idempotent()
      later(@Res() response: AnyResponse) {
        runs += 1
        setImmediate(() => response.status(200).send({ later: runs }))
      }

      @Post('passthrough')
      @Idempotent()
      passthrough(@Res({ passthrough: true }) response: AnyResponse) {
        runs += 1
        response.status(206)
        return { passthrough: runs }
      }

      @Post('away')
      @Redirect('/elsewhere', 303)
      @Idempotent()
      away() {
        runs += 1
        return { url: `/elsewhere/${runs}` }
      }
    }

    const { url } = await start([Own])
    for (const [path, status, text] of [
      ['own', 203, '{"own":1}'],
      ['later', 200, '{"later":2}'],
      ['passthrough', 206, '{"passthrough":3}'],
    ] as const) {
      expect(await post(`${url}/${path}`)).toMatchObject({ status, text, replayed: false })
      expect(await post(`${url}/${path}`)).toMatchObject({ status, text, replayed: true })
    }
    const away = [await post(`${url}/away`), await post(`${url}/away`)]
    expect(away.map(({ status, headers, replayed }) => [status, headers.get('location'), replayed])).toEqual([
      [303, '/elsewhere/4', false],
      [303, '/elsewhere/4', true],
    ])
    expect(runs).toBe(4)
  })

  it('keeps to the first answer of a handler that gives two', async () => {
    let runs = 0

    @Catch(RangeError)
    class Stubborn implements ExceptionFilter {
      catch(_error: RangeError, host: ArgumentsHost) {
        const response = host.switchToHttp().getResponse<AnyResponse>()
        try {
          response.status(418).send({ stubborn: true })
        } catch {
          // Express refuses to set headers that were sent.
        }
      }
    }

    @Controller()
    class Twice {
      @Post('filtered')
      @UseFilters(Stubborn)
      @Idempotent()
      async filtered(@Res() response: AnyResponse) {
        runs += 1
        response.status(202).send({ runs })
        await Promise.resolve()
        throw new RangeError('after the answer')
      }

      @Post('throws')
      @Idempotent()
      async throws(@Res() response: AnyResponse) {
        runs += 1
        response.status(202).send({ runs })
        await Promise.resolve()
        throw new Error('after the answer')
      }
    }

    const { url } = await start([Twice])
    for (const path of ['throws', 'filtered']) {
      const first = await post(`${url}/${path}`)
      expect(first).toMatchObject({ status: 202, text: `{"runs":${runs}}` })
      expect(await post(`${url}/${path}`)).toMatchObject({ status: 202, text: first.text, replayed: true })
    }
    expect(runs).toBe(2)
  })

  it.runIf(platform === 'Fastify')(
    'lets Fastify answer for a hook that fails behind the recording',
    async () => {
      @Controller()
      class Fine {
        @Post()
        @Idempotent()
        handle() {
          return { fine: true }
        }
      }

      const { url, holdfast } = await start([Fine], {
        prepare: (app) => {
          const fastify = app.getHttpAdapter().getInstance() as FastifyInstance
          fastify.addHook('onRoute', (route) => {
            route.onSend = async (_request: unknown, reply: { statusCode: number }) => {
              if (reply.statusCode === 201) throw new Error('the hook failed')
            }
          })
        },
      })
      expect(await post(url)).toMatchObject({ status: 500 })
      expect(await executionsOf(holdfast, '/')).toEqual(['completed'])
    },
  )

  it('lets streams flow, and makes neither them nor their handler twice', async () => {
    let runs = 0

    @Controller()
    class Streams {
      @Post('file')
      @Idempotent()
      file() {
        runs += 1
        return new StreamableFile(Readable.from(['one', 'two', `three${runs}`]), { type: 'text/csv' })
      }

      @Post('buffered')
      @Idempotent({ streams: 'buffer' })
      buffered() {
        runs += 1
        return new StreamableFile(Readable.from(['one', 'two', `three${runs}`]), { type: 'text/csv' })
      }

      @Post('overflow')
      @Idempotent({ streams: 'buffer', maxResponseBytes: 8 })
      overflow() {
        runs += 1
        return new StreamableFile(Readable.from(['one', 'two', `three${runs}`]))
      }
    }

    const { url } = await start([Streams])
    expect(await post(`${url}/file`)).toMatchObject({ status: 201, text: 'onetwothree1' })
    const again = await post(`${url}/file`)
    expect(again.status).toBe(409)
    expect(JSON.parse(again.text)).toMatchObject({
      code: 'IDEMPOTENCY_RESPONSE_NOT_STORED',
      reason: 'stream',
    })
    expect(await post(`${url}/buffered`)).toMatchObject({ status: 201, text: 'onetwothree2' })
    const replay = await post(`${url}/buffered`)
    expect(replay).toMatchObject({ status: 201, text: 'onetwothree2', replayed: true })
    expect(replay.headers.get('content-type')).toBe('text/csv')
    expect(await post(`${url}/overflow`)).toMatchObject({ status: 201, text: 'onetwothree3' })
    expect(await post(`${url}/overflow`)).toMatchObject({ status: 409 })
    expect(runs).toBe(3)
  })

  it.runIf(platform === 'Express')('records what is written by the methods of Node’s response', async () => {
    let runs = 0

    @Controller()
    class Native {
      @Post('head')
      @Idempotent()
      head(@Res() response: ServerResponse) {
        runs += 1
        response.writeHead(201, { Location: `/things/${runs}`, 'Content-Type': 'text/plain' })
        response.end(`latin ${runs} \u00e9`, 'latin1')
      }

      @Post('pieces')
      @Idempotent({ streams: 'buffer' })
      pieces(@Res() response: ServerResponse) {
        runs += 1
        response.flushHeaders()
        response.write('one ')
        response.end(Buffer.from(`two ${runs}`), () => undefined)
      }
    }

    const { url } = await start([Native])
    const head = [await post(`${url}/head`), await post(`${url}/head`)]
    expect(head.map(({ status, headers, replayed }) => [status, headers.get('location'), replayed])).toEqual([
      [201, '/things/1', false],
      [201, '/things/1', true],
    ])
    expect(head[1]?.headers.get('content-type')).toBe('text/plain')
    expect(head[1]?.text).toBe(head[0]?.text)
    expect(await post(`${url}/pieces`)).toMatchObject({ text: 'one two 2', replayed: false })
    expect(await post(`${url}/pieces`)).toMatchObject({ text: 'one two 2', replayed: true })
    expect(runs).toBe(2)
  })

  it('does not run a handler again that went around the framework', async () => {
    let runs = 0

    @Controller()
    class Around {
      @Post()
      @Idempotent()
      around(@Res() response: AnyResponse & { hijack?: () => void }) {
        runs += 1
        response.hijack?.()
        const raw = response.raw ?? (response as unknown as AnyNodeResponse)
        raw.statusCode = 200
        raw.end(`raw ${runs}`)
      }
    }

    const { url } = await start([Around])
    expect(await post(url)).toMatchObject({ status: 200, text: 'raw 1' })
    await expect.poll(async () => (await post(url)).text).not.toMatch('IN_PROGRESS')
    const again = await post(url)
    // Express' own response is Node's, so nothing goes around it there.
    if (platform === 'Express') expect(again).toMatchObject({ status: 200, text: 'raw 1', replayed: true })
    else expect(again).toMatchObject({ status: 409 })
    expect(runs).toBe(1)
  })

  it('finishes for a client that hung up, and has the answer for its next try', async () => {
    const begun = deferred()
    const gate = deferred()
    let runs = 0

    @Controller()
    class Slow {
      @Post('promise')
      @Idempotent()
      async promise() {
        runs += 1
        begun.resolve()
        await gate.promise
        return { runs }
      }

      @Post('observable')
      @Idempotent()
      observable() {
        return new Observable<object>((subscriber) => {
          runs += 1
          begun.resolve()
          void gate.promise.then(() => {
            subscriber.next({ runs })
            subscriber.complete()
          })
          return () => undefined
        })
      }
    }

    const { url, holdfast } = await start([Slow])
    for (const path of ['promise', 'observable']) {
      const sent = httpRequest(`${url}/${path}`, {
        method: 'POST',
        headers: { 'idempotency-key': path, 'content-type': 'application/json', 'content-length': 2 },
      })
      sent.on('error', () => undefined)
      sent.end('{}')
      await begun.promise
      await expect.poll(() => runs).toBe(path === 'promise' ? 1 : 2)
      sent.destroy()
      expect(await post(`${url}/${path}`, path)).toMatchObject({ status: 409 })
      if (path === 'observable') gate.resolve()
    }
    await expect
      .poll(async () => [
        ...(await executionsOf(holdfast, '/promise')),
        ...(await executionsOf(holdfast, '/observable')),
      ])
      .toEqual(['completed', 'completed'])
    expect(await post(`${url}/promise`, 'promise')).toMatchObject({ status: 201, replayed: true })
    expect(await post(`${url}/observable`, 'observable')).toMatchObject({
      text: '{"runs":2}',
      replayed: true,
    })
    expect(runs).toBe(2)
  })

  it('ends the wait of a client that hung up', async () => {
    const begun = deferred()
    const gate = deferred()
    let arrived = 0

    @Controller()
    class Waited {
      @Post()
      @Idempotent({ wait: { maxMs: 60_000 } })
      async handle() {
        begun.resolve()
        await gate.promise
        return {}
      }
    }

    const { url } = await start([Waited], {
      prepare: (app) =>
        app.use((_request: unknown, _response: unknown, next: () => void) => {
          arrived += 1
          next()
        }),
    })
    const refused: unknown[] = []
    const listener = (event: unknown): void => void refused.push((event as { code?: string }).code)
    subscribe('holdfast:http', listener)
    const first = post(url)
    await begun.promise
    const headers = { 'idempotency-key': 'k', 'content-type': 'application/json', 'content-length': 2 }
    const { hangUp } = send(new URL(url), { method: 'POST', headers, body: Buffer.from('{}') })
    await expect.poll(() => arrived).toBe(2)
    hangUp()
    await expect.poll(() => refused).toEqual(['IDEMPOTENCY_IN_PROGRESS'])
    unsubscribe('holdfast:http', listener)
    gate.resolve()
    expect(await first).toMatchObject({ status: 201 })
  })

  it('takes Observables, handlers without parameters and ones with defaults', async () => {
    const counts: number[] = []

    @Controller()
    class Shapes {
      @Post('observable')
      @Idempotent()
      observable() {
        return of({ n: 1 }, { n: 2 }).pipe(delay(1))
      }

      @Post('nothing')
      @HttpCode(204)
      @Idempotent()
      nothing(): void {
        counts.push(arguments.length)
      }

      @Post('defaults')
      @Idempotent()
      defaults(@Query('a') a = 'one', @Query('b') b = 'two', ...rest: unknown[]) {
        counts.push(rest.length)
        return `${a} ${b}`
      }
    }

    const { url } = await start([Shapes])
    expect(await post(`${url}/observable`)).toMatchObject({ text: '{"n":2}' })
    expect(await post(`${url}/nothing`)).toMatchObject({ status: 204, text: '' })
    expect(await post(`${url}/nothing`)).toMatchObject({ status: 204, text: '', replayed: true })
    expect(await post(`${url}/defaults?b=x`)).toMatchObject({ text: 'one x' })
    expect(await post(`${url}/defaults?b=x`)).toMatchObject({ text: 'one x', replayed: true })
    expect(counts).toEqual([0, 0])
  })

  it('keeps its argument from pipes that look into everything', async () => {
    const looked: string[] = []

    class Looking implements PipeTransform {
      transform(value: unknown): unknown {
        looked.push(typeof value)
        return typeof value === 'object' && value !== null ? structuredClone(value) : value
      }
    }

    @Controller()
    class Piped {
      @Post()
      @Idempotent()
      handle(@Body() body: object) {
        return body
      }
    }

    const { url } = await start([Piped], { prepare: (app) => app.useGlobalPipes(new Looking()) })
    expect(await post(url, 'k', { a: 1 })).toMatchObject({ status: 201, text: '{"a":1}' })
    expect(looked.toSorted()).toEqual(['function', 'object'])
  })

  it('decorates the routes of a controller that change something', async () => {
    const runs: string[] = []
    const options: IdempotentOptions<unknown> = { required: false }

    @Controller()
    @Idempotent()
    class Whole {
      @Post('create')
      create() {
        runs.push('create')
        return {}
      }

      @Post('own')
      @Idempotent(options)
      own() {
        runs.push('own')
        return {}
      }

      @Put('put')
      put() {
        runs.push('put')
        return {}
      }

      @Get('get')
      read() {
        return { runs: runs.length, execution: currentRequestExecution() === undefined }
      }
    }

    const { url } = await start([Whole])
    expect(await post(`${url}/create`, null)).toMatchObject({ status: 400 })
    await post(`${url}/create`)
    expect(await post(`${url}/create`)).toMatchObject({ replayed: true })
    expect(await post(`${url}/own`, null)).toMatchObject({ status: 201 })
    const put = { method: 'PUT', headers: { 'idempotency-key': 'k' } }
    expect((await fetch(`${url}/put`, put)).headers.get('idempotent-replayed')).toBeNull()
    expect((await fetch(`${url}/put`, put)).headers.get('idempotent-replayed')).toBeNull()
    expect(await (await fetch(`${url}/get`)).json()).toEqual({ runs: 4, execution: true })
  })

  it('works in request-scoped controllers, and beside other decorators', async () => {
    let made = 0

    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class Scoped {
      readonly number: number

      constructor() {
        made += 1
        this.number = made
      }

      @Locked((body: { id: string }) => `scoped:${body.id}`)
      @Post()
      @Idempotent()
      async handle(@Body() body: { id: string }) {
        return { number: this.number, lease: currentLease()?.name, id: body.id }
      }
    }

    const { url } = await start([Scoped])
    const first = await post(`${url}/scoped`, 'k', { id: 'a' })
    expect(JSON.parse(first.text)).toEqual({ number: 1, lease: 'scoped:a', id: 'a' })
    expect(await post(`${url}/scoped`, 'k', { id: 'a' })).toMatchObject({ text: first.text, replayed: true })
    expect(made).toBe(2)
  })

  it('gives the platform nothing to complain about', async () => {
    const complaints: string[] = []

    @Controller()
    class Quiet {
      @Post()
      @Idempotent()
      handle() {
        return {}
      }
    }

    const module = await Test.createTestingModule({
      imports: [HoldfastModule.forRoot({ storage: memoryStorage(), http: { scope: 'global' } })],
      controllers: [Quiet],
    }).compile()
    const stream = { write: (line: string) => void complaints.push(line) }
    const made =
      platform === 'Fastify' ? new FastifyAdapter({ logger: { level: 'warn', stream } }) : adapter()
    const app = module.createNestApplication<INestApplication>(made, {
      logger: new (class extends ConsoleLogger {
        override error(message: string) {
          complaints.push(message)
        }
      })({ logLevels: ['error'] }),
    })
    running.push(app)
    await app.listen(0, '127.0.0.1')
    const url = await app.getUrl()
    expect([await post(url), await post(url), await post(url, null)].map(({ status }) => status)).toEqual([
      201, 201, 400,
    ])
    expect(complaints).toEqual([])
  })

  it('tells versions of a route apart that share its path', async () => {
    @Controller('versioned')
    class Versioned {
      @Post()
      @Version('1')
      @Idempotent()
      one() {
        return 'one'
      }

      @Post()
      @Version('2')
      @Idempotent()
      two() {
        return 'two'
      }
    }

    const { url } = await start([Versioned], {
      prepare: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    })
    expect(await post(`${url}/versioned`, 'k', {}, { 'x-version': '1' })).toMatchObject({ text: 'one' })
    expect(await post(`${url}/versioned`, 'k', {}, { 'x-version': '2' })).toMatchObject({ text: 'two' })
    expect(await post(`${url}/versioned`, 'k', {}, { 'x-version': '1' })).toMatchObject({
      text: 'one',
      replayed: true,
    })
  })

  it('asks the options about the platform’s own request, and uses the named instance', async () => {
    @Controller()
    class Named {
      @Post()
      @Idempotent({
        holdfast: 'other',
        scope: ({ headers }: { headers: Record<string, string> }) => headers['x-tenant'] ?? 'none',
      })
      handle(@Body() body: object) {
        return body
      }
    }

    const storage = memoryStorage()
    const { url } = await start([Named], {}, [HoldfastModule.forRoot({ name: 'other', storage })])
    expect(await post(url, 'k', { by: 'a' }, { 'x-tenant': 'a' })).toMatchObject({ text: '{"by":"a"}' })
    expect(await post(url, 'k', { by: 'b' }, { 'x-tenant': 'b' })).toMatchObject({ text: '{"by":"b"}' })
    expect(await post(url, 'k', { by: 'a' }, { 'x-tenant': 'a' })).toMatchObject({ replayed: true })
    await using other = createHoldfast({ storage })
    expect(await executionsOf(other, '/')).toEqual(['completed', 'completed'])
  })

  it('keeps an app from starting whose options are wrong', async () => {
    @Controller()
    class Wrong {
      @Post()
      @Idempotent({ methods: ['GET'] })
      handle() {
        return {}
      }
    }

    @Controller()
    class Scopeless {
      @Post()
      @Idempotent()
      handle() {
        return {}
      }
    }

    await expect(start([Wrong])).rejects.toThrow(/@Idempotent on Wrong.handle: methods must/)
    await expect(start([Scopeless], { http: {} })).rejects.toThrow(
      /@Idempotent on Scopeless.handle: scope is missing/,
    )
  })

  it('lets a test call the handler by hand', async () => {
    class ByHand {
      @Post()
      @Idempotent()
      async handle(@Body() body: object) {
        return body
      }
    }

    expect(await new ByHand().handle({ by: 'hand' })).toEqual({ by: 'hand' })
  })

  it('records what a client that hung up will ask for again, before the app ends', async () => {
    const begun = deferred()
    const gate = deferred()
    const gone = deferred()

    @Controller()
    class Slow {
      @Post()
      @Idempotent()
      async slow() {
        begun.resolve()
        await gate.promise
        // A request is let finish; only jobs are told to stop.
        return { aborted: currentRequestExecution()?.signal.aborted }
      }

      onApplicationShutdown() {
        setTimeout(() => gate.resolve(), 20)
      }
    }

    const storage = memoryStorage()
    const { url, app } = await start([Slow], {
      storage,
      prepare: (made) =>
        made.use((_request: unknown, response: ServerResponse, next: () => void) => {
          response.once('close', () => gone.resolve())
          next()
        }),
    })
    const headers = { 'idempotency-key': 'k', 'content-type': 'application/json', 'content-length': 2 }
    const { hangUp } = send(new URL(url), { method: 'POST', headers, body: Buffer.from('{}') })
    await begun.promise
    hangUp()
    await gone.promise
    await app.close()
    const next = await start([Slow], { storage })
    expect(await post(next.url)).toMatchObject({ status: 201, text: '{"aborted":false}', replayed: true })
  })

  it('ends waits when the app shuts down, and gives the running request its end', async () => {
    const begun = deferred()
    const gate = deferred()

    @Controller()
    class Slow {
      @Post()
      @Idempotent({ wait: { maxMs: 60_000 } })
      async slow() {
        begun.resolve()
        await gate.promise
        return { done: true }
      }
    }

    const storage = memoryStorage()
    let arrived = 0
    const { url, app } = await start([Slow], {
      storage,
      prepare: (made) =>
        made.use((_request: unknown, _response: unknown, next: () => void) => {
          arrived += 1
          next()
        }),
    })
    const first = post(url)
    await begun.promise
    const waiting = post(url)
    await expect.poll(() => arrived).toBe(2)
    const closed = app.close()
    expect(await waiting).toMatchObject({ status: 409 })
    gate.resolve()
    expect(await first).toMatchObject({ status: 201, text: '{"done":true}' })
    await closed
    const next = await start([Slow], { storage })
    expect(await post(next.url)).toMatchObject({ status: 201, text: '{"done":true}', replayed: true })
  })
})
