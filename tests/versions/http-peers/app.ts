import { askAfterwards, askWatchdog, askWitness, kitRoutes } from '@holdfast/test-http-conformance'
import { type App, type Express, type Middleware, load } from './express.ts'
import type { Handler, Peer } from './peer.ts'
import { perform } from './perform.ts'

const LIMIT = { limit: 16_384 }

interface Multer {
  (): { any(): Middleware }
}

/** The contract of the HTTP cases, on Express with the middlewares that apps have. */
export async function peerApp({ connect }: Peer, redisUrl: string): Promise<App> {
  const protect = await connect(redisUrl)
  const express = await load<Express>('express')
  const multer = await load<Multer>('multer')
  const compression = await load<(options: { threshold: number }) => Middleware>('compression')
  const app = express()
  app.use(compression({ threshold: 1_024 }))
  app.use(express.json(LIMIT))
  app.use(express.text(LIMIT))
  app.use(multer().any())
  app.use(watchdog)
  for (const [name, route] of Object.entries(kitRoutes)) {
    const method = route.method === 'POST' ? 'post' : 'patch'
    app[method](route.path, ...(before[name] ?? []), ...protect(name, route, handle))
  }
  app.get('/charge', async (request, response, next) => {
    try {
      await handle(request, response)
    } catch (error) {
      next(error)
    }
  })
  app.use((error, { path }, response, _next) => {
    if (response.headersSent) return void response.destroy()
    const status = rendered[path] ?? error.status ?? (response.statusCode >= 400 ? response.statusCode : 500)
    if (path in rendered) return void response.status(status).json({ filtered: error.message })
    response.status(status).json({ error: error.message })
  })
  return app
}

const handle: Handler = async ({ path, headers }, response) => {
  const instruction = await askWitness(headers)
  if (path === '/callback') {
    setImmediate(() => void perform(instruction, response))
    return
  }
  await perform(instruction, response)
  const afterwards = path === '/own' ? await askAfterwards(headers) : undefined
  if (afterwards?.kind === 'throw') throw new Error(afterwards.message)
}

/** Answers before the handler, if the request says so. */
const watchdog: Middleware = ({ headers }, response, next) => {
  void askWatchdog(headers)?.then(
    ({ status, text }) => response.headersSent || response.status(status).send(text),
    () => undefined,
  )
  next()
}

/** What the app makes of errors there. */
const rendered: Readonly<Record<string, number>> = { '/filtered': 418, '/pardoned': 200 }

const refuseByRole: Middleware = ({ headers }, response, next) => {
  const status = { nobody: 401, eager: 429 }[String(headers['x-role'])]
  return status === undefined ? next() : response.status(status).json({ status })
}

/** What refuses a request before the library sees it. */
const before: Readonly<Record<string, Middleware[]>> = {
  validated: [
    ({ body }, response, next) =>
      typeof (body as { amount?: unknown } | undefined)?.amount === 'number'
        ? next()
        : response.status(400).json({ error: 'amount must be a number' }),
  ],
  guarded: [refuseByRole],
  late: [refuseByRole],
}
