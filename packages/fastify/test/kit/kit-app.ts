import { subscribe } from 'node:diagnostics_channel'
import { Readable } from 'node:stream'
import compress from '@fastify/compress'
import multipart from '@fastify/multipart'
import swagger from '@fastify/swagger'
import type { Storage } from '@holdfast/core'
import {
  type Instruction,
  askAfterwards,
  askWatchdog,
  askWitness,
  blockEventLoop,
  kitDefaults,
  kitRoutes,
} from '@holdfast/test-http-conformance'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type RouteIdempotencyOptions, describeIdempotency, holdfast } from '../../src/index.ts'

/** Of this whole process, as an operator's subscriber would see them. */
const events: unknown[] = []
subscribe('holdfast:http', (event) => events.push(event))

/** The contract of the HTTP cases, served by Fastify 5 with the plugins that apps have. */
export async function kitApp(storage: Storage, callTimeoutMs: number): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: 16_384 })
  await app.register(swagger, { openapi: {}, transform: describeIdempotency })
  await app.register(compress, { threshold: 1_024 })
  await app.register(multipart, { attachFieldsToBody: true })
  await addKitRoutes(app, storage, callTimeoutMs)
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  return app
}

/** The routes of the contract and what they need. */
export async function addKitRoutes(
  app: FastifyInstance,
  storage: Storage,
  callTimeoutMs: number,
): Promise<void> {
  await app.register(holdfast, { storage, prefix: 'kit', callTimeoutMs, http: kitDefaults })
  app.addHook('onRequest', watchdog)
  // Of a plugin that comes later than ours, for a route that is registered later than both.
  await app.register(async (later) => {
    later.addHook('onRoute', (route) => {
      if (route.url === '/late') route.preHandler = [route.preHandler ?? [], refuseNobody].flat()
    })
    addRoutes(later)
  })
  app.get('/charge', async (request, reply) => perform(await askWitness(request.headers), request, reply))
  app.get('/kit/events', { schema: { hide: true } }, async () => events)
}

function addRoutes(app: FastifyInstance): void {
  for (const [name, { method, path, options }] of Object.entries(kitRoutes)) {
    const idempotency: RouteIdempotencyOptions = options
    app.route({
      method,
      url: path,
      config: { idempotency },
      handler: async (request, reply) => perform(await askWitness(request.headers), request, reply),
      ...extras[name],
    })
  }
}

async function watchdog(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  void askWatchdog(request.headers)?.then(({ status, text }) =>
    request.url === '/timed'
      ? reply.send(Object.assign(new Error(text), { statusCode: status }))
      : reply.code(status).send(text),
  )
}

async function refuseNobody(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  return request.headers['x-role'] === 'nobody' ? reply.code(401).send({ status: 401 }) : undefined
}

/** What some routes of the contract have besides. */
const extras: Readonly<Record<string, object>> = {
  validated: {
    schema: { body: { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } } },
  },
  guarded: {
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      const status = { nobody: 401, eager: 429 }[String(request.headers['x-role'])]
      return status === undefined ? undefined : reply.code(status).send({ status })
    },
  },
  filtered: {
    errorHandler: (error: Error, _request: FastifyRequest, reply: FastifyReply) =>
      reply.code(418).send({ filtered: error.message }),
  },
  pardoned: {
    errorHandler: (error: Error, _request: FastifyRequest, reply: FastifyReply) =>
      reply.code(200).send({ filtered: error.message }),
  },
  own: {
    async handler(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      const answered = perform(await askWitness(request.headers), request, reply)
      const after = askAfterwards(request.headers)
      if (after === undefined) return answered
      await reply
      return perform(await after, request, reply)
    },
  },
  callback: {
    handler(request: FastifyRequest, reply: FastifyReply): void {
      void askWitness(request.headers).then((instruction) => perform(instruction, request, reply))
    },
  },
}

async function perform(
  instruction: Instruction,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  if ('status' in instruction && instruction.kind !== 'throw') void reply.code(instruction.status)
  if ('headers' in instruction) void reply.headers({ ...instruction.headers })
  switch (instruction.kind) {
    case 'json':
      return instruction.json
    case 'text':
      return reply.send(instruction.text)
    case 'bytes':
      return Buffer.from(instruction.base64, 'base64')
    case 'empty':
      return undefined
    case 'stream':
      return Readable.from(instruction.chunks)
    case 'response':
      return new Response(instruction.text, { status: instruction.status })
    case 'throw':
      throw Object.assign(new Error(instruction.message), { statusCode: instruction.status })
    case 'hijack':
      reply.hijack()
      reply.raw.writeHead(instruction.status).end(instruction.text)
      return undefined
    case 'unserializable': {
      const circular: Record<string, unknown> = { n: instruction.how === 'bigint' ? 1n : 1 }
      circular['self'] = circular
      return instruction.how === 'bigint' ? { n: 1n } : circular
    }
    case 'block':
      blockEventLoop(instruction.ms)
      return { blocked: true }
    case 'nested':
      return request.server.holdfast.idempotency.run('kit:nested', instruction.jobKey, () => ({
        nested: true,
      }))
  }
}
