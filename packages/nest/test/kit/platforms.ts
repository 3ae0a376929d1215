import compress from '@fastify/compress'
import multipart from '@fastify/multipart'
import type { INestApplication } from '@nestjs/common'
import { AnyFilesInterceptor, ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { SwaggerModule } from '@nestjs/swagger'
import compression from 'compression'
import { askWatchdog } from '@holdfast/http-kit'
import type { KitPlatform } from './kit-app.ts'

const BODY_LIMIT = 16_384

export type PlatformName = 'express' | 'fastify'

/** The platforms under Nest 12, with what apps have on them. */
export const platforms: Readonly<Record<PlatformName, KitPlatform>> = {
  express: {
    adapter: () => new ExpressAdapter(),
    uploads: AnyFilesInterceptor(),
    prepare(app) {
      const express = app as NestExpressApplication
      express.useBodyParser('json', { limit: BODY_LIMIT })
      express.useBodyParser('text', { limit: BODY_LIMIT })
      express.use(compression({ threshold: 1_024 }))
      express.use(sendingBytes)
      express.use(watchdog)
      describe(app)
    },
  },
  fastify: {
    adapter: () => new FastifyAdapter({ bodyLimit: BODY_LIMIT }),
    async prepare(app) {
      const fastify = app as NestFastifyApplication
      await fastify.register(compress, { threshold: 1_024 })
      await fastify.register(multipart, { attachFieldsToBody: true })
      fastify
        .getHttpAdapter()
        .getInstance()
        .addHook('onRequest', async (request, reply) => watch(request, reply))
      describe(app)
    },
  },
}

function describe(app: INestApplication): void {
  const adapter = app.getHttpAdapter()
  adapter.get('/openapi.json', (_request: unknown, response: unknown) => {
    adapter.reply(
      response,
      SwaggerModule.createDocument(app, { openapi: '3.0.0', info: { title: '', version: '' } }),
    )
  })
}

interface WatchedRequest {
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** The watchdog of `/timed` is an interceptor. */
function watch(
  { url, headers }: WatchedRequest,
  response: { status(code: number): { send(text: string): unknown } },
): void {
  if (url === '/timed') return
  void askWatchdog(headers)?.then(({ status, text }) => response.status(status).send(text))
}

function watchdog(request: WatchedRequest, response: Parameters<typeof watch>[1], next: () => void): void {
  watch(request, response)
  next()
}

/** Nest on Express has a handler's bytes turned into JSON; an app that wants to return them has to say so. */
function sendingBytes(
  _request: unknown,
  response: { json(body: unknown): unknown; send(body: unknown): unknown },
  next: () => void,
): void {
  const json = response.json.bind(response)
  response.json = (body) => (Buffer.isBuffer(body) ? response.send(body) : json(body))
  next()
}
