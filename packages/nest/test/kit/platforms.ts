import compress from '@fastify/compress'
import multipart from '@fastify/multipart'
import type { INestApplication } from '@nestjs/common'
import { AnyFilesInterceptor, ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { SwaggerModule } from '@nestjs/swagger'
import compression from 'compression'
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
      describe(app)
    },
  },
  fastify: {
    adapter: () => new FastifyAdapter({ bodyLimit: BODY_LIMIT }),
    async prepare(app) {
      const fastify = app as NestFastifyApplication
      await fastify.register(compress, { threshold: 1_024 })
      await fastify.register(multipart, { attachFieldsToBody: true })
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
