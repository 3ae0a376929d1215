import { httpSuite } from '@holdfast/http-kit'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { PlatformName } from './platforms.ts'
import { memoryTarget, redisTarget } from './targets.ts'

/** The HTTP cases on one platform, over every storage. */
export function httpCasesOn(platform: PlatformName): void {
  const runner = { describe, test, beforeAll, afterAll }
  const name = `HTTP cases: Nest 12 on ${platform}`
  const redisUrl = process.env['REDIS_URL'] ?? ''
  httpSuite(runner, `${name}, memory`, () => memoryTarget(platform))
  httpSuite(runner, `${name}, ioredis 6`, () => redisTarget(platform, 'ioredis', redisUrl))
  httpSuite(runner, `${name}, redis 6`, () => redisTarget(platform, 'redis', redisUrl))
}
