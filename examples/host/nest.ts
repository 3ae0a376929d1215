import 'reflect-metadata'
import {
  Controller,
  Get,
  HttpCode,
  Injectable,
  Logger,
  Module,
  type OnApplicationShutdown,
  Post,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import { Holdfast, HoldfastHealthIndicator, HoldfastModule, Idempotent } from '@holdfast/nest'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { createClient } from 'redis'
import { type Environment, readEnvironment } from './environment.ts'
import { EXIT_CONFIGURATION, StartRefused, checkStart } from './start-check.ts'

const logger = new Logger('start')
const environment = environmentOrExit()

const redis = createClient({
  url: environment.REDIS_URL,
  // Instead of the URL's, so that a secret need not be put together with the rest.
  ...(environment.REDIS_PASSWORD !== undefined && { password: environment.REDIS_PASSWORD }),
  // CLIENT LIST shows it.
  name: environment.HOLDFAST_PREFIX,
  socket: {
    // A server that does not answer at all is tried again after this, and a half-open connection is found by keepAlive.
    connectTimeout: 5_000,
    keepAliveInitialDelay: 10_000,
    // For ever, and at most two seconds after Redis is back.
    reconnectStrategy: (retries) => Math.min(100 * (retries + 1), 2_000),
  },
})

// The module logs when the connection is lost and ready again; this says why, once for each reason.
const redisLogger = new Logger('redis')
let said = ''
redis.on('ready', () => (said = ''))
redis.on('error', (error: Error & { code?: string }) => {
  const reason = error.message || (error.code ?? error.name)
  if (reason !== said) redisLogger.warn(reason)
  said = reason
})
// Not awaited: it tries for ever, and checkStart says how long that may take.
redis.connect().catch(() => {})

@Controller()
class ShopController {
  readonly #health: HealthCheckService
  readonly #holdfast: HoldfastHealthIndicator

  constructor(health: HealthCheckService, holdfast: HoldfastHealthIndicator) {
    this.#health = health
    this.#holdfast = holdfast
  }

  /** Readiness. */
  @Get('health')
  ready(): Promise<object> {
    return this.#health.check([() => this.#holdfast.isHealthy('redis')])
  }

  /** Liveness: touches nothing. */
  @Get('live')
  live(): string {
    return 'alive'
  }

  @Post('orders')
  @HttpCode(201)
  @Idempotent()
  async place(): Promise<object> {
    return { placed: true }
  }
}

/** Nest calls the hooks of a module after those of the modules that it imports, so Holdfast has let go of the client. */
@Injectable()
class RedisClient implements OnApplicationShutdown {
  async onApplicationShutdown(): Promise<void> {
    // close() would wait for a server that is not there.
    if (redis.isReady) await redis.close()
    else redis.destroy()
  }
}

@Module({
  imports: [
    TerminusModule,
    HoldfastModule.forRoot({
      storage: nodeRedisStorage(redis),
      prefix: environment.HOLDFAST_PREFIX,
      instance: environment.HOLDFAST_INSTANCE,
      callTimeoutMs: environment.HOLDFAST_CALL_TIMEOUT_MS,
      locks: { leaseMs: environment.HOLDFAST_LEASE_MS },
      idempotency: { leaseMs: environment.HOLDFAST_LEASE_MS },
      graceMs: environment.HOLDFAST_GRACE_MS,
      http: { scope: 'global' }, // with your guard: ({ user }) => user.id
    }),
  ],
  controllers: [ShopController],
  providers: [RedisClient],
})
class AppModule {}

// Behind a proxy, connections stay open while nothing is asked: they must not hold up the shutdown.
const app = await NestFactory.create(AppModule, { forceCloseConnections: true })
// SIGTERM and SIGINT close the app, also while it starts. Then the process ends by that signal.
app.enableShutdownHooks(['SIGTERM', 'SIGINT'])

try {
  await checkStart(app.get(Holdfast), {
    refuseOn: environment.HOLDFAST_START_CHECK,
    waitMs: environment.HOLDFAST_START_WAIT_MS,
    warn: (text) => logger.warn(text),
  })
  await app.listen(environment.PORT, environment.HOST)
} catch (error) {
  process.exitCode = error instanceof StartRefused ? error.exitCode : 1
  logger.fatal(error instanceof StartRefused ? `not started: ${error.message}` : error)
  await app.close()
}

function environmentOrExit(): Environment {
  try {
    return readEnvironment(process.env)
  } catch (error) {
    console.error(`not started, for the environment is wrong:\n${(error as Error).message}`)
    process.exit(EXIT_CONFIGURATION)
  }
}
