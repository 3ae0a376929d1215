/** The kit's app as a program: `kit-main express|fastify`, with `REDIS_URL`. */
import 'reflect-metadata'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Redis } from 'ioredis'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { type KitPlatform, kitApp } from '../../../packages/nest/test/kit/kit-app.ts'

const platforms: Readonly<Record<string, KitPlatform>> = {
  express: {
    adapter: () => new ExpressAdapter(),
    prepare(app) {
      const express = app as NestExpressApplication
      express.useBodyParser('json', { limit: 16_384 })
      express.useBodyParser('text', { limit: 16_384 })
      express.use(
        (
          _request: unknown,
          response: { json(body: unknown): unknown; send(body: unknown): unknown },
          next: () => void,
        ) => {
          const json = response.json.bind(response)
          response.json = (body) => (Buffer.isBuffer(body) ? response.send(body) : json(body))
          next()
        },
      )
    },
  },
  fastify: { adapter: () => new FastifyAdapter({ bodyLimit: 16_384 }), prepare: () => undefined },
}

async function main(platform: KitPlatform): Promise<void> {
  const client = new Redis(process.env['REDIS_URL'] ?? '')
  const app = await kitApp(platform, ioredisStorage(client), 60_000)
  process.once('SIGTERM', () => void app.close().then(() => client.disconnect()))
  await app.listen(0, '127.0.0.1')
  console.log(`listening ${await app.getUrl()}`)
}

void main(platforms[process.argv[2] ?? ''] as KitPlatform)
