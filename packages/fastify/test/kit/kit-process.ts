/** The kit's app in a separate process: `kit-process.ts ioredis|redis`, with `REDIS_URL`. */
import { type RedisStorageName, serveUntilTerminated } from '@holdfast/test-http-conformance/targets'
import { serve } from './serve.ts'

await serveUntilTerminated(serve, process.argv[2] as RedisStorageName)
