import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Workspace, workspacesIn } from '@holdfast/test-support/workspaces'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { useBundles } from './scripts/bundles.ts'
import { longestFileFirst } from './scripts/longest-first.ts'
import { REPORT, testReporter } from './scripts/test-report.ts'
import { WORKSPACES_AT_A_TIME, turn } from './scripts/turns.ts'

// Packages are tested as they are written: `@holdfast/*` means src, not dist. Processes that tests fork inherit it.
const conditions = ['@holdfast/source', 'module', 'node', 'development|production']

const root = import.meta.dirname
// Tests start hundreds of processes on the same sources. Each starts in a third of the time when one has compiled them.
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/compiled')
// And in less than half of that when they load bundles, which `npm test` makes.
useBundles(process.env)

const redis = join(root, 'scripts/vitest-redis.ts')
const workspaces = workspacesIn(root)
const tested = workspaces.filter(({ folder }) => existsSync(join(root, folder, 'test')))
/** What needs a program of others: it has a separate command, which starts vitest in the workspace. */
const live = workspaces.filter(({ folder }) => existsSync(join(root, folder, 'live')))

/**
 * Their tests change what a process has once: the tracer and the meter of OpenTelemetry, the environment. Elsewhere a worker
 * runs one file after the other with the modules that it has loaded: loading them takes longer than most files.
 */
const ISOLATED: readonly string[] = ['packages/telemetry', 'tests/support', 'tests/versions']

const project = ({ folder }: Workspace) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: folder.replace(/^(packages|tests)\//, ''),
    root: join(root, folder),
    include: ['test/**/*.test.ts', 'live/**/*.test.ts'],
    isolate: ISOLATED.includes(folder),
    // They are there for what hangs. What merely takes long, on a machine that has much else to do, is no failure.
    testTimeout: 600_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    // One in thousands meets in an order that its author did not think of. CI tries it again, and names it.
    retry: Number(process.env['HOLDFAST_TEST_RETRY'] ?? 0),
  },
})

/**
 * Three for each of two processors: most tests wait, for leases to end and servers to come back. With four workers the
 * processors stood still for a sixth of the time, also because a workspace whose last file runs has one worker that waits.
 */
const WORKERS = 6
/** Beside a .NET server, which needs a processor, too. */
const LIVE_WORKERS = 4

class LongestFileFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => longestFileFirst(one.moduleId, other.moduleId))
  }
}

const common = {
  passWithNoTests: true,
  teardownTimeout: 120_000,
  sequence: { sequencer: LongestFileFirst },
}

/** `npx vitest` at the root: all workspaces in one run, with one Redis. */
const everything = () => ({
  test: { ...common, projects: tested.map(project), globalSetup: [redis], maxWorkers: WORKERS },
})

/**
 * `turbo run test`: the tests of the workspace that it is started in, and a report beside them. The workspaces that run at
 * a time run no more tests together than one vitest does.
 */
const alone = (workspace: Workspace) => {
  const { test, ...settings } = project(workspace)
  return {
    ...settings,
    test: {
      ...common,
      ...test,
      globalSetup: readsRedisUrl(workspace) ? [redis] : [],
      maxWorkers: live.includes(workspace) ? LIVE_WORKERS : WORKERS / WORKSPACES_AT_A_TIME,
      reporters: ['default', testReporter(join(root, workspace.folder, REPORT))],
    },
  }
}

/** Tests that take their server from REDIS_URL need one to be there; the others start what they need. */
function readsRedisUrl({ folder }: Workspace): boolean {
  const sources = globSync('**/*.ts', {
    cwd: join(root, folder),
    exclude: (path) => /(^|\/)(node_modules|dist|\.cache)$/.test(path),
  })
  return sources.some((file) => readFileSync(join(root, folder, file), 'utf8').includes('REDIS_URL'))
}

const here = [...tested, ...live].find(({ folder }) => join(root, folder) === process.cwd())
if (here !== undefined) await turn(here.folder)
export default defineConfig(here === undefined ? everything() : alone(here))
