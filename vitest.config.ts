import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Packages are tested as they are written: `@holdfast/*` means src, not dist. Processes that tests fork inherit it.
const conditions = ['@holdfast/source', 'module', 'node', 'development|production']

const packages = ['packages', 'apps', 'tests']
  .flatMap((group) => readdirSync(group).map((name) => `${group}/${name}`))
  .filter((root) => existsSync(`${root}/test`))

const project = (root: string, include: string) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: root.replace(/^(packages|tests)\//, ''),
    root,
    include: [include],
    // They are there for what hangs. What merely takes long, on a machine that has much else to do, is no failure.
    testTimeout: 600_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
  },
})

export default defineConfig({
  test: {
    projects: [
      ...packages.map((root) => project(root, 'test/**/*.test.ts')),
      project('scripts', '**/*.test.ts'),
    ],
    globalSetup: ['scripts/vitest-redis.ts'],
    // More than there are processors: most tests wait, for leases to end and servers to come back.
    maxWorkers: 4,
    passWithNoTests: true,
    teardownTimeout: 120_000,
  },
})
