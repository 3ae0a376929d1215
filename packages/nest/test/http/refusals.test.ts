import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  ParseIntPipe,
  Post,
  Query,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import { IdempotencyProblemException, Idempotent } from '@holdfast/nest'
import { finalize } from 'rxjs'
import { expect, it } from 'vitest'
import { type AnyResponse, executionsOf, onEachPlatform, post } from './each-platform.ts'

onEachPlatform('what @Idempotent refuses', (start, platform) => {
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

  if (platform === 'Fastify') {
    it.each([
      ['an answer', 401, 'who are you?'],
      ['an error', 500, new Error('who are you?')],
    ])(
      'leaves a hook of Fastify that sends %s and returns nothing what it was',
      async (_what, status, refusal) => {
        let runs = 0

        @Controller()
        class Guarded {
          @Post()
          @Idempotent()
          handle() {
            return { runs: (runs += 1) }
          }

          @Post('plain')
          plain() {
            return { runs: (runs += 1) }
          }
        }

        const { url } = await start([Guarded], {
          prepare: (app) => {
            const fastify = app.getHttpAdapter().getInstance() as FastifyInstance
            fastify.addHook('preHandler', async ({ headers }, reply) => {
              if (headers['authorization'] === undefined) void reply.code(401).send(refusal)
            })
          },
        })
        expect(await post(url)).toMatchObject({ status })
        expect(await post(`${url}/plain`)).toMatchObject({ status })
        expect(runs).toBe(0)
        expect(await post(url, 'k', {}, { authorization: 'me' })).toMatchObject({ text: '{"runs":1}' })
        expect(await post(url)).toMatchObject({ status, replayed: false })
      },
    )
  }
})

/** As much of Fastify as a hook of an app needs. */
interface FastifyInstance {
  addHook(
    name: 'preHandler',
    hook: (
      request: { readonly headers: Readonly<Record<string, unknown>> },
      reply: { code(status: number): { send(payload: unknown): unknown } },
    ) => Promise<void>,
  ): unknown
}
