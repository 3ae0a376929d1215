// `next` of Express and ours are callbacks.
/* oxlint-disable promise/no-callback-in-promise */
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Storage, createHoldfast } from '@holdfast/core'
import { idempotent } from '@holdfast/http'
import {
  type Instance,
  askAfterwards,
  askWatchdog,
  askWitness,
  kitDefaults,
  kitRoutes,
} from '@holdfast/test-http-conformance'
import compression from 'compression'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import express5 from 'express'
import express4 from 'express4'
import multer from 'multer'
import { perform } from './perform.ts'

export type ExpressName = 'express5' | 'express4'

const versions = { express5, express4: express4 }

/** The events of the whole process, as an operator's subscriber sees them. */
const events: unknown[] = []
subscribe('holdfast:http', (event) => events.push(event))

const LIMIT = 16_384

/** The contract of the HTTP cases, served by Express with common middleware. */
export async function serveExpress(
  name: ExpressName,
  storage: Storage,
  callTimeoutMs: number,
): Promise<Instance> {
  const express = versions[name]
  const holdfast = createHoldfast({ storage, prefix: 'kit', callTimeoutMs })
  const { idempotency } = holdfast
  const app = express()
  app.use(compression({ threshold: 1_024 }))
  app.use(watchdog)
  app.use(express.json({ limit: LIMIT }), express.text({ limit: LIMIT }), multer().any())

  const plain = async (request: Request, response: Response): Promise<unknown> =>
    perform(await askWitness(request.headers), response, idempotency)
  const own = async (request: Request, response: Response): Promise<unknown> => {
    await plain(request, response)
    const after = await askAfterwards(request.headers)
    return after === undefined || after.kind !== 'throw' ? undefined : perform(after, response, idempotency)
  }
  const callback = (request: Request, response: Response, next: NextFunction): void => {
    askWitness(request.headers)
      .then((instruction) => perform(instruction, response, idempotency))
      .catch(next)
  }
  const handlers: Readonly<
    Record<string, (request: Request, response: Response, next: NextFunction) => unknown>
  > = { own, callback }
  for (const [route, { method, path, options }] of Object.entries(kitRoutes)) {
    app[method === 'PATCH' ? 'patch' : 'post'](
      path,
      ...(before[route] ?? []),
      idempotent<Request, Response>({ ...kitDefaults, ...options, holdfast }, handlers[route] ?? plain),
    )
  }
  app.get('/charge', (request, response, next) => void plain(request, response).catch(next))
  app.get('/kit/events', (_request, response) => void response.json(events))
  app.use(renderErrors)

  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      server.closeIdleConnections()
      await holdfast.close({ graceMs: 1_000 })
      server.closeAllConnections()
    },
  }
}

/** The middleware that some routes of the contract have before their handler. */
const before: Readonly<Record<string, readonly RequestHandler[]>> = {
  validated: [
    (request, response, next) => {
      if (typeof (request.body as { amount?: unknown } | undefined)?.amount === 'number') next()
      else response.status(400).json({ status: 400 })
    },
  ],
  guarded: [refuse({ nobody: 401, eager: 429 })],
  late: [refuse({ nobody: 401 })],
  timed: [
    (request, _response, next) => {
      // Like connect-timeout, but the case decides when the time is over.
      void askWatchdog(request.headers)?.then(({ status, text }) =>
        next(Object.assign(new Error(text), { status })),
      )
      next()
    },
  ],
}

function refuse(statuses: Readonly<Record<string, number>>): RequestHandler {
  return (request, response, next) => {
    const status = statuses[String(request.headers['x-role'])]
    if (status === undefined) next()
    else response.status(status).json({ status })
  }
}

function watchdog(request: Request, response: Response, next: NextFunction): void {
  if (request.path !== '/timed') {
    void askWatchdog(request.headers)?.then(({ status, text }) => {
      if (!response.headersSent) response.status(status).send(text)
    })
  }
  next()
}

function renderErrors(error: Error, request: Request, response: Response, next: NextFunction): void {
  const status = { '/filtered': 418, '/pardoned': 200 }[request.path]
  if (status === undefined || response.headersSent) next(error)
  else response.status(status).json({ filtered: error.message })
}
