import type { ServerResponse } from 'node:http'
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Post,
  Redirect,
  Res,
  UseFilters,
} from '@nestjs/common'
import { Idempotent } from '@holdfast/nest'
import { expect, it } from 'vitest'
import {
  type AnyNodeResponse,
  type AnyResponse,
  executionsOf,
  onEachPlatform,
  post,
} from './each-platform.ts'

interface FastifyInstance {
  addHook(name: 'onRoute', hook: (route: { onSend?: unknown }) => void): void
}

onEachPlatform('@Idempotent routes that write the response themselves', (start, platform) => {
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

  if (platform === 'Fastify') {
    it('lets Fastify answer for a hook that fails behind the recording', async () => {
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
    })
  }

  if (platform === 'Express') {
    it('records what is written by the methods of Node’s response', async () => {
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
      expect(
        head.map(({ status, headers, replayed }) => [status, headers.get('location'), replayed]),
      ).toEqual([
        [201, '/things/1', false],
        [201, '/things/1', true],
      ])
      expect(head[1]?.headers.get('content-type')).toBe('text/plain')
      expect(head[1]?.text).toBe(head[0]?.text)
      expect(await post(`${url}/pieces`)).toMatchObject({ text: 'one two 2', replayed: false })
      expect(await post(`${url}/pieces`)).toMatchObject({ text: 'one two 2', replayed: true })
      expect(runs).toBe(2)
    })
  }

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
})
