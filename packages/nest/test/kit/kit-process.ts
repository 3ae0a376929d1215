/** The kit's app in a separate process: `kit-process.ts express|fastify ioredis|redis`, with `REDIS_URL`. */
import 'reflect-metadata'
import { type RedisStorageName, serveUntilTerminated } from '@holdfast/test-http-conformance/targets'
import type { PlatformName } from './platforms.ts'
import { serveOn } from './serve.ts'

const [platform, client] = process.argv.slice(2) as [PlatformName, RedisStorageName]
await serveUntilTerminated(serveOn(platform), client)
