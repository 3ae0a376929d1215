/** The kit's app in a process of its own: `kit-process.ts express|fastify ioredis|redis`, with `REDIS_URL`. */
import 'reflect-metadata'
import { type RedisStorageName, redisStorages } from '../../../fastify/test/kit/storages.ts'
import type { PlatformName } from './platforms.ts'
import { serve } from './targets.ts'

const [platform, name] = process.argv.slice(2) as [PlatformName, RedisStorageName]
const app = await serve(platform, await redisStorages[name](process.env['REDIS_URL'] ?? ''))
process.once('SIGTERM', () => void app.close())
console.log(`listening ${app.url}`)
