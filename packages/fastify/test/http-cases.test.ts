import { httpSuite } from '@holdfast/http-kit'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { memoryTarget, redisTarget } from './kit/targets.ts'

const runner = { describe, test, beforeAll, afterAll }
const redisUrl = process.env['REDIS_URL'] ?? ''

httpSuite(runner, 'HTTP cases: Fastify 5, memory', () => memoryTarget())
httpSuite(runner, 'HTTP cases: Fastify 5, ioredis 6', () => redisTarget('ioredis', redisUrl))
httpSuite(runner, 'HTTP cases: Fastify 5, redis 6', () => redisTarget('redis', redisUrl))
