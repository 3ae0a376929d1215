/** The kit's app in a separate process: `kit-process.ts node|express5|express4 ioredis|redis`, with `REDIS_URL`. */
import { type RedisStorageName, serveUntilTerminated } from '@holdfast/test-http-conformance/targets'
import { type AppName, serveOn } from './serve.ts'

const [app, client] = process.argv.slice(2) as [AppName, RedisStorageName]
await serveUntilTerminated(serveOn(app), client)
