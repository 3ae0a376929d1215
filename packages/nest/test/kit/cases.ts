import { join } from 'node:path'
import { httpSuite } from '@holdfast/test-http-conformance'
import { type RedisStorageName, memoryTarget, redisTarget } from '@holdfast/test-http-conformance/targets'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { PlatformName } from './platforms.ts'
import { serveOn } from './serve.ts'

const CLIENTS: readonly RedisStorageName[] = ['ioredis', 'redis']

/**
 * The HTTP cases on one platform, over memory and through one client of Redis; with `HTTP_CASES=all` through each of
 * them, which is what `npm run http-cases` does.
 */
export function httpCasesOn(platform: PlatformName, mainClient: RedisStorageName): void {
  const runner = { describe, test, concurrently: test.concurrent, beforeAll, afterAll }
  const redisUrl = process.env['REDIS_URL'] ?? ''
  const program = [join(import.meta.dirname, 'kit-process.ts'), platform]
  const serve = serveOn(platform)
  httpSuite(runner, `HTTP cases: Nest 12 on ${platform}, memory`, () => memoryTarget(serve))
  for (const client of process.env['HTTP_CASES'] === 'all' ? CLIENTS : [mainClient]) {
    httpSuite(runner, `HTTP cases: Nest 12 on ${platform}, ${client} 6`, () =>
      redisTarget(serve, { client, redisUrl, program }),
    )
  }
}
