import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import multipart from '@fastify/multipart'
import { Controller, type INestApplication, Post, UseInterceptors } from '@nestjs/common'
import { FileInterceptor } from '@nestjs/platform-express'
import { FileInterceptor as FastifyFileInterceptor } from '@nestjs/platform-fastify'
import { type Storage, memoryStorage } from '@holdfast/core'
import { holdfast } from '@holdfast/fastify'
import { Idempotent } from '@holdfast/nest'
import fileUpload from 'express-fileupload'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { type StartApp, startOn } from './each-platform.ts'

const http = { scope: 'global' } as const

/** An app of Fastify alone. */
async function startFastify(storage: Storage): Promise<string> {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(holdfast, { storage, http })
  await app.register(multipart, { attachFieldsToBody: true })
  app.post('/form', { config: { idempotency: true } }, async (_request, reply) =>
    reply.code(201).send({ by: 'Fastify' }),
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

/** An app of Nest that takes forms by these. */
async function startNest(
  start: StartApp,
  by: string,
  storage: Storage,
  prepare: (app: INestApplication) => void = () => undefined,
  ...interceptors: Parameters<typeof UseInterceptors>
): Promise<string> {
  @Controller()
  class Uploads {
    @Post('form')
    @UseInterceptors(...interceptors)
    @Idempotent()
    form() {
      return { by }
    }
  }
  return (await start([Uploads], { storage, http, prepare })).url
}

const attach = (app: INestApplication): void => {
  const instance = app.getHttpAdapter().getInstance() as { register(...args: unknown[]): unknown }
  instance.register(multipart, { attachFieldsToBody: true })
}
const temporary = (app: INestApplication): void =>
  void app.use(fileUpload({ useTempFiles: true, tempFileDir: tmpdir() }))

const [express, nestFastify] = [startOn('Express'), startOn('Fastify')]
const apps: readonly [name: string, start: (storage: Storage) => Promise<string>][] = [
  ['Fastify', startFastify],
  ['Nest, multer', (s) => startNest(express, 'multer', s, undefined, FileInterceptor('receipt'))],
  ['Nest, express-fileupload', (s) => startNest(express, 'fileupload', s, temporary)],
  ['Nest on Fastify, attached', (s) => startNest(nestFastify, 'attached', s, attach)],
  [
    'Nest on Fastify, interceptor',
    (s) => startNest(nestFastify, 'interceptor', s, undefined, FastifyFileInterceptor('receipt')),
  ],
]

interface Form {
  readonly content?: string
  readonly amount?: string
  readonly name?: string
  readonly tags?: readonly string[]
}

async function send(
  url: string,
  key: string,
  { content = 'bytes', amount = '1', name = 'r.txt', tags = [] }: Form,
) {
  const body = new FormData()
  body.set('amount', amount)
  for (const tag of tags) body.append('tag', tag)
  body.set('receipt', new Blob([content], { type: 'text/plain' }), name)
  const headers = { 'idempotency-key': key, connection: 'close' }
  const answer = await fetch(`${url}/form`, { method: 'POST', body, headers })
  return {
    status: answer.status,
    text: await answer.text(),
    replayed: answer.headers.get('idempotent-replayed'),
  }
}

it.each<[string, Form]>([
  ['a field and a file', {}],
  ['a field that is repeated', { tags: ['a', 'b'] }],
  ['an empty file', { content: '' }],
  ['a file whose name is not ASCII', { name: 'Beleg für März ✓.txt' }],
  ['a file whose name would fit into Latin-1', { name: 'Beleg für März.txt' }],
])('apps over one storage take %s for the same request', async (_name, form) => {
  const storage = memoryStorage()
  const started = await Promise.all(apps.map(async ([name, start]) => ({ name, url: await start(storage) })))
  for (const [key, { url }] of started.entries()) {
    const first = await send(url, `k${key}`, form)
    expect(first).toMatchObject({ status: 201, replayed: null })
    for (const { name, url: other } of started) {
      expect({ name, ...(await send(other, `k${key}`, form)) }).toEqual({ name, ...first, replayed: 'true' })
    }
  }
  for (const changed of [{ content: 'other' }, { amount: '2' }, { name: 'ä.txt' }]) {
    for (const { url } of started) {
      expect((await send(url, 'k0', { ...form, ...changed })).status).toBe(422)
    }
  }
})
