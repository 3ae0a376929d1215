import { tmpdir } from 'node:os'
import multipart from '@fastify/multipart'
import { Controller, Headers, Post, type INestApplication, UseInterceptors } from '@nestjs/common'
import { FileInterceptor } from '@nestjs/platform-express'
import { FileInterceptor as FastifyFileInterceptor, RouteConstraints } from '@nestjs/platform-fastify'
import { memoryStorage } from '@holdfast/core'
import { Idempotent } from '@holdfast/nest'
import fileUpload from 'express-fileupload'
import { expect, it } from 'vitest'
import { type StartApp, onEachPlatform, post } from './each-platform.ts'

async function upload(url: string, content: string, amount = '1'): Promise<number> {
  const body = new FormData()
  body.set('amount', amount)
  body.set('receipt', new Blob([content]), 'receipt.txt')
  const headers = { 'idempotency-key': 'k', connection: 'close' }
  return (await fetch(url, { method: 'POST', body, headers })).status
}

onEachPlatform('comparing', (start, platform) => {
  it('takes no JSON for an uploaded part', async () => {
    @Controller()
    class Payments {
      @Post('pay')
      @Idempotent()
      pay() {
        return {}
      }
    }
    const { url } = await start([Payments])
    const part = (amount: number, toBuffer?: number) => ({
      part: { type: 'file', fieldname: 'part', fields: {}, amount, toBuffer },
    })
    expect((await post(`${url}/pay`, 'k', part(1))).status).toBe(201)
    expect((await post(`${url}/pay`, 'k', part(1))).replayed).toBe(true)
    expect((await post(`${url}/pay`, 'k', part(2))).status).toBe(422)
    expect((await post(`${url}/pay`, 'k', part(1, 1))).status).toBe(422)
  })

  it('does not take a file that a guard put on a JSON request for an upload', async () => {
    @Controller()
    class Payments {
      @Post('pay')
      @Idempotent()
      pay() {
        return {}
      }
    }
    const prepare = (app: INestApplication): void => {
      app.useGlobalGuards({
        canActivate: (context) => {
          Object.assign(context.switchToHttp().getRequest<object>(), {
            file: { fieldname: 'x', path: '/nowhere' },
          })
          return true
        },
      })
    }
    const { url } = await start([Payments], { prepare })
    expect((await post(`${url}/pay`, 'k', { amount: 1 })).status).toBe(201)
    expect((await post(`${url}/pay`, 'k', { amount: 2 })).status).toBe(422)
  })

  // Nest's adapter for Fastify refuses two hosts of one path.
  it.runIf(platform === 'Express')(
    'tells controllers of several hosts apart, and what stands for their parameters',
    async () => {
      @Controller({ host: 'one.example' })
      class One {
        @Post('pay')
        @Idempotent()
        pay() {
          return { by: 'one' }
        }
      }
      @Controller({ host: ':account.two.example' })
      class Two {
        @Post('pay')
        @Idempotent()
        pay(@Headers('host') by: string) {
          return { by }
        }
      }
      const { url } = await start([One, Two])
      const pay = async (host: string): Promise<string> => (await post(`${url}/pay`, 'k', {}, { host })).text
      expect(await pay('one.example')).toBe('{"by":"one"}')
      expect(await pay('a.two.example')).toBe('{"by":"a.two.example"}')
      expect(await pay('b.two.example')).toBe('{"by":"b.two.example"}')
    },
  )
})

/** A controller whose route takes forms by these interceptors; the same, so that all have the same route. */
function uploading(...interceptors: Parameters<typeof UseInterceptors>): new () => object {
  @Controller()
  class Uploads {
    @Post('form')
    @UseInterceptors(...interceptors)
    @Idempotent()
    form() {
      return {}
    }
  }
  return Uploads
}

onEachPlatform('uploads', (start, platform) => {
  it('are compared, and are the same whatever has read them', async () => {
    const storage = memoryStorage()
    const attach = (app: INestApplication): void => {
      const fastify = app.getHttpAdapter().getInstance() as FastifyLike
      fastify.register(multipart, { attachFieldsToBody: true })
    }
    const use =
      (options: object) =>
      (app: INestApplication): void =>
        void app.use(fileUpload(options))
    const apps: readonly [Parameters<StartApp>[0][number], ((app: INestApplication) => void)?][] =
      platform === 'Express'
        ? [
            [uploading(FileInterceptor('receipt'))],
            [uploading(), use({})],
            [uploading(), use({ useTempFiles: true, tempFileDir: tmpdir() })],
          ]
        : [[uploading(), attach], [uploading(FastifyFileInterceptor('receipt'))]]
    for (const [controller, prepare] of apps) {
      const { url } = await start([controller], { storage, ...(prepare && { prepare }) })
      expect(await upload(`${url}/form`, 'some bytes')).toBe(201)
      expect(await upload(`${url}/form`, 'more bytes')).toBe(422)
      expect(await upload(`${url}/form`, 'some bytes', '2')).toBe(422)
    }
  })

  it.runIf(platform === 'Fastify')(
    'to routes that differ in a constraint alone share no answers',
    async () => {
      @Controller()
      class Hosts {
        @Post('pay')
        @RouteConstraints({ host: 'one.example' })
        @Idempotent()
        one() {
          return { host: 1 }
        }

        @Post('pay')
        @Idempotent()
        @RouteConstraints({ host: 'two.example' })
        two() {
          return { host: 2 }
        }
      }
      const { url } = await start([Hosts])
      const pay = async (host: string) => (await post(`${url}/pay`, 'k', {}, { host })).text
      expect(await pay('one.example')).toBe('{"host":1}')
      expect(await pay('two.example')).toBe('{"host":2}')
    },
  )
})

interface FastifyLike {
  register(plugin: unknown, options: object): unknown
}
