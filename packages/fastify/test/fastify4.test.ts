import type { Storage } from '@holdfast/core'
import { httpSuite } from '@holdfast/test-http-conformance'
import { memoryTarget } from '@holdfast/test-http-conformance/targets'
import type { FastifyInstance } from 'fastify'
import { fastify as fastify4 } from 'fastify4'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { addKitRoutes } from './kit/kit-app.ts'
import { serve } from './kit/serve.ts'

/** The oldest Fastify that is supported. Its plugins for forms, compression and API descriptions are not of interest. */
async function kitApp4(storage: Storage, callTimeoutMs: number): Promise<FastifyInstance> {
  const app = fastify4({ bodyLimit: 16_384 }) as unknown as FastifyInstance
  await addKitRoutes(app, storage, callTimeoutMs)
  return app
}

httpSuite(
  { describe, test, concurrently: test.concurrent, beforeAll, afterAll },
  'HTTP cases: Fastify 4.29, memory',
  () =>
    memoryTarget((storage, callTimeoutMs) => serve(storage, callTimeoutMs, kitApp4), {
      events: true,
      webResponse: true,
    }),
)
