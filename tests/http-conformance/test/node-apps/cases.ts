import { join } from 'node:path'
import { httpSuite } from '@holdfast/test-http-conformance'
import {
  type FrameworkAbilities,
  type RedisStorageName,
  memoryTarget,
  redisTarget,
} from '@holdfast/test-http-conformance/targets'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type AppName, serveOn } from './serve.ts'

const CLIENTS: readonly RedisStorageName[] = ['ioredis', 'redis']

/** The features that come with an app's parsers and compression; `node:http` has neither. */
const abilities: Readonly<Record<AppName, FrameworkAbilities>> = {
  node: { events: true },
  express4: { events: true, multipart: true, compression: true },
  express5: { events: true, multipart: true, compression: true },
}

/** The HTTP cases over memory and through one Redis client; with `HTTP_CASES=all` through every client. */
export function httpCasesOn(app: AppName, title: string, mainClient: RedisStorageName): void {
  const runner = { describe, test, concurrently: test.concurrent, beforeAll, afterAll }
  const redisUrl = process.env['REDIS_URL'] ?? ''
  const program = [join(import.meta.dirname, 'kit-process.ts'), app]
  const serve = serveOn(app)
  httpSuite(runner, `HTTP cases: ${title}, memory`, () => memoryTarget(serve, abilities[app]))
  for (const client of process.env['HTTP_CASES'] === 'all' ? CLIENTS : [mainClient]) {
    httpSuite(runner, `HTTP cases: ${title}, ${client} 6`, () =>
      redisTarget(serve, { client, redisUrl, program, abilities: abilities[app] }),
    )
  }
}
