import { holdfast, holdfastHealth } from '@holdfast/fastify'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import fastify from 'fastify'
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

const app = fastify({
  logger: true,
  // Behind a proxy, its connections stay open while nothing is asked: they must not hold up the shutdown.
  forceCloseConnections: 'idle',
})

// The plugin logs when the connection is lost and ready again; this says why, once for each reason.
let said = ''
redis.on('ready', () => (said = ''))
redis.on('error', ({ message }) => {
  if (message !== said) app.log.warn(`redis: ${message}`)
  said = message
})

await app.register(holdfast, {
  storage: ioredisStorage(redis),
  prefix: environment.HOLDFAST_PREFIX,
  instance: environment.HOLDFAST_INSTANCE,
  callTimeoutMs: environment.HOLDFAST_CALL_TIMEOUT_MS,
  locks: { leaseMs: environment.HOLDFAST_LEASE_MS },
  idempotency: { leaseMs: environment.HOLDFAST_LEASE_MS },
  graceMs: environment.HOLDFAST_GRACE_MS,
  http: { scope: 'global' }, // with your authentication: ({ user }) => user.id
})
await app.register(holdfastHealth) // readiness, at /health
app.get('/live', async () => 'alive') // liveness: touches nothing

app.post('/orders', { config: { idempotency: true } }, async (_request, reply) =>
  reply.code(201).send({ placed: true }),
)

// Also while it starts. The process ends by itself: nothing is open any more.
const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    stopping.abort()
    void shutDown()
  })
}

try {
  await app.ready()
  await checkStart(app.holdfast, {
    refuseOn: environment.HOLDFAST_START_CHECK,
    waitMs: environment.HOLDFAST_START_WAIT_MS,
    signal: stopping.signal,
    warn: (text) => app.log.warn(text),
  })
  await app.listen({ host: environment.HOST, port: environment.PORT })
} catch (error) {
  // Asked to stop while it starts, it stops, and that is no fault.
  if (!stopping.signal.aborted) {
    process.exitCode = error instanceof StartRefused ? error.exitCode : 1
    app.log.fatal(error instanceof StartRefused ? `not started: ${error.message}` : error)
    await shutDown()
  }
}

/** Stops taking requests, lets those in flight end, releases what this instance holds, and closes the client last. */
async function shutDown(): Promise<void> {
  await app.close()
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
