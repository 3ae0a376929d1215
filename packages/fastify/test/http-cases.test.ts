import { join } from 'node:path'
import { httpSuite } from '@holdfast/test-http-conformance'
import { memoryTarget, redisTarget } from '@holdfast/test-http-conformance/targets'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { serve } from './kit/serve.ts'

const runner = { describe, test, concurrently: test.concurrent, beforeAll, afterAll }
const redisUrl = process.env['REDIS_URL'] ?? ''
const program = [join(import.meta.dirname, 'kit/kit-process.ts')]

// #region suite
httpSuite(runner, 'HTTP cases: Fastify 5, memory', () => memoryTarget(serve))
// #endregion
for (const client of ['ioredis', 'redis'] as const) {
  httpSuite(runner, `HTTP cases: Fastify 5, ${client} 6`, () =>
    redisTarget(serve, { client, redisUrl, program }),
  )
}
