import { httpSuite } from '@holdfast/http-kit'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { RedisStorageName } from '../../../fastify/test/kit/storages.ts'
import type { PlatformName } from './platforms.ts'
import { memoryTarget, redisTarget } from './targets.ts'

const CLIENTS: readonly RedisStorageName[] = ['ioredis', 'redis']

/**
 * The HTTP cases on one platform, over memory and through one client of Redis; with `HTTP_CASES=all` through each of
 * them, which is what `pnpm http-cases` runs.
 */
export function httpCasesOn(platform: PlatformName, client: RedisStorageName): void {
  const runner = { describe, test, beforeAll, afterAll }
  const redisUrl = process.env['REDIS_URL'] ?? ''
  httpSuite(runner, `HTTP cases: Nest 12 on ${platform}, memory`, () => memoryTarget(platform))
  for (const name of process.env['HTTP_CASES'] === 'all' ? CLIENTS : [client]) {
    httpSuite(runner, `HTTP cases: Nest 12 on ${platform}, ${name} 6`, () =>
      redisTarget(platform, name, redisUrl),
    )
  }
}
