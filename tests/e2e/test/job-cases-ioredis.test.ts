import { afterAll, beforeAll, describe, it } from 'vitest'
import { jobCases } from '../src/job-cases/job-cases.ts'
import { redisWorld } from '../src/job-world.ts'

jobCases({ describe: describe.concurrent, it, beforeAll, afterAll }, () =>
  redisWorld('ioredis', process.env['REDIS_URL'] ?? ''),
)
