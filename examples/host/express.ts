import { once } from 'node:events'
import { createServer } from 'node:http'
import { createHoldfast } from '@holdfast/core'
import { closeAfter, healthView, idempotent, logConnection, whyNoCache, whyNotUp } from '@holdfast/http'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import express, { type Request, type Response } from 'express'
import { Redis } from 'ioredis'
import { type Environment, readEnvironment } from './environment.ts'
import { EXIT_CONFIGURATION, StartRefused, checkStart } from './start-check.ts'

const environment = environmentOrExit()

const redis = new Redis(environment.REDIS_URL, {
  // Instead of the URL's, so that a secret need not be put together with the rest.
  ...(environment.REDIS_PASSWORD !== undefined && { password: environment.REDIS_PASSWORD }),
  // CLIENT LIST shows it.
  connectionName: environment.HOLDFAST_PREFIX,
  // A server that does not answer at all is tried again after this, and a half-open connection is found by keepAlive.
  connectTimeout: 5_000,
  keepAlive: 10_000,
  // For ever, and at most two seconds after Redis is back.
  retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  // Your own commands fail then. Those of Holdfast have HOLDFAST_CALL_TIMEOUT_MS, whatever stands here.
  maxRetriesPerRequest: 3,
})

// Why there is no connection, once for each reason.
let said = ''
redis.on('ready', () => (said = ''))
redis.on('error', ({ message }) => {
  if (message !== said) console.warn(`redis: ${message}`)
  said = message
})

const holdfast = createHoldfast({
  storage: ioredisStorage(redis),
  prefix: environment.HOLDFAST_PREFIX,
  instance: environment.HOLDFAST_INSTANCE,
  callTimeoutMs: environment.HOLDFAST_CALL_TIMEOUT_MS,
  locks: { leaseMs: environment.HOLDFAST_LEASE_MS },
  idempotency: { leaseMs: environment.HOLDFAST_LEASE_MS },
})
const stopLogging = logConnection(holdfast, {
  waiting: () => console.warn('holdfast: waiting for the storage'),
  lost: () => console.warn('holdfast: lost the storage'),
  ready: (downMs) => console.info(`holdfast: connected to the storage after ${downMs} ms`),
})

const orders = idempotent(
  { holdfast, scope: 'global' }, // with your authentication: (request) => request.user.id
  async (_request: Request, response: Response) => {
    response.status(201).json({ placed: true })
  },
)

const app = express()
app.disable('x-powered-by')
// Readiness. What is wrong is logged; the answer has the codes.
app.get('/health', async (_request, response) => {
  const health = await holdfast.health()
  const reason = whyNotUp(health)
  const problem = reason ?? whyNoCache(health)
  if (problem !== undefined) console.warn(`holdfast: ${problem}`)
  response
    .status(reason === undefined ? 200 : 503)
    .set('cache-control', 'no-store')
    .json(healthView(health))
})
// Liveness: touches nothing.
app.get('/live', (_request, response) => {
  response.send('alive')
})
app.use(express.json())
app.post('/orders', orders)

const server = createServer(app)

// Also while it starts. The process ends by itself: nothing is open any more.
const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    stopping.abort()
    void shutDown()
  })
}

try {
  await checkStart(holdfast, {
    refuseOn: environment.HOLDFAST_START_CHECK,
    waitMs: environment.HOLDFAST_START_WAIT_MS,
    signal: stopping.signal,
    warn: (text) => console.warn(text),
  })
  await once(server.listen(environment.PORT, environment.HOST), 'listening')
  console.info(`listening on port ${environment.PORT}`)
} catch (error) {
  // Asked to stop while it starts, it stops, and that is no fault.
  if (!stopping.signal.aborted) {
    process.exitCode = error instanceof StartRefused ? error.exitCode : 1
    console.error(error instanceof StartRefused ? `not started: ${error.message}` : error)
    await shutDown()
  }
}

/** Stops taking requests, lets those in flight end, releases what this instance holds, and closes the client last. */
async function shutDown(): Promise<void> {
  stopLogging()
  // Connections on which nothing is asked are closed at once, and answers that are on their way are sent.
  const closed = server.listening ? once(server.close(), 'close') : undefined
  const requests = Promise.all([closed, orders.drained()]).then(() => {})
  await closeAfter(requests, environment.HOLDFAST_GRACE_MS, holdfast.close)
  // A client that neither asks nor leaves.
  server.closeAllConnections()
  // quit() would wait for a server that is not there.
  if (redis.status === 'ready') await redis.quit()
  else redis.disconnect()
}

function environmentOrExit(): Environment {
  try {
    return readEnvironment(process.env)
  } catch (error) {
    console.error(`not started, for the environment is wrong:\n${(error as Error).message}`)
    process.exit(EXIT_CONFIGURATION)
  }
}
