/** The kit's app in a process of its own: `kit-process.ts ioredis|redis`, with `REDIS_URL`. */
import { type RedisStorageName, redisStorages } from './storages.ts'
import { serve } from './targets.ts'

const name = process.argv[2] as RedisStorageName
const app = await serve(await redisStorages[name](process.env['REDIS_URL'] ?? ''))
process.once('SIGTERM', () => void app.close())
console.log(`listening ${app.url}`)
