import { Readable } from 'node:stream'
import {
  type ArgumentsHost,
  BadRequestException,
  Body,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Header,
  HttpCode,
  HttpException,
  Injectable,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  Post,
  Query,
  StreamableFile,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common'
import { Idempotent, currentRequestExecution } from '@holdfast/nest'
import { delay, map, of, tap } from 'rxjs'
import { expect, it } from 'vitest'
import { type AnyResponse, executionsOf, onEachPlatform, post } from './each-platform.ts'

onEachPlatform('what @Idempotent records and replays', (start) => {
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
})
