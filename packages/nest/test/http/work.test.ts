import { AsyncResource } from 'node:async_hooks'
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  HttpCode,
  HttpException,
  type NestInterceptor,
  Post,
  RequestTimeoutException,
  Res,
  UseInterceptors,
} from '@nestjs/common'
import { memoryStorage } from '@holdfast/core'
import { Idempotent, currentRequestExecution } from '@holdfast/nest'
import timeoutAfter from 'connect-timeout'
import { TimeoutError, catchError, map, retry, throwError, timeout } from 'rxjs'
import { expect, it } from 'vitest'
import { deferred } from '../deferred.ts'
import { type AnyResponse, type Answered, onEachPlatform, post } from './each-platform.ts'

/** As in Nest's documentation. */
class TimeoutInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      timeout(50),
      catchError((error: unknown) =>
        throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException() : error)),
      ),
    )
  }
}

class RetryInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(retry(2))
  }
}

/** Makes failures of what handlers return, and has them called again. */
class RejectingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      map((value: unknown) => {
        if (value === 'rejected') throw new HttpException('rejected', 500)
        return value
      }),
      retry(1),
    )
  }
}

onEachPlatform('@Idempotent, while the handler works', (start, platform) => {
  it('keeps the key when a TimeoutInterceptor has answered, until the handler has ended', async () => {
    const gates = { success: deferred(), failure: deferred() }
    const runs = { success: 0, failure: 0 }

    @Controller()
    @UseInterceptors(new TimeoutInterceptor())
    class Slow {
      @Post('success')
      @Idempotent()
      async success() {
        runs.success += 1
        await gates.success.promise
        return { charged: runs.success }
      }

      @Post('failure')
      @Idempotent()
      async failure() {
        runs.failure += 1
        if (runs.failure > 1) return { charged: runs.failure }
        await gates.failure.promise
        throw new Error('not charged')
      }
    }

    const { url } = await start([Slow])
    for (const path of ['success', 'failure'] as const) {
      const answers = await answersUntil(`${url}/${path}`, () => runs[path] === 1)
      // On a busy machine the time may be over before the handler begins.
      expect(answers.every(({ status }) => status === 408)).toBe(true)
      await expect.poll(async () => (await post(`${url}/${path}`)).text).toContain('IDEMPOTENCY_IN_PROGRESS')
      expect(runs[path]).toBe(1)
      gates[path].resolve()
    }
    await expect
      .poll(async () => (await post(`${url}/success`)).text)
      .toContain('IDEMPOTENCY_RESPONSE_NOT_STORED')
    expect(runs.success).toBe(1)
    await answersUntil(`${url}/failure`, () => runs.failure === 2)
  })

  it('shows no execution to what a handler has left running', async () => {
    let look = (): unknown => expect.fail('the handler has not run')

    @Controller()
    class Leaving {
      @Post()
      @Idempotent()
      leaves() {
        look = AsyncResource.bind(() => currentRequestExecution())
        return { attempt: currentRequestExecution()?.attempt }
      }
    }

    const { url } = await start([Leaving])
    expect(await post(url)).toMatchObject({ status: 201, text: '{"attempt":1}' })
    await expect.poll(look).toBeUndefined()
  })

  it('has one claim for a request whose handler is called again: the last call decides', async () => {
    const attempts: unknown[] = []

    @Controller()
    class Retried {
      @Post('recovers')
      @UseInterceptors(new RetryInterceptor())
      @Idempotent()
      async recovers() {
        attempts.push(currentRequestExecution()?.attempt)
        if (attempts.length < 3) throw new Error('not yet')
        return { calls: attempts.length }
      }

      @Post('fails')
      @UseInterceptors(new RetryInterceptor())
      @Idempotent()
      async fails() {
        attempts.push(currentRequestExecution()?.attempt)
        throw new Error('never')
      }

      @Post('rejected')
      @UseInterceptors(new RejectingInterceptor())
      @Idempotent()
      rejected() {
        attempts.push('rejected')
        return attempts.length === 1 ? 'rejected' : 'accepted'
      }
    }

    const { url } = await start([Retried])
    expect(await post(`${url}/recovers`)).toMatchObject({ status: 201, text: '{"calls":3}' })
    expect(await post(`${url}/recovers`)).toMatchObject({ text: '{"calls":3}', replayed: true })
    expect(attempts.splice(0)).toEqual([1, 1, 1])

    expect(await post(`${url}/fails`)).toMatchObject({ status: 500, replayed: false })
    expect(await post(`${url}/fails`)).toMatchObject({ status: 500, replayed: false })
    expect(attempts.splice(0)).toEqual([1, 1, 1, 2, 2, 2])

    expect(await post(`${url}/rejected`)).toMatchObject({ status: 201, text: 'accepted' })
    expect(await post(`${url}/rejected`)).toMatchObject({ text: 'accepted', replayed: true })
    expect(attempts).toEqual(['rejected', 'rejected'])
  })

  it('refuses once, and replays once, however often an interceptor asks', async () => {
    const held = deferred()
    const begun = deferred()
    let runs = 0

    @Controller()
    @UseInterceptors(new RetryInterceptor())
    class Busy {
      @Post()
      @Idempotent()
      async handle() {
        runs += 1
        begun.resolve()
        await held.promise
        return { runs }
      }
    }

    const { url } = await start([Busy])
    const first = post(url)
    await begun.promise
    expect(await post(url)).toMatchObject({ status: 409 })
    expect(await post(url, 'k', { other: true })).toMatchObject({ status: 422 })
    expect(await post(url, null)).toMatchObject({ status: 400 })
    held.resolve()
    expect(await first).toMatchObject({ status: 201, text: '{"runs":1}' })
    expect(await post(url)).toMatchObject({ status: 201, text: '{"runs":1}', replayed: true })
  })

  it('does not call a handler again whose answer was kept', async () => {
    let runs = 0

    @Controller()
    @UseInterceptors(new RetryInterceptor())
    class Answering {
      @Post()
      @Idempotent()
      async handle(@Res() response: AnyResponse) {
        runs += 1
        response.status(202).send({ runs })
        await Promise.resolve()
        throw new Error('after the answer')
      }
    }

    const { url } = await start([Answering])
    expect(await post(url)).toMatchObject({ status: 202, text: '{"runs":1}' })
    expect(await post(url)).toMatchObject({ status: 202, text: '{"runs":1}', replayed: true })
    expect(runs).toBe(1)
  })

  it('takes what a handler without a promise answers by itself as its end, and a sync value as well', async () => {
    const runs = { callback: 0, value: 0 }

    @Controller()
    class Callbacks {
      @Post('callback')
      @Idempotent()
      callback(@Res() response: AnyResponse): void {
        runs.callback += 1
        setImmediate(() => response.status(runs.callback === 1 ? 503 : 200).send({ run: runs.callback }))
      }

      @Post('value')
      @Idempotent()
      @HttpCode(503)
      value(): object {
        runs.value += 1
        return { run: runs.value }
      }
    }

    const { url } = await start([Callbacks])
    expect(await post(`${url}/callback`)).toMatchObject({ status: 503 })
    await expect.poll(async () => (await post(`${url}/callback`)).text).toBe('{"run":2}')
    expect(await post(`${url}/value`)).toMatchObject({ status: 503, text: '{"run":1}' })
    expect(await post(`${url}/value`)).toMatchObject({ status: 503, text: '{"run":2}' })
  })

  it('calls no handler when an answer has left while the storage was asked', async () => {
    const storage = memoryStorage()
    const { records } = storage
    const put = records.put.bind(records)
    let whileAsked: (() => Promise<void>) | undefined
    records.put = async (...args) => {
      const outcome = await put(...args)
      await whileAsked?.()
      return outcome
    }
    let runs = 0

    @Controller()
    class Charging {
      @Post()
      @Idempotent()
      charge() {
        return { run: (runs += 1) }
      }
    }

    const { url } = await start([Charging], {
      storage,
      prepare: (app) =>
        app.use((_request: unknown, response: AnyNodeAnswer, next: () => void) => {
          whileAsked ??= async () => {
            whileAsked = async () => undefined
            response.statusCode = 503
            response.end('given up')
          }
          next()
        }),
    })
    expect(await post(url)).toMatchObject({ status: 503, text: 'given up' })
    await expect.poll(async () => (await post(url)).text).toBe('{"run":1}')
    expect(runs).toBe(1)
  })

  it('does not do again what was done when the handler could not answer any more', async () => {
    const gate = deferred()
    const begun = deferred()
    let giveUp: (() => void) | undefined
    let runs = 0

    @Controller()
    class Answering {
      @Post()
      @Idempotent()
      async handle(@Res() response: AnyResponse) {
        runs += 1
        begun.resolve()
        await gate.promise
        response.status(201).header('x-charged', 'yes').send({ runs })
      }
    }

    const { url } = await start([Answering], {
      prepare: (app) =>
        app.use((_request: unknown, response: AnyNodeAnswer, next: () => void) => {
          giveUp ??= () => {
            response.statusCode = 503
            response.end('given up')
          }
          next()
        }),
    })
    const first = post(url)
    await begun.promise
    giveUp?.()
    expect(await first).toMatchObject({ status: 503, text: 'given up' })
    expect((await post(url)).text).toContain('IDEMPOTENCY_IN_PROGRESS')
    gate.resolve()
    await expect.poll(async () => (await post(url)).text).toContain('IDEMPOTENCY_RESPONSE_NOT_STORED')
    expect(runs).toBe(1)
  })

  if (platform === 'Express') {
    it('keeps the key when connect-timeout has answered', async () => {
      const gate = deferred()
      let runs = 0

      @Controller()
      class Slow {
        @Post()
        @Idempotent()
        async charge() {
          runs += 1
          await gate.promise
          return { charged: runs }
        }
      }

      const { url } = await start([Slow], { prepare: (app) => app.use(timeoutAfter('50ms')) })
      const answers = await answersUntil(url, () => runs === 1)
      expect(answers.every(({ status }) => status === 503)).toBe(true)
      await expect.poll(async () => (await post(url)).text).toContain('IDEMPOTENCY_IN_PROGRESS')
      expect(runs).toBe(1)
      gate.resolve()
      await expect.poll(async () => (await post(url)).text).toContain('IDEMPOTENCY_RESPONSE_NOT_STORED')
      expect(runs).toBe(1)
    })
  }
})

/** Sends requests with one key until it is so. */
async function answersUntil(url: string, isSo: () => boolean): Promise<Answered[]> {
  const answers: Answered[] = []
  while (!isSo()) answers.push(await post(url))
  return answers
}

interface AnyNodeAnswer {
  statusCode: number
  end(text: string): void
}
