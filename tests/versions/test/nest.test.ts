import { existsSync } from 'node:fs'
import { httpSuite, startAppProcess } from '@holdfast/test-http-conformance'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { nodeVersions } from '../src/nodes.ts'
import { type NestApp, type NestLine, putNestUnder } from '../src/nest-stage.ts'
import { run } from '../src/run.ts'
import { type Stage, openStage } from '../src/stage.ts'

/**
 * What depends on the framework: keys, bodies, statuses, errors, pipes, guards, filters, streams, who hangs up, when a
 * handler is at work.
 */
const SAMPLE: ReadonlySet<string> = new Set(
  [
    1, 2, 7, 11, 12, 13, 14, 15, 17, 20, 23, 24, 27, 31, 35, 43, 44, 45, 46, 47, 57, 58, 59, 60, 61, 62, 63,
    64,
  ]
    .concat(65, 66, 68, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84)
    .map((number) => `H${number}`),
)
/** As the README of `@holdfast/nest` has it. */
const JEST_FOR_COMMONJS = {
  transform: {
    'node_modules/(.*/)?@holdfast/.+\\.js$': [
      'ts-jest',
      {
        diagnostics: false,
        tsconfig: { module: 'commonjs', target: 'es2022', allowJs: true, isolatedModules: true },
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(\\.pnpm/[^/]+/node_modules/)?@holdfast/)'],
}
const redisUrl = process.env['REDIS_URL'] ?? ''
let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})

afterAll(async () => await stage.remove())

describe.for<NestLine>(['nest10', 'nest11'])('a CommonJS app on %s', (line) => {
  let app: NestApp

  beforeAll(async () => {
    app = await putNestUnder(stage, line)
  })

  it('is compiled, uses every part, and closes', async () => {
    const { code, output } = await run(process.execPath, [app.program('main')])
    expect(output.trim()).toBe('used on Express and on Fastify')
    expect(code).toBe(0)
  })

  // Jest 30 loads ES modules from Node 24.9 on; before, its configuration has to make CommonJS of these.
  it.runIf(line === 'nest11').each([
    ['Node 24', process.execPath, ['--experimental-vm-modules', '--no-warnings'], {}],
    ['Node 20', nodeVersions[0]?.program ?? '', ['--no-warnings'], JEST_FOR_COMMONJS],
  ])('is tested with Jest on %s', async (_name, node, flags, config) => {
    // Compiling takes a quarter of a minute: only where it is asked for, `npm run jest`.
    if (node !== process.execPath && (process.env['WITH_JEST'] === undefined || !existsSync(node))) return
    const given = JSON.stringify({ rootDir: app.directory, testTimeout: 240_000, ...config })
    const { code, output } = await run(node, [...flags, app.jest, '--config', given], { cwd: app.directory })
    expect(output).toContain('Tests:       2 passed, 2 total')
    expect(code).toBe(0)
  })

  for (const platform of ['express', 'fastify']) {
    httpSuite(
      { describe, test, beforeAll, afterAll },
      `HTTP cases: ${line} on ${platform}, ioredis`,
      async () => {
        const args = [app.program('kit-main'), platform]
        const server = await startAppProcess({ args, env: { REDIS_URL: redisUrl } })
        return { url: server.url, close: () => server.close(), events: true, dialect: 'holdfast' }
      },
      ({ id }) => SAMPLE.has(id.replace(/[a-z]$/, '')),
    )
  }
})
