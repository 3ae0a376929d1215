import { setImmediate } from 'node:timers/promises'
import { Controller, Post, Res } from '@nestjs/common'
import { Idempotent } from '@holdfast/nest'
import { expect, it } from 'vitest'
import { type AnyResponse, onEachPlatform, post } from './each-platform.ts'

onEachPlatform('answers that cannot be sent', (start, platform) => {
  it('are answered with 500, and end no process', async () => {
    let runs = 0

    @Controller()
    @Idempotent()
    class Failing {
      @Post('body')
      body(@Res() response: { end?(body: unknown): void; raw?: { end(body: unknown): void } }) {
        runs += 1
        ;(response.raw ?? (response as { end(body: unknown): void })).end(5)
      }

      @Post('header')
      header(@Res({ passthrough: true }) response: AnyResponse) {
        runs += 1
        response.header('location', '/中')
        return 'made'
      }

      @Post('status')
      status(@Res({ passthrough: true }) response: { statusCode: number }) {
        runs += 1
        response.statusCode = 99
      }
    }

    const { url } = await start([Failing])
    for (const path of ['body', 'header', 'status']) {
      expect(await post(`${url}/${path}`)).toMatchObject({ status: 500 })
    }
    expect(runs).toBe(3)
    if (platform === 'Express') return
    // The work was done: it is not done again, and its replay is no success.
    expect(await post(`${url}/header`)).toMatchObject({ status: 500 })
    expect(runs).toBe(3)
  })

  if (platform === 'Express') return

  it('a hook that refuses while hooks are at work on its answer is not overtaken by a replay', async () => {
    @Controller()
    class Guarded {
      @Post()
      @Idempotent()
      handle() {
        return 'secret'
      }
    }

    for (const when of ['before', 'behind']) {
      const { url } = await start([Guarded], {
        prepare: (app) => {
          const fastify = app.getHttpAdapter().getInstance() as FastifyInstance
          const slow = () => fastify.addHook('onSend', () => setImmediate<void>())
          if (when === 'before') slow()
          fastify.addHook('onRequest', async ({ headers }, reply) => {
            if (headers['authorization'] === undefined) reply.code(401).send('who are you?')
          })
          if (when === 'behind') {
            fastify.addHook('onRoute', (route) => (route.onSend = () => setImmediate<void>()))
          }
        },
      })
      expect(await post(url, 'k', {}, { authorization: 'me' })).toMatchObject({ text: 'secret' })
      // Nest gives an answer on its way the status of the handler, as it does without us.
      expect(await post(url)).toMatchObject({ text: 'who are you?', replayed: false })
    }
  })
})

/** As much of Fastify as hooks of an app need. */
interface FastifyInstance {
  addHook(name: 'onSend', hook: () => Promise<void>): unknown
  addHook(name: 'onRoute', hook: (route: { onSend?: () => Promise<void> }) => void): unknown
  addHook(
    name: 'onRequest',
    hook: (
      request: { readonly headers: Readonly<Record<string, unknown>> },
      reply: { code(status: number): { send(payload: unknown): unknown } },
    ) => Promise<void>,
  ): unknown
}
